//! The HTML page.

use crate::fixtures::results;
use bench::report;
use std::path::Path;

/// Beside the other things that were built, for looking at.
#[test]
fn the_page_can_be_looked_at() {
    let page = report::html(&results()).unwrap();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-report-sample.html");
    std::fs::write(&target, &page).unwrap();
    assert!(page.starts_with("<!doctype html>"));
}
