//! The view of the benchmarks. What is run here is a stand-in: nothing is timed.

use super::results::GO;
use super::{PHONE, Stage, WIDE};
use crate::browser::Browser;
use crate::support::{self, Lab, client, folder};
use std::path::Path;
use tempfile::TempDir;

/// A lab whose benchmark is the stand-in, with the folder of its results, which is not there yet.
fn lab_with_stand_in() -> (Lab, TempDir) {
    lab_that_runs(&std::env::current_exe().unwrap())
}

fn lab_that_runs(program: &Path) -> (Lab, TempDir) {
    let folder = folder();
    let results = folder.path().join("results");
    let mut command = support::command(folder.path());
    command.arg("--bench-program").arg(program).arg("--bench-results").arg(&results);
    (Lab::run(command.env("LOG", "warn")), folder)
}

fn go(folder: &TempDir) {
    std::fs::create_dir_all(folder.path().join("results")).unwrap();
    std::fs::write(folder.path().join("results").join(GO), "").unwrap();
}

fn view(lab: &Lab) -> String {
    format!("{}/benchmarks", lab.page)
}

/// Waits until half of it was timed.
async fn half(browser: &Browser) {
    browser.until("document.querySelectorAll('#figures tr').length === 42").await;
}

const RUN: &str = "form[action='/benchmarks/run'] button";
const STOP: &str = "form[action='/benchmarks/stop'] button";

pub async fn results_are_listed_newest_first_and_one_is_shown(stage: &Stage, browser: &Browser) {
    stage.open(browser, &view(&stage.lab)).await;
    let rows = "return [...document.querySelectorAll('.listing tbody tr')].map((row) => row.innerText.split('\\t'))";
    let expected = serde_json::json!([
        ["2026-11-22 17:40", "a732714c", "small-2", "quick", "yes"],
        ["2026-11-20 08:15", "4f1d0c2b with changes", "small-2", "quick", "no, stopped early"],
    ]);
    assert_eq!(browser.ask(rows).await, expected);
    let text = browser.text().await;
    assert!(text.contains("later.json is not shown: it has format 99"), "{text}");
    assert!(text.contains("broken.json is not shown: it holds no result"), "{text}");
    let heading = "document.querySelector('#result').textContent";
    assert_eq!(browser.ask(&format!("return {heading}")).await, "a732714c-small-2");
    browser.click(".listing tbody tr:nth-child(2) a").await;
    browser.until(&format!("{heading} === '4f1d0c2b-small-2'")).await;
    browser.until("document.querySelector('.listing [aria-current]').textContent === '2026-11-20 08:15'").await;
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn two_results_are_compared(stage: &Stage, browser: &Browser) {
    stage.open(browser, &view(&stage.lab)).await;
    let chosen = "return [...document.querySelectorAll('.choice select')].map((select) => select.value)";
    let expected = serde_json::json!(["4f1d0c2b-small-2.json", "a732714c-small-2.json"]);
    assert_eq!(browser.ask(chosen).await, expected, "the newest with the one before it");
    browser.click(".choice button").await;
    browser.until("document.querySelector('#result').textContent === 'Two results compared'").await;
    assert_eq!(browser.ask(chosen).await, expected);
    assert_eq!(browser.console().await, [""; 0]);
    browser.choose("#after", "4f1d0c2b-small-2.json").await;
    browser.click(".choice button").await;
    browser.until("document.querySelector('.missing')?.textContent.startsWith('These are one result')").await;
}

pub async fn a_result_that_is_not_listed_is_not_found(stage: &Stage, browser: &Browser) {
    for name in ["nothing.json", "..%2Fdemo-password.hash", "%2Fetc%2Fpasswd", "later.json"] {
        let answer = client().get(format!("{}?file={name}", view(&stage.lab))).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{name}");
        assert!(answer.text().await.unwrap().contains("choose one from the list"), "{name}");
    }
    stage.open(browser, &format!("{}?file=%3Cb%3E.json", view(&stage.lab))).await;
    let text = browser.text().await;
    assert!(text.contains("There is no result <b>.json here"), "{text}");
}

pub async fn a_lab_without_optimisation_says_how_it_is_measured(stage: &Stage, browser: &Browser) {
    stage.open(browser, &view(&stage.lab)).await;
    let text = browser.text().await;
    let has_button = browser.ask(&format!("return document.querySelector(\"{RUN}\") !== null")).await;
    if cfg!(debug_assertions) {
        assert!(text.contains("cargo run --release -p lab -- bench --quick"), "{text}");
        assert_eq!(has_button, false);
        let answer = client().post(format!("{}/run", view(&stage.lab))).send().await.unwrap();
        assert_eq!(answer.status(), 409);
        assert!(answer.text().await.unwrap().contains("built without optimisation"));
    } else {
        assert_eq!(has_button, true);
    }
}

pub async fn a_run_is_followed_from_its_plan_to_its_result(stage: &Stage, browser: &Browser) {
    let (lab, folder) = lab_with_stand_in();
    stage.open(browser, &view(&lab)).await;
    let text = browser.text().await;
    assert!(text.contains("There is no folder ") && text.contains("3 variants of this lab run, too"), "{text}");
    browser.screenshot("benchmarks-none", WIDE, "light").await;
    browser.click("form[action='/benchmarks/quiet'] button").await;
    browser.until("!document.querySelector(\"form[action='/benchmarks/quiet']\")").await;
    assert_eq!(lab.process_ids().await, [0; 0]);

    browser.click(RUN).await;
    half(browser).await;
    browser.until("document.querySelector('#follows').textContent.startsWith('What it measures')").await;
    let text = browser.text().await;
    for part in [
        "running",
        "41 of 84 steps, about 1 min",
        "axum-diesel-sqlite passed all 214 cases",
        "hyper answers what it should",
        "A hypervisor is below",
        "10,000 users, 4,000 a second sent, round 1",
    ] {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    assert!(!text.contains("LOG is"), "{text}");
    assert_eq!(browser.violations().await, [""; 0]);
    for (width, scheme) in [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")] {
        browser.show_as(width, 900, scheme).await;
        assert_eq!(browser.low_contrast().await, [""; 0], "{width} {scheme}");
        assert_eq!(browser.sideways().await, [""; 0], "{width} {scheme}");
        browser.screenshot("benchmarks-running", width, scheme).await;
    }

    browser.ask("window.loaded = 'once'").await;
    go(&folder);
    browser.until("document.querySelector('#result')?.textContent === '0badcafe-small-2'").await;
    browser.until("document.querySelector('#follows').textContent === 'The run is over.'").await;
    assert_eq!(browser.ask("return window.loaded").await, "once");
    let text = browser.text().await;
    assert!(text.contains("complete") && text.contains("0badcafe-small-2 is the result."), "{text}");
    browser.click(".said summary").await;
    assert_eq!(browser.ask("return document.querySelectorAll('#figures tr').length").await, 84);
    assert_eq!(browser.console().await, [""; 0]);
    assert_eq!(browser.violations().await, [""; 0]);
    browser.screenshot("benchmarks-over", WIDE, "light").await;
    browser.screenshot("benchmarks-over", PHONE, "dark").await;
}

pub async fn there_is_one_run_and_stopping_it_keeps_what_was_measured(stage: &Stage, browser: &Browser) {
    let (lab, folder) = lab_with_stand_in();
    stage.open(browser, &view(&lab)).await;
    browser.click(RUN).await;
    half(browser).await;
    let answer = client().post(format!("{}/run", view(&lab))).send().await.unwrap();
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("A run goes on already"));
    // Another page that is opened now sees what there is so far.
    stage.open(browser, &view(&lab)).await;
    half(browser).await;
    browser.click(STOP).await;
    browser.until("document.querySelector('#result')?.textContent === '0badcafe-small-2'").await;
    let text = browser.text().await;
    assert!(text.contains("stopped early") && text.contains("no, stopped early"), "{text}");
    assert!(folder.path().join("results/0badcafe-small-2.json").exists());
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn a_run_is_started_seen_and_stopped_without_scripts(stage: &Stage, browser: &Browser) {
    let (lab, folder) = lab_with_stand_in();
    browser.allow_scripts(false).await;
    stage.open(browser, &view(&lab)).await;
    browser.click(RUN).await;
    // A page that is loaded again before that is answered takes back what was sent.
    browser.until("document.querySelector('#follows')?.textContent.startsWith('Load the page again')").await;
    let reload = "[...document.querySelectorAll('#figures tr')].length === 42 || location.reload()";
    browser.until(reload).await;
    let text = browser.text().await;
    assert!(text.contains("Load the page again") && text.contains("of 84 steps"), "{text}");
    go(&folder);
    // The result is there a little before the process is gone.
    browser.until("document.querySelector('.status')?.textContent === 'complete' || location.reload()").await;
    browser.until("document.querySelector('#result')?.textContent === '0badcafe-small-2'").await;
    let text = browser.text().await;
    assert!(text.contains("is the result.") && text.contains("Run the quick profile"), "{text}");
    browser.allow_scripts(true).await;
}

pub async fn a_run_that_fails_says_why(stage: &Stage, browser: &Browser) {
    let fails = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/programs/fails");
    let (lab, _folder) = lab_that_runs(&fails);
    stage.open(browser, &view(&lab)).await;
    browser.click(RUN).await;
    browser
        .until("document.querySelector('.words')?.textContent.startsWith('the load generator wrk is missing')")
        .await;
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.low_contrast().await, [""; 0]);
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("benchmarks-failed", WIDE, "light").await;
}

pub async fn a_run_ends_with_the_lab_and_keeps_what_was_measured(_: &Stage, _: &Browser) {
    for signal in ["TERM", "KILL"] {
        let (mut lab, folder) = lab_with_stand_in();
        client().post(format!("{}/run", view(&lab))).send().await.unwrap();
        let deadline = std::time::Instant::now() + support::PATIENCE;
        while !client().get(view(&lab)).send().await.unwrap().text().await.unwrap().contains("41 of 84 steps") {
            assert!(std::time::Instant::now() < deadline, "the run did not begin");
        }
        support::signal(signal, &lab.id().to_string());
        lab.wait();
        let result = folder.path().join("results/0badcafe-small-2.json");
        let deadline = std::time::Instant::now() + support::PATIENCE;
        while !result.exists() {
            assert!(std::time::Instant::now() < deadline, "after SIG{signal} nothing was kept");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
