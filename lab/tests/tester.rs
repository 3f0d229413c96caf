//! The tester, driven over HTTP as its page does it, against the variants of a real lab.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use support::{Lab, client, command, folder, signal};

const VARIANTS: [&str; 3] = ["axum-diesel-sqlite", "actix-diesel-sqlite", "rocket-diesel-sqlite"];
const LAYERS: [&str; 4] = ["auth", "validation", "service", "store"];

/// The page as HTML.
async fn page(lab: &Lab, query: &str) -> String {
    let answer = client().get(format!("{}/try{query}", lab.page)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{query}");
    answer.text().await.unwrap()
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

/// The parts of a text that stand between these two.
fn all_between(text: &str, before: &str, after: &str) -> Vec<String> {
    text.split(before).skip(1).map(|rest| unescaped(rest.split(after).next().unwrap())).collect()
}

fn between(text: &str, before: &str, after: &str) -> String {
    all_between(text, before, after).into_iter().next().unwrap_or_else(|| panic!("no {before} in {text}"))
}

/// What the page's script would send for the form as it is filled in.
fn filled_in(html: &str, token: &str) -> Value {
    let form = &html[html.find("<form id=\"request\"").unwrap()..];
    let value = |id: &str| between(&between(form, &format!("id=\"{id}\""), ">"), "value=\"", "\"");
    let pairs = |kind: &str| -> Vec<(String, String)> {
        let marker = format!("data-pair=\"{kind}\"");
        let rows = form.split(&marker).skip(1);
        let values = rows.map(|row| all_between(row, " value=\"", "\""));
        values.map(|values| (values[0].clone(), values[1].clone())).filter(|(_, value)| !value.is_empty()).collect()
    };
    let mut headers = pairs("header");
    if form.contains("data-with-token=\"true\"") && !headers.iter().any(|(name, _)| name == "Authorization") {
        headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    }
    let query: Vec<String> = pairs("query parameter").iter().map(|(name, value)| format!("{name}={value}")).collect();
    let separator = if query.is_empty() { "" } else { "?" };
    let textarea = &form[form.find("<textarea id=\"body\"").unwrap()..];
    let body = textarea.split(">\n").next().filter(|tag| !tag.contains("data-none"));
    json!({
        "variants": null,
        "operation": between(form, "data-operation=\"", "\""),
        "method": value("method"),
        "path": format!("{}{separator}{}", value("path"), query.join("&")),
        "headers": headers,
        "body": body.map(|_| between(textarea, ">\n", "</textarea>")),
    })
}

/// Sends an order: the lines that tell of each answer, and the answers as HTML.
async fn send(lab: &Lab, order: &Value) -> (Vec<Value>, String) {
    let answer = client().post(format!("{}/try/send", lab.page)).json(order).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{order}");
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    (lines, last["html"].as_str().unwrap_or_else(|| panic!("{last}")).to_owned())
}

/// An order that is not sent: the status, and why.
async fn refusal(lab: &Lab, order: &Value) -> (u16, String) {
    let answer = client().post(format!("{}/try/send", lab.page)).json(order).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

async fn sign_in(lab: &Lab, password: &str) -> Value {
    let credentials = json!({ "email": "admin@example.com", "password": password });
    let answer = client().post(format!("{}/try/sign-in", lab.page)).json(&credentials).send().await.unwrap();
    answer.json().await.unwrap()
}

async fn token(lab: &Lab) -> String {
    let outcome = sign_in(lab, lab.password.as_ref().unwrap()).await;
    outcome["token"].as_str().unwrap_or_else(|| panic!("{outcome}")).to_owned()
}

fn hello(variants: Value) -> Value {
    json!({ "variants": variants, "operation": "hello.show", "method": "GET", "path": "/api/hello", "headers": [], "body": null })
}

/// The columns of the answers, by variant.
fn columns(html: &str) -> Vec<(String, &str)> {
    let columns = html.split("<article class=\"answer card\"").skip(1);
    columns.map(|column| (between(column, "data-variant=\"", "\""), column)).collect()
}

fn status(column: &str) -> u16 {
    between(column, "class=\"code-line\"", "</p>").split("<strong>").nth(1).unwrap()[..3].parse().unwrap()
}

/// The layers that a column shows as not reached.
fn dark(column: &str) -> Vec<&'static str> {
    let is_dark = |layer: &&str| column.contains(&format!("data-layer=\"{layer}\" data-reached=\"false\""));
    LAYERS.into_iter().filter(is_dark).collect()
}

fn assert_alike(html: &str, expected: u16, what: &str) {
    assert_eq!(between(html, "data-verdict=\"", "\""), "identical", "{what}: {html}");
    let columns = columns(html);
    assert_eq!(columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), VARIANTS, "{what}");
    for (name, column) in columns {
        assert_eq!(status(column), expected, "{what} of {name}: {column}");
        assert!(column.contains("As the contract says."), "{what} of {name}: {column}");
    }
}

async fn operations(lab: &Lab) -> Vec<String> {
    let mut ids = all_between(&page(lab, "").await, "<a href=\"/try?operation=", "\"");
    ids.retain(|id| !id.contains('&'));
    ids
}

#[tokio::test]
async fn every_operation_is_answered_alike_by_all_variants() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let token = token(&lab).await;
    let operations = operations(&lab).await;
    assert!(operations.len() >= 27 && operations[0] == "hello.show", "{operations:?}");
    for operation in operations {
        let html = page(&lab, &format!("?operation={operation}")).await;
        let (lines, html) = send(&lab, &filled_in(&html, &token)).await;
        let expected = match operation.as_str() {
            // The password is nobody's until it is typed, and the id that of no request yet.
            "auth.login" => 401,
            "trace.find" => 404,
            "auth.register" | "users.create" | "products.create" | "orders.create" => 201,
            "users.delete" | "products.delete" => 204,
            _ => 200,
        };
        assert_alike(&html, expected, &operation);
        let mut told: Vec<_> = lines.iter().map(|line| line["variant"].as_str().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, ["actix-diesel-sqlite", "axum-diesel-sqlite", "rocket-diesel-sqlite"]);
        assert!(lines.iter().all(|line| line["summary"].as_str().unwrap().starts_with(&expected.to_string())));
        if ["users.", "products.", "orders.", "reports."].iter().any(|tag| operation.starts_with(tag)) {
            let statements = html.matches(">SELECT<").count();
            assert!(statements >= 3 || operation.ends_with("s.create"), "{operation}: {statements}");
            assert!(html.contains("<ol class=\"statements\">"), "{html}");
        }
    }
}

#[tokio::test]
async fn every_mistake_has_the_answer_that_the_page_says() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let token = token(&lab).await;
    let mut count = 0;
    for operation in operations(&lab).await {
        let html = page(&lab, &format!("?operation={operation}")).await;
        let link = format!("<a href=\"/try?operation={operation}&amp;mistake=");
        for entry in html.split(&link).skip(1) {
            let slug = entry.split('"').next().unwrap();
            let expected: u16 = between(entry, "<span class=\"expect\">", "<").parse().unwrap();
            let said = between(entry, "<p class=\"small soft\">", "</p>");
            let said = said.split(" Dark: ").nth(1).map(|dark| dark.trim_end_matches('.').to_owned());
            let what = format!("{operation} {slug}");
            let form = page(&lab, &format!("?operation={operation}&mistake={slug}")).await;
            let (_, answers) = send(&lab, &filled_in(&form, &token)).await;
            assert_alike(&answers, expected, &what);
            for (name, column) in columns(&answers) {
                let found = dark(column);
                for layer in said.iter().flat_map(|said| said.split(", ")) {
                    assert!(found.contains(&layer), "{what} of {name}: {layer} was reached: {column}");
                }
            }
            count += 1;
        }
    }
    assert!(count > 150, "{count} mistakes");
}

/// An order that is sent again with its key is the same order, and one that says something else with that key is refused:
/// no single request can show it.
#[tokio::test]
async fn a_key_that_was_used_is_good_for_the_same_order_only() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let token = token(&lab).await;
    let mut order = filled_in(&page(&lab, "?operation=orders.create").await, &token);
    order["headers"].as_array_mut().unwrap().push(json!(["Idempotency-Key", "key-1"]));
    for is_replayed in [false, true] {
        let (_, html) = send(&lab, &order).await;
        assert_alike(&html, 201, "orders.create");
        let told = html.to_ascii_lowercase().matches("idempotency-replayed").count();
        assert_eq!(told > 0, is_replayed, "{html}");
    }
    let other = order["body"].as_str().unwrap().replace("\"quantity\": 2", "\"quantity\": 3");
    assert_ne!(order["body"], other);
    order["body"] = json!(other);
    let (_, html) = send(&lab, &order).await;
    assert_alike(&html, 422, "another order with the key");
    assert!(html.contains("idempotency-key-reused"), "{html}");
}

#[tokio::test]
async fn only_variants_can_be_named_and_only_what_is_one_request_is_sent() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    for foreign in ["http://evil.example", "127.0.0.1:80", "evil.example", "axum", ""] {
        let (status, error) = refusal(&lab, &hello(json!([foreign]))).await;
        assert_eq!(status, 404, "{foreign}: {error}");
    }
    // What would lead a proxy elsewhere is only text here: the variant itself answers it.
    for (path, headers) in [("/api/hello", json!([["Host", "evil.example"]])), ("//evil.example/api/hello", json!([]))]
    {
        let mut order = hello(json!([VARIANTS[0]]));
        (order["path"], order["headers"]) = (json!(path), headers);
        let (_, html) = send(&lab, &order).await;
        assert!(html.to_ascii_lowercase().contains("x-request-id"), "{html}");
    }
    for (member, value) in [
        ("method", json!("GET / HTTP/1.1\r\nX:")),
        ("path", json!("/api/hello\r\nX: y")),
        ("headers", json!([["A", "b\r\n\r\nGET / HTTP/1.1"]])),
    ] {
        let mut order = hello(Value::Null);
        order[member] = value;
        assert_eq!(refusal(&lab, &order).await.0, 422, "{order}");
    }
    let mut order = hello(Value::Null);
    order["body"] = json!("a".repeat(1024 * 1024));
    let (status, error) = refusal(&lab, &order).await;
    assert!(status == 413 && error.contains("1 MiB"), "{status} {error}");
    assert_eq!(refusal(&lab, &json!({ "path": 1 })).await.0, 422);
    let unknown = client().get(format!("{}/try?operation=users.burn", lab.page)).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert!(unknown.text().await.unwrap().contains("The contract has no operation users.burn."));
}

#[tokio::test]
async fn who_is_gone_who_never_ran_and_who_speaks_otherwise_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let attach = format!("mine=http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4_096]);
            let body = r#"{"message": "Good day!"}"#;
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    let folder = folder();
    let lab = Lab::run(command(folder.path()).args(["--attach", &attach]));
    let (_, html) = send(&lab, &hello(json!([VARIANTS[0], "mine"]))).await;
    assert_eq!(between(&html, "data-verdict=\"", "\""), "different");
    assert!(html.contains("mine differs from axum-diesel-sqlite in "), "{html}");
    let columns = columns(&html);
    assert!(columns[0].1.contains("As the contract says.") && columns[1].1.contains("Not as the contract says."));
    assert!(
        columns[1].1.contains("<mark>≠ ") && columns[1].1.contains("≠ missing here: x-request-id"),
        "{}",
        columns[1].1
    );

    let killed = lab.statuses().await.into_iter().find(|variant| variant["name"] == VARIANTS[2]).unwrap();
    signal("KILL", &killed["process_id"].to_string());
    let (_, html) = send(&lab, &hello(json!(["rocket-memory", VARIANTS[2], VARIANTS[0]]))).await;
    assert_eq!(between(&html, "data-verdict=\"", "\""), "incomplete");
    let failures = html.matches("class=\"failure\"").count();
    assert!(failures == 2 && html.contains("It is not running") && html.contains("1 of 3 answered"), "{html}");
}

#[tokio::test]
async fn a_sign_in_says_why_it_failed() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let error = |outcome: Value| outcome["error"].as_str().unwrap().to_owned();
    assert!(error(sign_in(&lab, "").await).contains("fill in both"));
    for _ in 0..10 {
        assert!(error(sign_in(&lab, "a wrong password").await).contains("is wrong"));
    }
    let refused = error(sign_in(&lab, lab.password.as_ref().unwrap()).await);
    assert!(refused.contains("Too many attempts") && refused.contains(" s."), "{refused}");
}

#[tokio::test]
async fn a_page_that_goes_away_takes_its_requests_along() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let attach = format!("mine=http://{}", listener.local_addr().unwrap());
    let folder = folder();
    let lab = Lab::run(command(folder.path()).args(["--attach", &attach]));
    let order = hello(json!(["mine"]));
    let page = client().post(format!("{}/try/send", lab.page)).json(&order).send().await.unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    drop(page);
    // The lab waits 15 s for an answer: an end within 10 s is not that.
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    // On a thread of its own: this one closes the connection of the page.
    let reading = tokio::task::spawn_blocking(move || {
        let mut asked = Vec::new();
        stream.read_to_end(&mut asked).map(|_| asked)
    });
    let asked = reading.await.unwrap().unwrap();
    assert!(asked.is_empty() || asked.starts_with(b"GET /api/hello HTTP/1.1\r\n"), "{asked:?}");
}
