//! What operators see of a variant, on real processes: its log, and the statements that its requests sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use contract::request::Request;
use serde_json::{Value, json};
use server::{Framework, Store};
use support::requests::{new_user, send, sign_in, value};
use support::{Start, folder, sqlite_stores};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_one_line_a_request_and_no_secret() {
    for framework in [Framework::Axum, Framework::Actix, Framework::Rocket] {
        let folder = folder();
        let start = Start::new(framework, Store::DieselSqlite, folder.path()).argument("--log").argument("debug");
        let mut process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let created = send(&process, new_user(1).header("X-Request-Id", "create-1")).await;
        let path = created.header("location").unwrap().to_owned();
        send(&process, Request::new("GET", &path).bearer(&token).header("X-Request-Id", "find-1")).await;
        send(&process, Request::new("GET", "/nowhere").header("X-Request-Id", "lost-1")).await;
        assert!(process.terminate().success());
        let log = process.log();
        for secret in
            ["correct horse", &start.credentials.admin_password, &start.credentials.jwt_secret, &token, "argon2id"]
        {
            assert!(!log.contains(secret), "{framework}: the log holds a secret\n{log}");
        }
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |id: &str| -> Vec<&Value> { lines.iter().filter(|line| line["request_id"] == id).collect() };
        let [find] = of("find-1")[..] else { panic!("{framework}: not one line for find-1\n{log}") };
        assert_eq!(
            (&find["method"], &find["route"], &find["status"]),
            (&json!("GET"), &json!("/api/users/{id}"), &json!(200))
        );
        assert!(find["duration_ms"].is_number() && find["user_id"].is_string(), "{framework}: {find}");
        let [lost] = of("lost-1")[..] else { panic!("{framework}: not one line for lost-1\n{log}") };
        assert_eq!((&lost["route"], &lost["status"]), (&json!("unmatched"), &json!(404)), "{framework}");
        assert_eq!(of("create-1").len(), 1, "{framework}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_shows_the_statements_that_were_sent_and_no_value() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(Framework::Axum, store, folder.path()).argument("--trace");
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        send(&process, new_user(1).header("X-Request-Id", "create-1")).await;
        let list = |id: &str| {
            let request = Request::new("GET", "/api/users?limit=3").bearer(&token);
            send(&process, request.header("X-Request-Id", id))
        };
        // The first request with a token also asks whether its user is still there.
        list("list-0").await;
        list("list-1").await;
        let trace = |id: &str| send(&process, Request::new("GET", &format!("/trace/{id}")));
        let created = trace("create-1").await;
        assert_eq!(created.status, 200, "{store}: {created}");
        let text = created.text();
        assert!(text.contains("INSERT INTO") && text.contains("\"text\""), "{store}: {text}");
        assert!(
            !text.contains("u1@example.com") && !text.contains("Somebody") && !text.contains("argon2"),
            "{store}: {text}"
        );
        let listed = value(&trace("list-1").await);
        let statements = listed["statements"].as_array().unwrap();
        let selects =
            statements.iter().filter(|statement| statement["statement"].as_str().unwrap().starts_with("SELECT"));
        assert_eq!(
            (selects.count(), &listed["route"]),
            (1, &json!("/api/users")),
            "{store}: a page is one round trip: {listed}"
        );
        assert_eq!(trace("unknown").await.status, 404);
    }
}
