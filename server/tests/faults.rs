//! What must hold when things go wrong, on real processes: files that cannot be opened, full disks, `kill -9`, locks,
//! and several processes on one file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use contract::client::Client;
use contract::request::Request;
use contract::{Credentials, answer::Answer};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};
use server::{Framework, Store};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Process, Start, folder, sqlite_stores};

const FRAMEWORK: Framework = Framework::Axum;

async fn send(process: &Process, request: Request) -> Answer {
    Client::new(&process.url).unwrap().send(&request).await.unwrap()
}

async fn sign_in(process: &Process, credentials: &Credentials) -> String {
    let body = json!({"email": credentials.admin_email, "password": credentials.admin_password});
    let answer = send(process, Request::new("POST", "/api/auth/login").json(&body)).await;
    assert_eq!(answer.status, 200, "{answer}");
    value(&answer)["access_token"].as_str().unwrap().to_owned()
}

fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn new_user(number: usize) -> Request {
    let body = json!({"name": "Somebody", "email": format!("u{number}@example.com"), "password": "correct horse"});
    Request::new("POST", "/api/auth/register").json(&body)
}

/// How many users a server lists, page by page.
async fn count_users(process: &Process, token: &str) -> usize {
    let (mut count, mut path) = (0, "/api/users?limit=100".to_owned());
    loop {
        let answer = send(process, Request::new("GET", &path).bearer(token)).await;
        assert_eq!(answer.status, 200, "{answer}");
        let page = value(&answer);
        count += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => path = format!("/api/users?limit=100&after={next}"),
            None => return count,
        }
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_said_in_one_sentence() {
    for store in sqlite_stores() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("directory.db")).unwrap();
        std::fs::write(path("garbage.db"), "this is no database, it is a text of some length\n".repeat(400)).unwrap();
        std::fs::write(path("file"), "").unwrap();
        for name in ["directory.db", "garbage.db", "file/below.db"] {
            let mut start = Start::new(FRAMEWORK, store, folder.path());
            start.database = path(name);
            let (status, said) = start.refusal();
            assert_eq!(status.code(), Some(1), "{store} {name}: {said}");
            assert!(said.starts_with("error: ") && said.contains(name), "{store} {name}: {said}");
            assert!(said.trim().lines().count() == 1 && !said.contains("panicked"), "{store} {name}: {said}");
        }
    }
}

#[test]
fn a_wrong_setting_is_refused_with_its_name_and_what_would_be_right() {
    let folder = folder();
    let start = || Start::new(FRAMEWORK, Store::DieselSqlite, folder.path());
    let refusal = |arguments: &[&str]| {
        let start = arguments.iter().fold(start(), |start, argument| start.argument(argument));
        let (status, said) = start.refusal();
        assert!(!status.success(), "{said}");
        said
    };
    let said = refusal(&["--pool-size", "none"]);
    assert!(said.contains("--pool-size") && said.contains("none"), "{said}");
    let said = refusal(&["--log", "=="]);
    assert!(said.contains("--log") && said.contains("error, warn, info"), "{said}");
    let said = refusal(&["--cors-origin", "*"]);
    assert!(said.contains("--cors-origin") && said.contains("https://example.com"), "{said}");
    let said = refusal(&["--jwt-secret-file", "/nowhere"]);
    assert!(said.contains("JWT_SECRET"), "{said}");

    let mut short = start();
    short.credentials.jwt_secret = "short".to_owned();
    let said = short.refusal().1;
    assert!(said.contains("JWT_SECRET") && said.contains("32 bytes") && !said.contains("short\n"), "{said}");
    let mut weak = start();
    weak.credentials.admin_password = "1234567".to_owned();
    let said = weak.refusal().1;
    assert!(said.contains("ADMIN_PASSWORD") && !said.contains("1234567"), "{said}");
    let mut elsewhere = std::process::Command::new(env!("CARGO_BIN_EXE_server"));
    elsewhere.args([
        "--framework",
        "axum",
        "--store",
        "diesel-sqlite",
        "--database-url",
        "postgres://me:secret@host/x",
    ]);
    let said = String::from_utf8(elsewhere.output().unwrap().stderr).unwrap();
    assert!(said.contains("DATABASE_URL") && said.contains("sqlite://") && !said.contains("secret"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_said_with_the_flag_that_changes_it() {
    for framework in [Framework::Axum, Framework::Actix, Framework::Rocket] {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_server"));
        command.args(["--framework", &framework.to_string(), "--store", "memory", "--listen", &address]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{framework}: {said}");
        assert!(said.contains(&address) && said.contains("--listen"), "{framework}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_user_that_a_client_saw_created_is_there_after_kill_9() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path());
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let (url, next) = (process.url.clone(), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..50)
            .map(|_| {
                let (client, next, seen) = (Client::new(&url).unwrap(), next.clone(), seen.clone());
                tokio::spawn(async move {
                    let mut created = Vec::new();
                    // Until the server is gone; 503 is an answer too (its queue for passwords is bounded).
                    while let Ok(answer) = client.send(&new_user(next.fetch_add(1, Ordering::Relaxed))).await {
                        assert!([201, 503].contains(&answer.status), "{answer}");
                        if answer.status == 201 {
                            created.push(answer.header("location").unwrap().to_owned());
                            seen.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    created
                })
            })
            .collect();
        while seen.load(Ordering::Relaxed) < 60 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process.kill();
        let mut created = Vec::new();
        for client in clients {
            created.extend(client.await.unwrap());
        }
        assert!(created.len() >= 60, "{store}: only {}", created.len());

        let process = start.run().unwrap();
        for path in &created {
            let answer = send(&process, Request::new("GET", path).bearer(&token)).await;
            assert_eq!(answer.status, 200, "{store}: {answer}");
        }
        assert!(count_users(&process, &token).await > created.len(), "{store}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_503_for_writes_while_reads_go_on() {
    for store in sqlite_stores() {
        let folder = folder();
        let mut start = Start::new(FRAMEWORK, store, folder.path());
        // A quota: no file of the process may grow beyond 256 blocks of 512 bytes. The signal is ignored, so that
        // the write fails as it does on a full disk.
        start.before = Some("trap '' XFSZ && ulimit -f 256".to_owned());
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let mut created = 0;
        let refused = loop {
            let answer = send(&process, new_user(created)).await;
            if answer.status != 201 {
                break answer;
            }
            created += 1;
            assert!(created < 2_000, "{store}: the disk never fills");
        };
        assert_eq!(refused.status, 503, "{store}: {refused}");
        assert!(refused.header("retry-after").is_some() && refused.text().contains("store-unavailable"), "{refused}");
        assert!(!refused.text().to_lowercase().contains("sqlite"), "{store}: {refused}");
        let hello = send(&process, Request::new("GET", "/api/hello")).await;
        assert_eq!(hello.status, 200, "{store}");
        assert_eq!(count_users(&process, &token).await, created + 1, "{store}: what was answered is there");
        drop(process);

        // With room again, everything that was answered is there, and writing goes on.
        start.before = None;
        let process = start.run().unwrap();
        assert_eq!(count_users(&process, &token).await, created + 1, "{store}");
        assert_eq!(send(&process, new_user(5_000)).await.status, 201, "{store}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_corrupted_while_it_is_used_is_told_and_does_not_end_the_server() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path());
        let mut process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        for number in 0..3 {
            assert_eq!(send(&process, new_user(number)).await.status, 201);
        }
        assert!(process.terminate().success());
        let length = std::fs::metadata(&start.database).unwrap().len();
        let mut bytes = std::fs::read(&start.database).unwrap();
        let header = 100;
        bytes[header..].fill(0xA5);
        std::fs::write(&start.database, &bytes).unwrap();
        assert_eq!(std::fs::metadata(&start.database).unwrap().len(), length);
        match start.run() {
            // Found at start: the sentence names the file.
            Err(error) => assert!(error.to_string().contains("test.db"), "{store}: {error}"),
            // Found later: every answer is a problem, and the process lives on.
            Ok(process) => {
                let answer = send(&process, Request::new("GET", "/api/users").bearer(&token)).await;
                assert!([500, 503].contains(&answer.status), "{store}: {answer}");
                assert_eq!(send(&process, Request::new("GET", "/api/hello")).await.status, 200, "{store}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_too_long_is_503_and_then_forgotten() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path());
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let mut other = lock(&start.database);
        let begun = Instant::now();
        let answer = send(&process, new_user(1)).await;
        assert_eq!(answer.status, 503, "{store}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{store}: {:?}", begun.elapsed());
        assert_eq!(count_users(&process, &token).await, 1, "{store}: readers do not wait for a writer");
        other.batch_execute("ROLLBACK").unwrap();
        // A write that was given up may have happened meanwhile: another one must succeed.
        let answer = send(&process, new_user(2)).await;
        assert_eq!(answer.status, 201, "{store}: {answer}");
    }
}

/// Holds the write lock of a database as a second process would.
fn lock(database: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_for_a_moment_is_waited_for() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path());
        let process = start.run().unwrap();
        let mut other = lock(&start.database);
        let freed = AtomicBool::new(false);
        let free = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            freed.store(true, Ordering::SeqCst);
            other.batch_execute("ROLLBACK").unwrap();
        };
        let (answer, ()) = tokio::join!(send(&process, new_user(1)), free);
        assert_eq!(answer.status, 201, "{store}: {answer}");
        assert!(freed.load(Ordering::SeqCst));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_of_different_make_share_one_file() {
    let folder = folder();
    let one = Start::new(Framework::Axum, Store::DieselSqlite, folder.path());
    let mut other = Start::new(Framework::Rocket, Store::SeaOrmSqlite, folder.path());
    other.credentials = one.credentials.clone();
    // Both at once, on a file that is not there yet.
    let (one_process, other_process) =
        std::thread::scope(|scope| (scope.spawn(|| one.run()).join(), scope.spawn(|| other.run()).join()));
    let (one_process, other_process) = (one_process.unwrap().unwrap(), other_process.unwrap().unwrap());
    let token = sign_in(&one_process, &one.credentials).await;

    let writes = (0..40).map(|number| {
        let process = if number % 2 == 0 { &one_process } else { &other_process };
        send(process, new_user(number))
    });
    for answer in futures_util::future::join_all(writes).await {
        assert_eq!(answer.status, 201, "{answer}");
    }
    // A token of one is good at the other, and both see everything.
    assert_eq!(count_users(&one_process, &token).await, 41);
    assert_eq!(count_users(&other_process, &token).await, 41);
    let answer = send(&other_process, new_user(0)).await;
    assert_eq!(answer.status, 409, "{answer}");
}

#[test]
fn many_processes_that_start_at_once_on_an_empty_folder_all_come_up() {
    for store in sqlite_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path());
        let started: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..6).map(|_| scope.spawn(|| start.run())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        for process in started {
            process.unwrap_or_else(|error| panic!("{store}: {error}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deleted_through_one_process_is_locked_out_of_the_others_within_five_seconds() {
    let folder = folder();
    let one = Start::new(Framework::Actix, Store::DieselSqlite, folder.path());
    let (one_process, other_process) = (one.run().unwrap(), one.run().unwrap());
    let admin = sign_in(&one_process, &one.credentials).await;
    let created = send(&one_process, new_user(1)).await;
    let body = json!({"email": "u1@example.com", "password": "correct horse"});
    let login = send(&other_process, Request::new("POST", "/api/auth/login").json(&body)).await;
    let token = value(&login)["access_token"].as_str().unwrap().to_owned();
    let me = || send(&other_process, Request::new("GET", "/api/auth/me").bearer(&token));
    assert_eq!(me().await.status, 200);
    let path = created.header("location").unwrap().to_owned();
    assert_eq!(send(&one_process, Request::new("DELETE", &path).bearer(&admin)).await.status, 204);
    // Asked of an operation that does not read the user itself.
    let list = || send(&other_process, Request::new("GET", "/api/users?limit=1").bearer(&token));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let answer = list().await;
    assert_eq!(answer.status, 401, "{answer}");
    assert!(answer.text().contains("token-invalid"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_ends_well_and_keeps_what_it_answered() {
    for framework in [Framework::Axum, Framework::Actix, Framework::Rocket] {
        for store in sqlite_stores() {
            let folder = folder();
            let start = Start::new(framework, store, folder.path());
            let mut process = start.run().unwrap();
            let token = sign_in(&process, &start.credentials).await;
            assert_eq!(send(&process, new_user(1)).await.status, 201);
            // An idle connection is open meanwhile.
            let _idle = Client::new(&process.url).unwrap().connect().await.unwrap();
            let status = process.terminate();
            assert!(status.success(), "{framework} {store}: {status}\n{}", process.log());
            assert!(process.log().contains("stopped"), "{framework} {store}: {}", process.log());
            let process = start.run().unwrap();
            assert_eq!(count_users(&process, &token).await, 2, "{framework} {store}");
        }
    }
}

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
        let start = Start::new(FRAMEWORK, store, folder.path()).argument("--trace");
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        send(&process, new_user(1).header("X-Request-Id", "create-1")).await;
        send(&process, Request::new("GET", "/api/users?limit=3").bearer(&token).header("X-Request-Id", "list-1")).await;
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
