//! The interactive documentation that each variant serves, used as a person does.

use super::{FRAMEWORKS, PHONE, Stage, WIDE, elsewhere};
use crate::browser::Browser;
use crate::browser::docs::Docs;
use serde_json::json;

pub async fn docs_show_every_operation_and_ask_nobody_else(stage: &Stage, browser: &Browser) {
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

pub async fn trying_hello_in_the_docs_of_each_variant_answers_200_and_hello(stage: &Stage, browser: &Browser) {
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

pub async fn a_token_from_one_docs_page_is_good_on_another(stage: &Stage, browser: &Browser) {
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
