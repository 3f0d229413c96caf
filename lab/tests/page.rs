//! The lab page and the docs pages of its variants, in a real browser. Pictures of them go to `target/screenshots`.
//!
//! `cargo test -p lab --test page` needs Chromium and ChromeDriver (on Debian `apt-get install -y chromium
//! chromium-driver`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod browser;
mod support;

use browser::docs::Docs;
use browser::{Browser, ChromeDriver};
use libtest_mimic::{Arguments, Trial};
use serde_json::json;
use std::sync::Arc;
use support::{Lab, folder};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const FRAMEWORKS: [&str; 3] = ["axum", "actix", "rocket"];
const WIDE: u32 = 1280;
const PHONE: u32 = 390;

/// What the tests share: a test that kills something starts a lab of its own.
struct Stage {
    lab: Lab,
    chromedriver: ChromeDriver,
    runtime: Runtime,
    _folder: TempDir,
}

impl Stage {
    /// Every kind of page with a short name.
    fn pages(&self) -> Vec<(&'static str, String)> {
        let mut pages = vec![("lab", self.lab.page.clone())];
        pages.extend(FRAMEWORKS.map(|framework| (framework, format!("{}/docs", self.lab.url(framework)))));
        pages.push(("problem", format!("{}/problems/validation", self.lab.url("axum"))));
        pages
    }

    /// Opens a page and waits until it is complete.
    async fn open(&self, browser: &Browser, url: &str) {
        browser.goto(url).await;
        browser.element(if url.ends_with("/docs") { ".opblock" } else { "h1" }).await;
    }
}

fn main() {
    let arguments = Arguments::from_args();
    if arguments.list {
        libtest_mimic::run(&arguments, trials(None)).exit();
    }
    let folder = folder();
    let stage = Arc::new(Stage {
        lab: Lab::start(folder.path()),
        chromedriver: ChromeDriver::start(),
        runtime: Runtime::new().unwrap(),
        _folder: folder,
    });
    let conclusion = libtest_mimic::run(&arguments, trials(Some(&stage)));
    // The lab, ChromeDriver and its browsers end before the process does, also after a failure.
    drop(stage);
    conclusion.exit();
}

macro_rules! trials {
    ($stage:expr, $($name:ident),+ $(,)?) => {
        vec![$(trial(stringify!($name), $stage, $name)),+]
    };
}

fn trials(stage: Option<&Arc<Stage>>) -> Vec<Trial> {
    trials![
        stage,
        the_lab_page_shows_three_ready_variants_and_how_to_run_the_others,
        docs_show_every_operation_and_ask_nobody_else,
        trying_hello_in_the_docs_of_each_variant_answers_200_and_hello,
        a_token_from_one_docs_page_is_good_on_another,
        a_variant_that_was_killed_is_shown_as_ended_without_a_reload,
        the_page_says_that_the_lab_has_stopped,
        a_problem_page_can_be_read,
        no_page_writes_to_the_console_or_asks_another_host,
        the_keyboard_focus_can_be_seen_on_every_page,
        no_page_is_wider_than_a_phone,
        every_page_is_light_or_dark_as_the_reader_prefers_with_good_contrast,
        every_page_has_its_pictures,
    ]
}

/// One test with a browser of its own, which is closed after it.
fn trial(name: &str, stage: Option<&Arc<Stage>>, test: impl AsyncFn(&Stage, &Browser) + Send + 'static) -> Trial {
    let stage = stage.cloned();
    Trial::test(name, move || {
        let stage = stage.ok_or("nothing was started, since the tests were only to be listed")?;
        stage.runtime.block_on(async {
            let browser = Browser::open(&stage.chromedriver).await;
            test(&stage, &browser).await;
            browser.close().await;
        });
        Ok(())
    })
}

async fn the_lab_page_shows_three_ready_variants_and_how_to_run_the_others(stage: &Stage, browser: &Browser) {
    stage.open(browser, &stage.lab.page).await;
    let script = "return [...document.querySelectorAll('[data-variant]')].map(cell =>
        [cell.dataset.variant, cell.querySelector('[data-status]').textContent, [...cell.querySelectorAll('a')].map(a => a.href)])";
    let expected = FRAMEWORKS.map(|framework| {
        let url = stage.lab.url(framework);
        let links = ["docs", "api/hello", "metrics"].map(|path| format!("{url}/{path}"));
        json!([format!("{framework}-diesel-sqlite"), "ready", links])
    });
    assert_eq!(browser.ask(script).await, json!(expected));

    let summaries = browser.driver.find_all(thirtyfour::By::Tag("summary")).await.unwrap();
    assert_eq!(summaries.len(), 6, "nine variants, three of them running");
    for summary in summaries {
        summary.click().await.unwrap();
    }
    let text = browser.text().await;
    for framework in FRAMEWORKS {
        for store in ["memory", "sea-orm-sqlite"] {
            let command = format!("cargo run -p server -- --framework {framework} --store {store}");
            assert!(text.contains(&command), "{command} in:\n{text}");
        }
    }
}

async fn docs_show_every_operation_and_ask_nobody_else(stage: &Stage, browser: &Browser) {
    let mut shown = Vec::new();
    for framework in FRAMEWORKS {
        let url = stage.lab.url(framework);
        browser.requests().await;
        let operations = Docs::open(browser, url).await.operations().await;
        for operation in ["GET /api/hello", "POST /api/auth/login", "GET /api/users", "PATCH /api/users/{id}"] {
            assert!(operations.iter().any(|shown| shown == operation), "{operation} in {operations:?}");
        }
        let requests = browser.requests().await;
        for asset in ["docs", "docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "openapi.json"] {
            assert!(requests.contains(&format!("{url}/{asset}")), "{asset} in {requests:?}");
        }
        assert_eq!(elsewhere(&requests, url), [""; 0]);
        browser.click(".skip").await;
        browser.until("document.querySelector('#operations-tag-hello').getBoundingClientRect().top < 100").await;
        assert_eq!(browser.console().await, [""; 0]);
        shown.push(operations);
    }
    assert!(shown[0].len() >= 16 && shown.iter().all(|operations| *operations == shown[0]), "{shown:?}");
}

/// Requests that leave the server of `url`. Pictures within the style sheet are no requests.
fn elsewhere<'a>(requests: &'a [String], url: &str) -> Vec<&'a str> {
    let is_elsewhere = |request: &&str| !request.starts_with(&format!("{url}/")) && !request.starts_with("data:");
    requests.iter().map(String::as_str).filter(is_elsewhere).collect()
}

async fn trying_hello_in_the_docs_of_each_variant_answers_200_and_hello(stage: &Stage, browser: &Browser) {
    for framework in FRAMEWORKS {
        let docs = Docs::open(browser, stage.lab.url(framework)).await;
        let shown = docs.execute("GET /api/hello", None).await;
        assert_eq!((shown.status.as_str(), &shown.body), ("200", &json!({ "message": "Hello!" })), "{framework}");
        assert_eq!(browser.console().await, [""; 0]);
    }
    for scheme in ["light", "dark"] {
        browser.show_as(WIDE, 900, scheme).await;
        browser.settled().await;
        assert_eq!(browser.low_contrast().await, [""; 0], "{scheme}");
    }
    browser.screenshot("docs-hello", WIDE, "light").await;
    browser.screenshot("docs-hello", WIDE, "dark").await;
    browser.screenshot("docs-hello", PHONE, "light").await;
}

async fn a_token_from_one_docs_page_is_good_on_another(stage: &Stage, browser: &Browser) {
    let password = stage.lab.password.as_ref().expect("the first start prints the password");
    let docs = Docs::open(browser, stage.lab.url("axum")).await;
    let shown = docs
        .execute("POST /api/auth/login", Some(&json!({ "email": "admin@example.com", "password": password })))
        .await;
    assert_eq!(shown.status, "200", "{}", shown.body);
    let token = shown.body["access_token"].as_str().unwrap();
    let without = docs.execute("GET /api/auth/me", None).await;
    assert_eq!(without.status, "401", "{}", without.body);
    browser.console().await;

    for framework in FRAMEWORKS {
        let docs = Docs::open(browser, stage.lab.url(framework)).await;
        docs.authorize(token).await;
        let shown = docs.execute("GET /api/auth/me", None).await;
        assert_eq!(shown.status, "200", "{framework}: {}", shown.body);
        assert_eq!(shown.body["email"], "admin@example.com");
        assert_eq!(browser.console().await, [""; 0]);
    }
}

async fn a_variant_that_was_killed_is_shown_as_ended_without_a_reload(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    stage.open(browser, &lab.page).await;
    browser.ask("window.loaded = 'once'").await;
    let process_id = lab.process_ids().await[1];
    support::signal("KILL", &process_id.to_string());
    let status = |name: &str| format!("document.querySelector('[data-variant={name}-diesel-sqlite] [data-status]')");
    browser.until(&format!("{}.textContent.startsWith('ended')", status("actix"))).await;
    browser.until(&format!("{}.dataset.status === 'bad'", status("actix"))).await;
    browser.until(&format!("{}.textContent === 'ready'", status("axum"))).await;
    browser.until(&format!("{}.textContent === 'ready'", status("rocket"))).await;
    assert_eq!(browser.ask("return window.loaded").await, "once");
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("lab-ended", WIDE, "light").await;
    browser.screenshot("lab-ended", PHONE, "dark").await;
}

async fn the_page_says_that_the_lab_has_stopped(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let mut lab = Lab::start(folder.path());
    stage.open(browser, &lab.page).await;
    browser.until("document.querySelector('#note').hidden").await;
    let known = "[...document.querySelectorAll('[data-status]')].every(shown => shown.textContent === 'ready')";
    browser.until(known).await;
    support::signal("TERM", &lab.id().to_string());
    lab.wait();
    browser.until("document.querySelector('#note').checkVisibility()").await;
    let text = browser.text().await;
    assert!(text.contains("The lab does not answer") && !text.contains("ready"), "{text}");
    browser.screenshot("lab-stopped", WIDE, "dark").await;
    browser.screenshot("lab-stopped", PHONE, "light").await;
}

async fn a_problem_page_can_be_read(stage: &Stage, browser: &Browser) {
    for framework in FRAMEWORKS {
        stage.open(browser, &format!("{}/problems/validation", stage.lab.url(framework))).await;
        let text = browser.text().await;
        assert!(text.contains("/problems/validation") && text.contains("422"), "{text}");
        browser.click("a[href='/docs']").await;
        browser.element(".opblock").await;
        assert_eq!(browser.console().await, [""; 0]);
    }
}

async fn no_page_writes_to_the_console_or_asks_another_host(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        browser.requests().await;
        browser.goto(&url).await;
        // Time for what a page does by itself later: the lab page has asked for the statuses once.
        tokio::time::sleep(std::time::Duration::from_secs(if name == "lab" { 4 } else { 1 })).await;
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let requests = browser.requests().await;
        assert!(!requests.is_empty(), "{url} was asked for");
        assert_eq!(elsewhere(&requests, &origin), [""; 0], "{url}");
        assert_eq!(browser.console().await, [""; 0], "{url}");
    }
}

async fn the_keyboard_focus_can_be_seen_on_every_page(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        stage.open(browser, &url).await;
        let stops = browser.focus_stops(40).await;
        let at_least = if name == "problem" { 1 } else { 15 };
        assert!(stops.len() >= at_least, "{name}: {} stops", stops.len());
        let unseen: Vec<_> = stops.iter().filter(|stop| !stop.is_visible).map(|stop| &stop.name).collect();
        assert!(unseen.is_empty(), "{name}: {unseen:?}");
    }
}

async fn no_page_is_wider_than_a_phone(stage: &Stage, browser: &Browser) {
    browser.show_as(PHONE, 844, "light").await;
    for (name, url) in stage.pages() {
        stage.open(browser, &url).await;
        assert_eq!(browser.sideways().await, [""; 0], "{name}");
    }
    Docs::open(browser, stage.lab.url("axum")).await.execute("GET /api/hello", None).await;
    assert_eq!(browser.sideways().await, [""; 0], "docs with an answer");
}

async fn every_page_is_light_or_dark_as_the_reader_prefers_with_good_contrast(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        for scheme in ["light", "dark"] {
            browser.show_as(WIDE, 900, scheme).await;
            stage.open(browser, &url).await;
            assert_eq!(browser.scheme().await, scheme, "{name}");
            assert_eq!(browser.low_contrast().await, [""; 0], "{name}, {scheme}");
        }
        // Readers who change their mind need not load the page again.
        browser.show_as(WIDE, 900, "light").await;
        browser.until("!document.documentElement.classList.contains('dark-mode')").await;
        assert_eq!(browser.scheme().await, "light", "{name}");
    }
}

async fn every_page_has_its_pictures(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        let name = if name == "lab" || name == "problem" { name.to_owned() } else { format!("docs-{name}") };
        for width in [WIDE, PHONE] {
            for scheme in ["light", "dark"] {
                browser.show_as(width, 900, scheme).await;
                stage.open(browser, &url).await;
                browser.screenshot(&name, width, scheme).await;
            }
        }
    }
}
