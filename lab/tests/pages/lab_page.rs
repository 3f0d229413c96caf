//! The page that shows what runs where.

use super::{FRAMEWORKS, PHONE, Stage, WIDE};
use crate::browser::Browser;
use crate::support::{self, Lab, folder};
use serde_json::json;

pub async fn the_lab_page_shows_three_ready_variants_and_how_to_run_the_others(stage: &Stage, browser: &Browser) {
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

pub async fn a_variant_that_was_killed_is_shown_as_ended_without_a_reload(stage: &Stage, browser: &Browser) {
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

pub async fn the_page_says_that_the_lab_has_stopped(stage: &Stage, browser: &Browser) {
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
