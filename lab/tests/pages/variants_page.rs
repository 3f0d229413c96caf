//! The view of what runs where, and the logs.

use super::{FRAMEWORKS, PHONE, Stage, WIDE};
use crate::browser::Browser;
use crate::support::{self, Lab, client, folder};
use serde_json::json;

/// An expression for the cell of a variant.
fn cell(name: &str) -> String {
    format!("document.querySelector('[data-variant={name}]')")
}

/// Waits until the page says this of a variant.
async fn says(browser: &Browser, name: &str, status: &str) {
    browser.until(&format!("{}?.querySelector('.status').textContent === '{status}'", cell(name))).await;
}

pub async fn three_variants_run_and_the_others_say_how_they_are_run(stage: &Stage, browser: &Browser) {
    stage.open(browser, &stage.lab.page).await;
    let script = "return [...document.querySelectorAll('[data-variant]')]
        .filter((cell) => cell.querySelector('.status').textContent === 'ready')
        .map((cell) => [cell.dataset.variant, [...cell.querySelectorAll('a')].filter((a) => a.checkVisibility()).map((a) => a.href)])";
    let page = &stage.lab.page;
    let expected = FRAMEWORKS.map(|framework| {
        let (url, name) = (stage.lab.url(framework), format!("{framework}-diesel-sqlite"));
        let links = [format!("{url}/docs"), format!("{url}/metrics"), format!("{page}/variants/{name}/log")];
        json!([name, links])
    });
    assert_eq!(browser.ask(script).await, json!(expected));

    let summaries = browser.driver.find_all(thirtyfour::By::Css("[data-variant] summary")).await.unwrap();
    assert_eq!(summaries.len(), support::VARIANTS);
    browser.ask("for (const more of document.querySelectorAll('.matrix details')) more.open = true").await;
    let text = browser.text().await;
    for framework in FRAMEWORKS {
        for store in ["memory", "diesel-sqlite", "sea-orm-sqlite"] {
            let command = format!("cargo run -p server --features {store} -- --framework {framework} --store {store}");
            assert!(text.contains(&command), "{command} in:\n{text}");
        }
    }
    let facts =
        browser.ask(&format!("return {}.querySelector('.facts').textContent", cell("axum-diesel-sqlite"))).await;
    let facts = facts.as_str().unwrap();
    assert!(facts.contains(" MB · ") && facts.contains(" request"), "{facts}");
    let process_id = stage.lab.status("axum-diesel-sqlite").await["process_id"].to_string();
    assert!(text.contains(&format!("Process {process_id} at 127.0.0.1:")), "{text}");
}

pub async fn a_variant_is_started_stopped_and_started_afresh_by_its_buttons(stage: &Stage, browser: &Browser) {
    let name = "axum-memory";
    let button = |label: &str| format!("[data-variant={name}] button[aria-label='{label}']");
    stage.open(browser, &stage.lab.page).await;
    browser.ask("window.loaded = 'once'").await;
    browser.click(&button("Start axum-memory")).await;
    says(browser, name, "ready").await;
    // The keyboard goes on where the button was.
    browser.until("document.activeElement.getAttribute('aria-label') === 'Stop axum-memory'").await;
    let address = browser.ask(&format!("return {}.querySelector('.address').textContent", cell(name))).await;
    let url = format!("http://{}/api/hello", address.as_str().unwrap());
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    browser.until(&format!("{}?.querySelector('.facts').textContent.endsWith('1 request')", cell(name))).await;
    assert_eq!(browser.layout_shifts().await, [""; 0]);

    browser.click(&format!("[data-variant={name}] summary")).await;
    browser.click(&button("Start axum-memory afresh")).await;
    browser.until(&format!("{}?.querySelector('.facts').textContent.endsWith('0 requests')", cell(name))).await;
    browser.click(&button("Stop axum-memory")).await;
    says(browser, name, "stopped").await;
    assert!(client().get(&url).send().await.is_err());
    assert_eq!(browser.ask("return window.loaded").await, "once");
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn a_variant_is_started_by_its_button_without_scripts(stage: &Stage, browser: &Browser) {
    browser.allow_scripts(false).await;
    stage.open(browser, &stage.lab.page).await;
    for (label, status) in [("Start actix-memory", "ready"), ("Stop actix-memory", "stopped")] {
        browser.click(&format!("button[aria-label='{label}']")).await;
        says(browser, "actix-memory", status).await;
    }
    browser.allow_scripts(true).await;
}

pub async fn a_variant_that_was_killed_is_shown_as_ended_without_a_reload(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    stage.open(browser, &lab.page).await;
    browser.ask("window.loaded = 'once'").await;
    let process_id = lab.status("actix-diesel-sqlite").await["process_id"].as_u64().unwrap();
    support::signal("KILL", &process_id.to_string());
    says(browser, "actix-diesel-sqlite", "ended").await;
    browser
        .until(&format!("{}?.querySelector('.detail').textContent.includes('9')", cell("actix-diesel-sqlite")))
        .await;
    says(browser, "axum-diesel-sqlite", "ready").await;
    says(browser, "rocket-diesel-sqlite", "ready").await;
    assert_eq!(browser.ask("return window.loaded").await, "once");
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("variants-ended", WIDE, "light").await;
    browser.screenshot("variants-ended", PHONE, "dark").await;
}

pub async fn a_variant_that_cannot_start_says_why(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    std::fs::write(folder.path().join("rocket-sea-orm-sqlite.db"), "this is no database, whoever looks").unwrap();
    stage.open(browser, &lab.page).await;
    browser.click("button[aria-label='Start rocket-sea-orm-sqlite']").await;
    says(browser, "rocket-sea-orm-sqlite", "did not start").await;
    browser.until("document.querySelector('#outcome').textContent.includes('cannot open')").await;
    assert_eq!(browser.violations().await, [""; 0]);
}

pub async fn a_variant_without_its_database_cannot_be_started(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let redis = format!("redis://{}/0?prefix={{database}}", listener.local_addr().unwrap());
    let lab = Lab::run(support::command(folder.path()).args(["--redis-url", &redis]));
    stage.open(browser, &lab.page).await;
    let text = browser.text().await;
    if !cfg!(feature = "all-stores") {
        assert!(text.contains("More databases") && text.contains("--features all-stores"), "{text}");
        return;
    }
    let is_shown = "document.querySelector(`button[aria-label='Start axum-redis']`).checkVisibility()";
    assert_eq!(browser.ask(&format!("return {is_shown}")).await, true);
    // It goes away, and the page says so by itself.
    drop(listener);
    says(browser, "axum-redis", "no database").await;
    browser.until(&format!("!{is_shown}")).await;
    let text = browser.text().await;
    assert!(text.contains("infra/services up redis") && !text.contains("infra/services up mongodb"), "{text}");
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.low_contrast().await, [""; 0]);
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("variants-away", WIDE, "light").await;
    browser.screenshot("variants-away", PHONE, "dark").await;
}

pub async fn the_page_says_that_the_lab_has_stopped(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let mut lab = Lab::start(folder.path());
    stage.open(browser, &lab.page).await;
    browser.until("document.querySelector('#note').hidden").await;
    says(browser, "axum-diesel-sqlite", "ready").await;
    support::signal("TERM", &lab.id().to_string());
    lab.wait();
    browser.until("document.querySelector('#note').checkVisibility()").await;
    let text = browser.text().await;
    assert!(text.contains("The lab does not answer") && !text.contains("ready"), "{text}");
    browser.screenshot("variants-lab-stopped", WIDE, "dark").await;
    browser.screenshot("variants-lab-stopped", PHONE, "light").await;
}

pub async fn new_lines_of_a_log_appear_by_themselves(stage: &Stage, browser: &Browser) {
    stage.open(browser, &format!("{}/variants/rocket-diesel-sqlite/log", stage.lab.page)).await;
    browser.until("document.querySelector('#live').textContent.startsWith('New lines')").await;
    let path = format!("{}/api/a-path-that-nobody-asked-for", stage.lab.url("rocket"));
    let answer = client().get(path).header("X-Request-Id", "look-for-me").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    browser.until("document.querySelector('#lines').textContent.includes('look-for-me')").await;
    assert_eq!(browser.console().await, [""; 0]);
}
