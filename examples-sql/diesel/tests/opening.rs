//! Opening a file, and what is said about one that cannot be opened.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

mod shop;

use diesel::connection::SimpleConnection;
use diesel::prelude::{Connection, RunQueryDsl};
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use shared::context::RequestContext;
use shared::demo;
use shared::store_contract::options;
use std::path::Path;

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn context() -> RequestContext {
    RequestContext::internal("test")
}

/// Opening fails, and says this.
async fn check_refused(path: &Path, expected: &[&str]) {
    let error = store_diesel::sqlite::open(&url(path), options(1)).await.err().unwrap().to_string();
    let expected = expected.iter().chain(&["--database-url"]);
    expected.for_each(|words| assert!(error.contains(words), "{error:?} does not say {words:?}"));
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[tokio::test]
async fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some/folders/that are not there/users.db");
    let opened = store_diesel::sqlite::open(&url(&path), options(0)).await.unwrap();
    opened.store.ping(&context()).await.unwrap();
    assert_eq!(opened.store.pool().size, 2, "at least one reader, and the writer");
    opened.store.close().await;
    assert!(path.exists());
    assert!(!path.with_extension("db-wal").exists(), "a closed database is one file");
}

#[tokio::test]
async fn characters_of_urls_in_a_path_are_a_name_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:users.db", "users%20.db", "users#1.db", "users?mode=memory", "users's \u{fc}.db"] {
        let path = folder.path().join(name);
        store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap().store.close().await;
        assert!(path.exists(), "{name}");
    }
}

#[tokio::test]
async fn another_urls_scheme_is_refused() {
    for url in ["postgres://me:secret@host/db", "users.db", "sqlite://", ""] {
        let error = store_diesel::sqlite::open(url, options(1)).await.err().unwrap().to_string();
        assert!(error.contains("sqlite://data/x.db") && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    check_refused(folder.path(), &["unable to open", "may create and write"]).await;
}

#[tokio::test]
async fn a_path_below_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    check_refused(&folder.path().join("file/users.db"), &["may create and write"]).await;
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "These are my notes. ".repeat(500);
    std::fs::write(&path, &notes).unwrap();
    check_refused(&path, &["not a database", "no SQLite database"]).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let opened = store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap();
    for number in 0..=demo::USERS {
        opened.users.insert(&context(), &demo::user(number, demo::unusable_hash())).await.unwrap();
    }
    opened.store.close().await;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    check_refused(&path, &["malformed", "restore a backup"]).await;
}

#[tokio::test]
async fn a_file_with_a_damaged_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap().store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.iter_mut().skip(100).take(3_900).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&path, bytes).unwrap();
    check_refused(&path, &["malformed", "restore a backup"]).await;
}

#[tokio::test]
async fn another_programs_table_of_users_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("CREATE TABLE users (id INTEGER PRIMARY KEY, nick TEXT)").unwrap();
    check_refused(&path, &["no such column", "another program"]).await;
    let tables = diesel::dsl::sql::<Text>("SELECT name FROM sqlite_schema WHERE name LIKE 'users%'");
    assert_eq!(tables.load::<String>(&mut other).unwrap(), ["users"]);
}

#[tokio::test]
async fn a_file_with_the_table_of_another_orm_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute(include_str!("../migrations/sqlite/2026-01-01-000000_create_users/up.sql")).unwrap();
    let id = demo::user(0, demo::unusable_hash()).id;
    let row = format!("INSERT INTO users VALUES ('{id}', 'n', 'E@x', 'e@x', 'h', 'admin', 1, 1, 1, 1)");
    other.batch_execute(&row).unwrap();
    let opened = store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap();
    assert_eq!(opened.users.find(&context(), id).await.unwrap().unwrap().email, "E@x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_version_is_brought_up_to_date_by_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("PRAGMA journal_mode = WAL").unwrap();
    other.batch_execute(include_str!("../migrations/sqlite/2026-01-01-000000_create_users/up.sql")).unwrap();
    let history = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
                   run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
                   INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000000')";
    other.batch_execute(history).unwrap();
    let customer = demo::user(1, demo::unusable_hash());
    let row = format!("INSERT INTO users VALUES ('{}', 'n', 'E@x', 'e@x', 'h', 'user', 1, 1, 1, 1)", customer.id);
    other.batch_execute(&row).unwrap();
    let open = |number: u64| {
        let (url, customer) = (url(&path), customer.clone());
        tokio::spawn(async move {
            let opened = store_diesel::sqlite::open(&url, options(1)).await.unwrap();
            opened.products.insert(&context(), &shop::product(number)).await.unwrap();
            opened.orders.place(&context(), &shop::order(&customer, &[(number, 1)])).await.unwrap();
            opened
        })
    };
    let mut all = Vec::new();
    for opening in (1..=8).map(open).collect::<Vec<_>>() {
        all.push(opening.await.unwrap());
    }
    let orders = shop::orders_of(all.first().unwrap(), &customer).await;
    assert_eq!(orders.iter().map(|order| order.customer.name.as_str()).collect::<Vec<_>>(), ["n"; 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_one_new_file_at_once_all_come_up() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let url = url(&folder.path().join("users.db"));
        let open = |number| {
            let url = url.clone();
            tokio::spawn(async move {
                let opened = store_diesel::sqlite::open(&url, options(1)).await.unwrap();
                opened.users.insert(&context(), &demo::user(number, demo::unusable_hash())).await.unwrap();
                opened
            })
        };
        let mut all = Vec::new();
        for opening in (0..16).map(open).collect::<Vec<_>>() {
            all.push(opening.await.unwrap());
        }
        for number in 0..16 {
            let id = demo::user(number, demo::unusable_hash()).id;
            assert!(all.first().unwrap().users.find(&context(), id).await.unwrap().is_some());
        }
        for opened in all {
            opened.store.close().await;
        }
    }
}

#[tokio::test]
async fn the_file_opens_while_another_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap().store.close().await;
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let waits = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(3_000));
        other.batch_execute("ROLLBACK").unwrap();
    });
    store_diesel::sqlite::open(&url(&path), options(1)).await.unwrap().store.close().await;
    waits.join().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_made_can_be_read_by_nobody_else_and_what_is_there_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    let store = store_diesel::sqlite::open(&url(&at("data/new/x.db")), options(1)).await.unwrap();
    store.users.insert(&context(), &demo::user(1, demo::unusable_hash())).await.unwrap();
    for name in ["data", "data/new"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    for name in ["data/new/x.db", "data/new/x.db-wal", "data/new/x.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }

    std::fs::set_permissions(at("data"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(at("data/y.db"), "").unwrap();
    std::fs::set_permissions(at("data/y.db"), PermissionsExt::from_mode(0o640)).unwrap();
    let store = store_diesel::sqlite::open(&url(&at("data/y.db")), options(1)).await.unwrap();
    store.users.insert(&context(), &demo::user(1, demo::unusable_hash())).await.unwrap();
    assert_eq!(["data", "data/y.db", "data/y.db-wal"].map(mode), [0o755, 0o640, 0o640]);
}
