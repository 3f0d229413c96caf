//! The tests of the pages, and what they share.

pub mod benchmarks_page;
pub mod code_page;
pub mod docs_page;
pub mod every_page;
pub mod results;
pub mod strange;
pub mod tester_page;
pub mod variants_page;

use crate::browser::{Browser, ChromeDriver};
use crate::support::{Lab, command, folder};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub const FRAMEWORKS: [&str; 3] = ["axum", "actix", "rocket"];

/// The widths in CSS pixels at which pages are looked at.
pub const WIDE: u32 = 1280;
pub const PHONE: u32 = 390;

/// Every view of the lab, as it opens.
const VIEWS: [(&str, &str); 13] = [
    ("variants", "/"),
    ("log", "/variants/axum-diesel-sqlite/log"),
    ("tester", "/try?operation=users.create"),
    ("mistake", "/try?operation=users.create&mistake=broken-json"),
    ("order", "/try?operation=orders.create"),
    ("place", "/code"),
    ("code", "/code/operations"),
    ("compare", "/code/users.create"),
    ("layers", "/code/users.update?columns=axum,shared,diesel-sqlite"),
    ("stores", "/code/users.update?columns=diesel-postgres,mongodb,redis"),
    ("request", "/request?variant=rocket-sea-orm-sqlite&operation=users.update"),
    ("benchmarks", "/benchmarks"),
    ("comparison", "/benchmarks?before=4f1d0c2b-small-2.json&after=a732714c-small-2.json"),
];

/// What the tests share: a test that kills something starts a lab of its own.
pub struct Stage {
    pub lab: Lab,
    pub chromedriver: ChromeDriver,
    pub runtime: Runtime,
    _folder: TempDir,
}

impl Stage {
    pub fn start() -> Self {
        let folder = folder();
        let results = folder.path().join("results");
        results::write_some(&results);
        let lab = Lab::run(command(folder.path()).arg("--bench-results").arg(results));
        Self { lab, chromedriver: ChromeDriver::start(), runtime: Runtime::new().unwrap(), _folder: folder }
    }

    /// The views of the lab, each with a short name.
    pub fn views(&self) -> Vec<(&'static str, String)> {
        VIEWS.map(|(name, path)| (name, format!("{}{path}", self.lab.page))).to_vec()
    }

    /// Every kind of page with a short name.
    pub fn pages(&self) -> Vec<(&'static str, String)> {
        let mut pages = self.views();
        pages.extend(FRAMEWORKS.map(|framework| (framework, format!("{}/docs", self.lab.url(framework)))));
        pages.push(("problem", format!("{}/problems/validation", self.lab.url("axum"))));
        pages
    }

    /// Opens a page and waits until it is complete.
    pub async fn open(&self, browser: &Browser, url: &str) {
        browser.goto(url).await;
        browser.element(if url.ends_with("/docs") { ".opblock" } else { "h1" }).await;
    }
}

/// Requests that leave the server of `url`. Pictures within the style sheet are no requests.
pub fn elsewhere<'a>(requests: &'a [String], url: &str) -> Vec<&'a str> {
    let is_elsewhere = |request: &&str| !request.starts_with(&format!("{url}/")) && !request.starts_with("data:");
    requests.iter().map(String::as_str).filter(is_elsewhere).collect()
}
