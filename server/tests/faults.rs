//! What must hold when things go wrong, on real processes: full disks, damaged files, `kill -9`, locks, and several
//! processes on one file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use contract::client::Client;
use contract::request::Request;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;
use server::{Framework, Store};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::requests::{count_users, new_user, send, sign_in, value};
use support::{Start, folder, lasting_stores, sqlite_stores};

const FRAMEWORK: Framework = Framework::Axum;

#[tokio::test(flavor = "multi_thread")]
async fn every_user_that_a_client_saw_created_is_there_after_kill_9() {
    for store in lasting_stores() {
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
