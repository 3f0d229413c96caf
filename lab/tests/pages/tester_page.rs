//! The tester, used as a person does.

use super::{FRAMEWORKS, PHONE, Stage, WIDE, strange};
use crate::browser::Browser;
use crate::support::{ADMIN, Lab, command, folder};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the page shows of one answer: the variant, its status or failure, and the layers that it lit and left dark.
const ANSWERS: &str = "return [...document.querySelectorAll('.answer')].map((answer) => ({
    variant: answer.dataset.variant,
    status: answer.querySelector('.code-line strong')?.textContent ?? null,
    failure: answer.querySelector('.failure')?.textContent ?? null,
    contract: answer.querySelector('.contract')?.textContent.trim() ?? null,
    dark: [...answer.querySelectorAll('.lamps [data-reached=false]')].map((lamp) => lamp.dataset.layer),
    text: answer.innerText,
}))";

/// Opens the tester with this query.
async fn open(stage: &Stage, browser: &Browser, query: &str) {
    stage.open(browser, &format!("{}/try?{query}", stage.lab.page)).await;
    browser.until("!document.querySelector('#send').disabled").await;
}

/// Signs in as the demo admin by the form.
async fn sign_in(lab: &Lab, browser: &Browser) {
    browser.element("#password").await.send_keys(lab.password.as_ref().unwrap()).await.unwrap();
    browser.click("#sign-in button:not([type])").await;
    browser.until(&format!("document.querySelector('#whom').textContent === '{ADMIN}'")).await;
}

/// Presses *Send* and waits for the verdict: its sentence, and the answers.
async fn send(browser: &Browser) -> (String, Vec<Value>) {
    browser.click("#send").await;
    shown(browser).await
}

async fn shown(browser: &Browser) -> (String, Vec<Value>) {
    let is_done = "document.querySelector('.verdict:not([data-verdict=waiting])') && !document.querySelector('#send').ariaDisabled";
    browser.until(is_done).await;
    let verdict = browser.ask("return document.querySelector('.verdict h2').textContent").await;
    (verdict.as_str().unwrap().to_owned(), browser.ask(ANSWERS).await.as_array().unwrap().clone())
}

pub async fn every_operation_sent_to_all_is_answered_identically(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    stage.open(browser, &format!("{}/try", lab.page)).await;
    sign_in(&lab, browser).await;
    let links = "return [...document.querySelectorAll('.operations a')].map((link) => link.getAttribute('href'))";
    let links = browser.ask(links).await;
    let links = links.as_array().unwrap();
    assert!(links.len() >= 27, "{links:?}");
    for link in links {
        let link = link.as_str().unwrap();
        stage.open(browser, &format!("{}{link}", lab.page)).await;
        browser.until("!document.querySelector('#send').disabled").await;
        let (verdict, answers) = send(browser).await;
        assert_eq!(verdict, "3 answers, identical.", "{link}: {answers:#?}");
        for (answer, framework) in answers.iter().zip(FRAMEWORKS) {
            assert_eq!(answer["variant"], format!("{framework}-diesel-sqlite"));
            // The example of a sign-in does not know the password, and that of a trace names a request that nobody sent.
            let is_refused = link.ends_with("auth.login") || link.ends_with("trace.find");
            let expected = if is_refused { "4" } else { "2" };
            assert!(answer["status"].as_str().unwrap().starts_with(expected), "{link}: {answer}");
            assert_eq!(answer["contract"], "As the contract says.", "{link}: {answer}");
        }
    }
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn each_typical_mistake_has_its_status_and_its_dark_layers_on_each_framework(
    stage: &Stage,
    browser: &Browser,
) {
    open(stage, browser, "operation=hello.show").await;
    sign_in(&stage.lab, browser).await;
    let mut tried = BTreeSet::new();
    for operation in [
        "users.create",
        "users.update",
        "users.list",
        "users.delete",
        "products.create",
        "orders.create",
        "orders.update",
        "reports.sales",
        "problems.page",
    ] {
        open(stage, browser, &format!("operation={operation}")).await;
        let mistakes = "return [...document.querySelectorAll('#mistakes a')].map((link) =>
            [new URL(link.href).searchParams.get('mistake'), link.querySelector('.expect').textContent])";
        let mistakes = browser.ask(mistakes).await;
        for mistake in mistakes.as_array().unwrap() {
            let (slug, status) = (mistake[0].as_str().unwrap(), mistake[1].as_str().unwrap());
            if !tried.insert((slug.to_owned(), operation == "users.update")) {
                continue;
            }
            // One click from the operation.
            browser.click(&format!("#mistakes a[href$='mistake={slug}']")).await;
            browser.until(&format!("document.querySelector('#request')?.dataset.mistake === '{slug}'")).await;
            browser.until("!document.querySelector('#send').disabled").await;
            let promised = browser.ask("return document.querySelector('#mistake').innerText").await;
            // `Expect 401; validation, service, store stay dark.`
            let promised = promised.as_str().unwrap().split("Expect ").nth(1).unwrap();
            let promised = promised.split_once(" dark").map_or("", |(layers, _)| layers);
            let (verdict, answers) = send(browser).await;
            assert_eq!(verdict, "3 answers, identical.", "{operation} {slug}: {answers:#?}");
            for answer in &answers {
                assert_eq!(answer["status"], *status, "{operation} {slug}: {answer}");
                for layer in ["auth", "validation", "service", "store"] {
                    let is_dark = answer["dark"].as_array().unwrap().contains(&json!(layer));
                    assert_eq!(promised.contains(layer), is_dark, "{operation} {slug}: {layer}, {promised}, {answer}");
                }
            }
            if slug == "broken-json" {
                assert_eq!(browser.violations().await, [""; 0]);
                assert_eq!(browser.low_contrast().await, [""; 0]);
                browser.screenshot("tester-broken-json", WIDE, "light").await;
                browser.screenshot("tester-broken-json", WIDE, "dark").await;
                browser.screenshot("tester-broken-json", PHONE, "dark").await;
                assert_eq!(browser.sideways().await, [""; 0]);
                browser.show_as(WIDE, 900, "light").await;
            }
        }
    }
    let slugs: BTreeSet<&str> = tried.iter().map(|(slug, _)| slug.as_str()).collect();
    for needed in [
        "no-token",
        "broken-json",
        "unknown-field",
        "wrong-type",
        "too-big",
        "wrong-method",
        "trailing-slash",
        "unknown-product",
        "insufficient-stock",
        "illegal-transition",
        "too-many",
        "malformed-key",
        "sku-taken",
        "has-orders",
        "to-before-from",
    ] {
        assert!(slugs.contains(needed), "{needed} in {slugs:?}");
    }
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn a_variant_that_was_stopped_is_said_to_be_stopped(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    stage.open(browser, &format!("{}/try?operation=hello.show", lab.page)).await;
    let tester = browser.driver.window().await.unwrap();
    let variants = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(variants).await.unwrap();
    browser.goto(&lab.page).await;
    browser.click("button[aria-label='Stop actix-diesel-sqlite']").await;
    browser.until("document.querySelector('[data-variant=actix-diesel-sqlite]').dataset.state === 'stopped'").await;
    browser.driver.close_window().await.unwrap();
    browser.driver.switch_to_window(tester).await.unwrap();

    browser.choose("#variants", "actix-diesel-sqlite").await;
    let (verdict, answers) = send(browser).await;
    let failure = answers[0]["failure"].as_str().unwrap();
    assert!(failure.contains("not running"), "{verdict} {answers:?}");
    assert!(answers[0]["text"].as_str().unwrap().contains("Start it in Variants"), "{answers:?}");
    assert_eq!(browser.violations().await, [""; 0]);
    browser.screenshot("tester-stopped", WIDE, "light").await;

    browser.choose("#variants", "").await;
    let (verdict, answers) = send(browser).await;
    assert_eq!((verdict.as_str(), answers.len()), ("2 answers, identical.", 2), "only those that run: {answers:?}");
}

pub async fn different_answers_are_marked_line_by_line(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    stage.open(browser, &format!("{}/try?operation=users.update", lab.page)).await;
    sign_in(&lab, browser).await;
    // One variant alone gets a change, and then all are asked.
    browser.choose("#variants", "actix-diesel-sqlite").await;
    let (_, answers) = send(browser).await;
    assert_eq!((answers.len(), &answers[0]["status"]), (1, &json!("200")), "{answers:?}");
    browser.choose("#variants", "").await;
    let (verdict, _) = send(browser).await;
    assert_eq!(verdict, "3 answers, not identical.");
    let marked = "return [...document.querySelectorAll('.answer')].map((answer) =>
        [...answer.querySelectorAll('mark')].map((mark) => mark.textContent.trim()))";
    let marked = browser.ask(marked).await;
    let of_actix = marked[1].as_array().unwrap();
    assert!(of_actix.iter().any(|line| line.as_str().unwrap().contains("\"version\": 3")), "{marked}");
    assert!(of_actix.iter().any(|line| line.as_str().unwrap().contains("etag")), "{marked}");
    assert_eq!(marked[2], marked[0], "rocket answers as axum does");
    let text = browser.text().await;
    assert!(text.contains("start them afresh"), "{text}");
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.low_contrast().await, [""; 0]);
    browser.screenshot("tester-different", WIDE, "light").await;
    browser.screenshot("tester-different", WIDE, "dark").await;
}

pub async fn a_framework_over_every_store_is_asked_at_once(stage: &Stage, browser: &Browser) {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let mut stores = vec!["diesel-sqlite"];
    stores.extend(["memory", "sea-orm-sqlite"]);
    if cfg!(feature = "all-stores") {
        stores.extend(["diesel-postgres", "sea-orm-mysql", "mongodb", "redis", "dynamodb"]);
    }
    for store in &stores {
        let answer = lab.change(&format!("actix-{store}"), "start").await;
        assert_eq!(answer.status(), 204, "{store}: {}", answer.text().await.unwrap());
    }
    stage.open(browser, &format!("{}/try?operation=users.create", lab.page)).await;
    sign_in(&lab, browser).await;
    browser.choose("#variants", "actix-*").await;
    let (verdict, answers) = send(browser).await;
    assert_eq!(verdict, format!("{} answers, identical.", stores.len()), "{answers:#?}");
    let sent = "return Object.fromEntries([...document.querySelectorAll('.by-store article')].map((store) =>
        [store.dataset.store, store.innerText]))";
    let sent = browser.ask(sent).await;
    assert_eq!(sent.as_object().unwrap().len(), stores.len(), "{sent}");
    for (store, part) in [
        ("diesel-sqlite", "INSERT INTO `users`"),
        ("memory", "memory under actix: nothing"),
        ("diesel-postgres", "VALUES ($1, $2"),
        ("mongodb", "\"insert\": \"users\""),
        ("redis", "EVALSHA insert_user.lua"),
        ("dynamodb", "TransactWriteItems {"),
    ] {
        let text = sent[store].as_str().unwrap_or_default();
        assert!(text.contains(part) || !stores.contains(&store), "{store}: {part} in {text}");
    }
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.low_contrast().await, [""; 0]);
    assert_eq!(browser.console().await, [""; 0]);
    for (width, scheme) in [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")] {
        browser.screenshot("tester-stores", width, scheme).await;
    }
    assert_eq!(browser.sideways().await, [""; 0]);

    // A store under every framework: of these, one runs.
    browser.show_as(WIDE, 900, "light").await;
    browser.choose("#variants", "*-memory").await;
    let (_, answers) = send(browser).await;
    assert_eq!((answers.len(), &answers[0]["variant"]), (1, &json!("actix-memory")), "{answers:?}");
}

pub async fn what_is_no_answer_is_shown_as_what_it_is(stage: &Stage, browser: &Browser) {
    let servers = strange::start().await;
    let folder = folder();
    let mut command = command(folder.path());
    for (name, address) in &servers {
        command.args(["--attach", &format!("{name}=http://{address}")]);
    }
    let lab = Lab::run(&mut command);
    stage.open(browser, &format!("{}/try?operation=hello.show", lab.page)).await;
    browser.until("!document.querySelector('#send').disabled").await;
    let (verdict, answers) = send(browser).await;
    assert!(verdict.ends_with("not identical."), "{verdict}");
    let of = |name: &str| {
        let answer = answers.iter().find(|answer| answer["variant"] == name);
        answer.unwrap_or_else(|| panic!("{name} in {answers:?}"))["text"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [
        ("silent", "15 s"),
        ("broken", "closed"),
        ("gibberish", "not HTTP"),
        ("large", "too large for this page (9.5 MiB)"),
        ("words", "It says that it is JSON, and it is not"),
        ("nobody", "Nobody"),
        ("chunk", "does not end"),
    ] {
        let text = of(name);
        assert!(text.contains(expected), "{name}: {expected} in:\n{text}");
    }
    assert!(of("large").len() < 200_000, "not all of it is shown");
    assert!(of("words").contains("Not as the contract says"), "{}", of("words"));
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("tester-strange", WIDE, "light").await;
}

pub async fn a_request_is_sent_again_from_history_link_and_curl(stage: &Stage, browser: &Browser) {
    open(stage, browser, "operation=users.list").await;
    sign_in(&stage.lab, browser).await;
    browser
        .ask(
            "const limit = [...document.querySelectorAll('#query input')].find((input) => input.value === 'limit');
        limit.closest('.pair').querySelectorAll('input')[1].value = '3'",
        )
        .await;
    // By the keyboard alone, from where something is typed.
    browser.ask("document.querySelector('#path').focus()").await;
    browser
        .driver
        .action_chain()
        .key_down(thirtyfour::Key::Control)
        .send_keys(thirtyfour::Key::Enter)
        .key_up(thirtyfour::Key::Control)
        .perform()
        .await
        .unwrap();
    let (verdict, answers) = shown(browser).await;
    assert_eq!(verdict, "3 answers, identical.");
    assert_eq!(browser.ask("return document.activeElement.id").await, "path", "the keyboard stays where it was");
    let bodies = "return JSON.parse(document.querySelector('.answer .body').innerText).items.length";
    assert_eq!(browser.ask(bodies).await, json!(3), "{answers:?}");

    let curl = browser.ask("return document.querySelector('.answer .curl pre').textContent").await;
    let curl = curl.as_str().unwrap();
    let output = std::process::Command::new("sh").args(["-c", curl]).output().unwrap();
    let body: Value = serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {curl}: {output:?}"));
    assert_eq!(body["items"].as_array().map(Vec::len), Some(3), "{curl}");

    let kept = browser.ask("return JSON.stringify({ ...sessionStorage })").await;
    let history = "return document.querySelector('#history ol button').dataset.address";
    let address = browser.ask(history).await.as_str().unwrap().to_owned();
    assert!(address.starts_with("/try?operation=users.list#"), "{address} {kept}");
    let token = "return JSON.parse(sessionStorage.getItem('identity')).token";
    let token = browser.ask(token).await.as_str().unwrap().to_owned();
    assert_eq!(
        (token.split('.').count(), kept.as_str().unwrap().matches(&token).count()),
        (3, 1),
        "not in the history"
    );
    // In a tab that knows nothing.
    let other = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(other).await.unwrap();
    browser.goto(&format!("{}{address}", stage.lab.page)).await;
    browser.until("[...document.querySelectorAll('#query input')].some((input) => input.value === '3')").await;
}

pub async fn no_secret_is_kept_in_history_or_link(stage: &Stage, browser: &Browser) {
    open(stage, browser, "operation=auth.login").await;
    for body in [
        r#"{ "email": "ada@example.com", "password": "hunter2" }"#,
        r#"{ "email": "ada@example.com", "password": "hunter2""#,
        r#"{ "pass\u0077ord": "hunter2", "nested": [{ "pwd": "hunter2" }] }"#,
    ] {
        let fill = format!("document.querySelector('#body').value = {}", json!(body));
        browser.ask(&fill).await;
        send(browser).await;
    }
    let kept = "return [...document.querySelectorAll('#history button[data-address]')].map((button) =>
        atob((button.dataset.address.split('#')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))";
    let kept = browser.ask(kept).await;
    assert_eq!(kept.as_array().map(Vec::len), Some(3), "{kept}");
    let everything = browser.ask("return JSON.stringify({ ...sessionStorage })").await;
    assert!(!kept.to_string().contains("hunter2") && !everything.to_string().contains("hunter2"), "{kept}");
    assert!(kept.to_string().contains("ada@example.com"), "what is no secret is kept: {kept}");
}

pub async fn signing_in_says_why_it_failed_and_signing_out_forgets(stage: &Stage, browser: &Browser) {
    open(stage, browser, "operation=users.list").await;
    browser.until("document.querySelector('#no-token').checkVisibility()").await;
    browser.element("#password").await.send_keys("not the password").await.unwrap();
    browser.click("#sign-in button:not([type])").await;
    browser.until("document.querySelector('#sign-in-error').textContent.length > 10").await;
    browser.ask("document.querySelector('#password').value = ''").await;
    sign_in(&stage.lab, browser).await;
    // The token is carried to other operations.
    open(stage, browser, "operation=auth.me").await;
    let (verdict, answers) = send(browser).await;
    assert_eq!((verdict.as_str(), &answers[0]["status"]), ("3 answers, identical.", &json!("200")), "{answers:?}");
    browser.click("#sign-out").await;
    let (_, answers) = send(browser).await;
    assert_eq!(answers[0]["status"], "401", "{answers:?}");
    assert_eq!(browser.ask("return JSON.stringify({ ...sessionStorage }).includes('eyJ')").await, json!(false));
}
