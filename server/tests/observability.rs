//! What operators see of a variant, on real processes: its log, and the statements that its requests sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use clap::ValueEnum;
use contract::request::Request;
use serde_json::{Value, json};
use server::{Database, Framework, Store};
use support::requests::{new_user, send, sign_in, value};
use support::{Start, folder, lasting_stores, server_stores};

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

/// What libraries have to say is shown, and they know every secret there is: passwords and hashes go through drivers.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_secret_however_much_is_logged() {
    for (framework, store) in in_turn(server_stores()) {
        let (folder, database_password) = (folder(), support::credentials().jwt_secret);
        let start = Start::new(framework, store, folder.path()).argument("--log").argument("trace");
        let mut start =
            start.variable("AWS_ACCESS_KEY_ID", "somebody").variable("AWS_SECRET_ACCESS_KEY", &database_password);
        // These take any password where none is asked for; wrong ones are looked at in `databases.rs`.
        start.database_url = match store.database() {
            Database::Postgres => start.database_url.replace("stackdiff@", &format!("stackdiff:{database_password}@")),
            Database::Redis => start.database_url.replace("redis://", &format!("redis://default:{database_password}@")),
            _ => start.database_url,
        };
        let mut process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let path = send(&process, new_user(1)).await.header("location").unwrap().to_owned();
        let with = |method: &str, path: &str| Request::new(method, path).bearer(&token);
        let login = |password: &str| {
            let body = json!({"email": "u1@example.com", "password": password});
            Request::new("POST", "/api/auth/login").json(&body)
        };
        for (request, expected) in [
            (login("battery staple"), 401),
            (login("correct horse"), 200),
            (with("GET", &path), 200),
            (with("GET", "/api/users?limit=100"), 200),
            (with("PATCH", &path).json(&json!({"password": "another secret"})), 200),
            (new_user(1), 409),
            (with("DELETE", &path), 204),
        ] {
            let answer = send(&process, request).await;
            assert_eq!(answer.status, expected, "{framework} {store}: {answer}");
        }
        assert!(process.terminate().success());
        let log = process.log();
        let passwords = ["correct horse", "battery staple", "another secret", &start.credentials.admin_password];
        let others = [&start.credentials.jwt_secret, &token, &database_password, "argon2id"];
        for secret in passwords.into_iter().chain(others) {
            // As text, and as bytes that are shown one by one.
            let bytes = format!("{:?}", secret.as_bytes());
            for shown in [secret, bytes.trim_matches(['[', ']'])] {
                let line = log.lines().find(|line| line.contains(shown));
                assert!(line.is_none(), "{framework} {store}: the log holds {secret}: {}", line.unwrap());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_shows_the_statements_that_were_sent_and_no_value() {
    for (framework, store) in in_turn(lasting_stores()) {
        let folder = folder();
        let start = Start::new(framework, store, folder.path()).argument("--trace");
        let process = start.run().unwrap();
        send(&process, new_user(1).header("X-Request-Id", "create-1")).await;
        let trace = send(&process, Request::new("GET", "/trace/create-1")).await;
        assert_eq!(trace.status, 200, "{store}: {trace}");
        let text = trace.text();
        for hidden in ["u1@example.com", "Somebody", "argon2"] {
            assert!(!text.contains(hidden), "{store}: {text}");
        }
        let trace = value(&trace);
        assert_eq!((&trace["route"], &trace["status"]), (&json!("/api/auth/register"), &json!(201)), "{store}");
        // Name, address, hash, role: their types are shown.
        let is_text = |kind: &&Value| ["text", "string"].contains(&kind.as_str().unwrap());
        let texts = |sent: &Value| sent["parameters"].as_array().unwrap().iter().filter(is_text).count();
        assert!(trace["statements"].as_array().unwrap().iter().any(|sent| texts(sent) >= 4), "{store}: {text}");
        assert_eq!(send(&process, Request::new("GET", "/trace/unknown")).await.status, 404);
    }
}

/// Each store with one of the frameworks, in turn.
fn in_turn(stores: Vec<Store>) -> Vec<(Framework, Store)> {
    Framework::value_variants().iter().copied().cycle().zip(stores).collect()
}
