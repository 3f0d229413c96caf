//! The comparison as HTML.

use super::{Comparison, Verdict};
use crate::report::{Page, ReportError};
use askama::Template;

#[derive(Template)]
#[template(path = "compare.html")]
struct Fragment<'a> {
    comparison: &'a Comparison,
}

/// The whole page, to be kept as a file.
///
/// # Errors
///
/// [`ReportError::Page`].
pub fn html(comparison: &Comparison) -> Result<String, ReportError> {
    let title = format!("{} and {}", comparison.before, comparison.after);
    Ok(Page { title: &title, main: &fragment(comparison)? }.render()?)
}

/// What is inside the page's `<main>`, for a page that has a layout of its own and loads [`crate::report::STYLE`].
///
/// # Errors
///
/// [`ReportError::Page`].
pub fn fragment(comparison: &Comparison) -> Result<String, ReportError> {
    Ok(Fragment { comparison }.render()?)
}
