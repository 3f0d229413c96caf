//! How a variant starts and stops, on real processes: wrong settings, taken ports, many at once, and an orderly end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use contract::client::Client;
use contract::request::Request;
use server::{Framework, Store};
use support::requests::{count_users, new_user, send, sign_in, value};
use support::{Process, Start, folder, lasting_stores, sqlite_stores};

const FRAMEWORK: Framework = Framework::Axum;

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
            start.database_url = format!("sqlite://{}", path(name).display());
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
    let said = start().variable("DEMO_PASSWORD_HASH", "a plain password").refusal().1;
    assert!(said.contains("DEMO_PASSWORD_HASH") && !said.contains("plain"), "{said}");
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

#[test]
fn many_processes_that_start_at_once_on_an_empty_database_all_come_up() {
    for store in lasting_stores() {
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
async fn demo_users_have_one_password_whoever_creates_them() {
    for store in lasting_stores() {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path()).argument("--seed-demo");
        let started: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| start.run().unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let said: Vec<String> = started.into_iter().map(Process::said).collect();
        let passwords: Vec<&str> =
            said.iter().filter_map(|said| said.trim().rsplit_once("password ")).map(|(_, password)| password).collect();
        let [password] = passwords[..] else { panic!("{store}: {} passwords were shown", passwords.len()) };

        let process = start.run().unwrap();
        // The admin, and the first and the last of the users that were created last and first.
        for number in [0, 1, 100, 200] {
            let email = shared::demo::user(number, shared::demo::unusable_hash()).email;
            let body = serde_json::json!({"email": email, "password": password});
            let answer = send(&process, Request::new("POST", "/api/auth/login").json(&body)).await;
            assert_eq!(answer.status, 200, "{store} {email}: {answer}");
        }
        assert!(!process.log().contains(password), "{store}: the log holds the password");
        assert_eq!(process.said(), "", "{store}: a password that nobody needs to be shown again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_data_that_was_cut_off_is_completed_under_the_same_password() {
    let folder = folder();
    let start = Start::new(FRAMEWORK, Store::DieselSqlite, folder.path());
    // What a crash leaves: the admin and a beginning of the users.
    let repositories = start.own.open().await;
    let passwords = shared::passwords::Passwords::start(1).unwrap();
    let users = repositories.users.as_ref();
    let password = shared::services::create_demo_admin(users, &passwords, None).await.unwrap().unwrap();
    let context = shared::context::RequestContext::internal("test");
    let admin = shared::demo::user(0, shared::demo::unusable_hash());
    let hash = users.find(&context, admin.id).await.unwrap().unwrap().password_hash;
    for number in 1..=60 {
        users.insert(&context, &shared::demo::user(number, hash.clone())).await.unwrap();
    }
    repositories.store.close().await;

    let process = start.argument("--seed-demo").run().unwrap();
    let body = serde_json::json!({"email": admin.email, "password": password.expose()});
    let login = send(&process, Request::new("POST", "/api/auth/login").json(&body)).await;
    let token = value(&login)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(count_users(&process, &token).await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_users_take_the_password_whose_hash_is_given() {
    let hash = shared::passwords::Passwords::start(1).unwrap().hash("a password of theirs").await.unwrap();
    for store in [Store::Memory, Store::DieselSqlite] {
        let folder = folder();
        let start = Start::new(FRAMEWORK, store, folder.path()).argument("--seed-demo");
        let process = start.variable("DEMO_PASSWORD_HASH", hash.as_phc()).run().unwrap();
        let body = serde_json::json!({"email": shared::demo::ADMIN_EMAIL, "password": "a password of theirs"});
        let answer = send(&process, Request::new("POST", "/api/auth/login").json(&body)).await;
        assert_eq!(answer.status, 200, "{store}: {answer}");
        assert_eq!(process.said(), "", "{store}: nobody needs to be shown a password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_ends_well_and_keeps_what_it_answered() {
    for framework in [Framework::Axum, Framework::Actix, Framework::Rocket] {
        for store in lasting_stores() {
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
