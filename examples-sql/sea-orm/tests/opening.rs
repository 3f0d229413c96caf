//! Opening a file, and what is said about one that cannot be opened.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use sea_orm::{ConnectionTrait, DatabaseConnection};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{EmailKey, Role, User};
use shared::repository::Repositories;
use shared::store_contract::options;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of its own for each test, and the path of a database in it that is not there yet.
fn path() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/x.db");
    (folder, path)
}

async fn open(path: &Path) -> Repositories {
    try_open(path).await.unwrap()
}

async fn try_open(path: &Path) -> Result<Repositories, String> {
    let opened = store_sea_orm::sqlite::open(&format!("sqlite://{}", path.display()), options(4)).await;
    opened.map_err(|error| error.to_string())
}

/// The file, by the driver alone.
async fn raw(path: &Path) -> DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", path.display())).await.unwrap()
}

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn somebody(number: u64) -> User {
    let mut user = user(number, unusable_hash());
    user.email = format!("user{number}@example.com");
    user
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn what_cannot_be_opened_is_explained() {
    let (folder, _) = path();
    let check = async |name: &str, expected: &str| {
        let path = folder.path().join(name);
        let error = try_open(&path).await.err().unwrap_or_else(|| panic!("{name} was opened"));
        assert!(error.starts_with(&format!("cannot open {}: ", path.display())), "{error}");
        assert!(error.contains(expected), "{name}: {error}");
    };

    std::fs::create_dir(folder.path().join("folder")).unwrap();
    check("folder", "may create and write").await;

    std::fs::write(folder.path().join("garbage"), b"not a database ".repeat(1_000)).unwrap();
    check("garbage", "it is no SQLite database").await;
    check("garbage/x.db", "may create and write").await;

    // A sound first page, and nothing behind it that makes sense.
    let store = open(&folder.path().join("damaged")).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    store.store.close().await;
    let mut bytes = std::fs::read(folder.path().join("damaged")).unwrap();
    bytes[4096..].fill(0x5a);
    std::fs::write(folder.path().join("damaged"), &bytes).unwrap();
    check("damaged", "restore a backup").await;
    bytes.truncate(6_000);
    std::fs::write(folder.path().join("cut"), &bytes).unwrap();
    check("cut", "restore a backup").await;

    let other = raw(&folder.path().join("other")).await;
    other.execute_unprepared("CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT)").await.unwrap();
    check("other", "it belongs to another program").await;
    let tables = other.query_all_raw(statement("SELECT name FROM sqlite_schema")).await.unwrap();
    let tables: Vec<String> = tables.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(tables, ["users"], "nothing was added to it");
}

#[tokio::test]
async fn another_url_is_refused() {
    let error = store_sea_orm::sqlite::open("postgres://me:secret@host/x", options(1)).await.err().unwrap().to_string();
    assert!(error.contains("sqlite://data/x.db") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_path_may_hold_what_means_something_in_a_url() {
    let (folder, _) = path();
    let path = folder.path().join("50% sure?mode=ro#1.db");
    open(&path).await;
    assert!(path.is_file());
}

#[test]
fn many_that_start_on_an_empty_path_all_come_up() {
    for _ in 0..5 {
        let (_folder, path) = path();
        let start = |number: u64| {
            let path = &path;
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let store = try_open(path).await?;
                    store.users.insert(&context(), &somebody(number)).await.map_err(|error| error.to_string())?;
                    store.store.close().await;
                    Ok::<_, String>(())
                })
            }
        };
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16).map(|number| scope.spawn(start(number))).collect();
            for started in starts {
                started.join().unwrap().unwrap();
            }
        });
    }
}

#[tokio::test]
async fn a_file_that_the_other_orm_made_opens() {
    let (folder, _) = path();
    let path = folder.path().join("x.db");
    let made = raw(&path).await;
    made.execute_unprepared(
        "CREATE TABLE users (
            id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, email_key TEXT NOT NULL,
            password_hash TEXT NOT NULL, role TEXT NOT NULL CHECK (role IN ('user', 'admin')), version BIGINT NOT NULL,
            credentials_version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
         CREATE UNIQUE INDEX users_email_key ON users (email_key);
         CREATE INDEX users_role_id ON users (role, id);
         INSERT INTO users VALUES ('0190f5fe-7c00-7000-8000-000000000001', 'Ada', 'Ada@example.com', 'ada@example.com',
            '$argon2id$', 'admin', 3, 2, 1700000000000, 1700000000001);",
    )
    .await
    .unwrap();
    let store = open(&path).await;
    let ada = store.users.find_by_email(&context(), &EmailKey::of("ADA@example.com")).await.unwrap().unwrap();
    assert_eq!((ada.id.to_string().as_str(), ada.role), ("0190f5fe-7c00-7000-8000-000000000001", Role::Admin));
    assert_eq!((ada.version, ada.credentials_version), (3, 2));
    assert_eq!((ada.created_at.as_millis(), ada.updated_at.as_millis()), (1_700_000_000_000, 1_700_000_000_001));
    store.store.close().await;
    open(&path).await;
}

#[tokio::test]
async fn the_tables_are_as_the_other_orm_expects() {
    let (_folder, path) = path();
    open(&path).await;
    let raw = raw(&path).await;
    let columns =
        "SELECT name || ' ' || upper(type) || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('users')";
    let columns: Vec<String> = raw
        .query_all_raw(statement(columns))
        .await
        .unwrap()
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    let expected = [
        "id TEXT 1 1",
        "name TEXT 1 0",
        "email TEXT 1 0",
        "email_key TEXT 1 0",
        "password_hash TEXT 1 0",
        "role TEXT 1 0",
        "version BIGINT 1 0",
        "credentials_version BIGINT 1 0",
        "created_at BIGINT 1 0",
        "updated_at BIGINT 1 0",
    ];
    assert_eq!(columns, expected);
    let refused = raw.execute_unprepared("INSERT INTO users VALUES ('', '', '', '', '', 'root', 1, 1, 0, 0)").await;
    assert!(refused.unwrap_err().to_string().contains("CHECK constraint failed"));
}

#[tokio::test]
async fn the_file_opens_while_another_process_writes() {
    let (_folder, path) = path();
    open(&path).await.store.close().await;
    let other = raw(&path).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let (opened, ()) = tokio::join!(try_open(&path), async {
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
        other.execute_unprepared("ROLLBACK").await.unwrap();
    });
    opened.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_made_can_be_read_by_nobody_else_and_what_is_there_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    let store = open(&at("data/new/x.db")).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    for name in ["data", "data/new"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    for name in ["data/new/x.db", "data/new/x.db-wal", "data/new/x.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }

    std::fs::set_permissions(at("data"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(at("data/y.db"), "").unwrap();
    std::fs::set_permissions(at("data/y.db"), PermissionsExt::from_mode(0o640)).unwrap();
    let store = open(&at("data/y.db")).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(["data", "data/y.db", "data/y.db-wal"].map(mode), [0o755, 0o640, 0o640]);
}
