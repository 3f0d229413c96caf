//! What is SQLite's and SeaORM's own: opening, locks, cancellation, the query log. The rest is in `contract.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionOptions, TransactionTrait};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{Repositories, StoreError, UserQuery};
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
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
    let opened = store_sea_orm::open(&format!("sqlite://{}", path.display()), 4).await;
    opened.map_err(|error| error.to_string())
}

/// The file, by the driver alone.
async fn raw(path: &Path) -> DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", path.display())).await.unwrap()
}

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

fn somebody(number: u64) -> User {
    let mut user = user(number, unusable_hash());
    user.email = format!("user{number}@example.com");
    user
}

fn all() -> UserQuery {
    UserQuery { role: None, after: None, limit: 1_000 }
}

/// Polls a future so many times at most, then drops it.
async fn cancelled_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn soon(mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(5), "not so after five seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_query_planner_is_stable() {
    let memory = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    let options = memory.query_all_raw(statement("PRAGMA compile_options")).await.unwrap();
    let options: Vec<String> = options.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"), ".cargo/config.toml was not heeded: {options:?}");
}

#[tokio::test]
async fn two_stores_on_one_file_see_each_others_writes() {
    let (_folder, path) = path();
    let (one, other) = (open(&path).await, open(&path).await);
    one.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(other.users.find(&context(), somebody(1).id).await.unwrap(), Some(somebody(1)));
    other.users.delete(&context(), somebody(1).id, 1).await.unwrap();
    assert_eq!(one.users.find(&context(), somebody(1).id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_inserts_over_two_stores_all_succeed() {
    let (_folder, path) = path();
    let stores = [open(&path).await, open(&path).await];
    let inserts: Vec<_> = (0..200)
        .map(|number| {
            let users = stores[number as usize % 2].users.clone();
            tokio::spawn(async move { users.insert(&context(), &somebody(number)).await })
        })
        .collect();
    for insert in inserts {
        insert.await.unwrap().unwrap();
    }
    assert_eq!(stores[0].users.list(&context(), &all()).await.unwrap().len(), 200);
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
    check("folder", "name a file in it").await;

    std::fs::write(folder.path().join("garbage"), b"not a database ".repeat(1_000)).unwrap();
    check("garbage", "this is no SQLite database").await;
    check("garbage/x.db", "name a file in a folder that this program may write to").await;

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
    check("other", "its tables are another program's").await;
}

#[tokio::test]
async fn another_url_is_refused() {
    let error = store_sea_orm::open("postgres://me:secret@host/x", 1).await.err().unwrap().to_string();
    assert!(error.contains("sqlite://data/x.db") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_path_may_hold_what_means_something_in_a_url() {
    let (folder, _) = path();
    let path = folder.path().join("50% sure?mode=ro#1.db");
    open(&path).await;
    assert!(path.is_file());
}

#[tokio::test]
async fn a_write_that_is_cancelled_anywhere_leaves_the_connection_usable() {
    let (_folder, path) = path();
    let (store, other) = (open(&path).await, open(&path).await);
    let admin = user(0, unusable_hash());
    store.users.insert(&context(), &admin).await.unwrap();
    for polls in 0..12 {
        let number = polls as u64 * 2 + 1;
        let (first, second) = (somebody(number), somebody(number + 1));
        cancelled_after(polls, store.users.insert(&context(), &first)).await;
        // From the same connection, and from one that would meet its lock.
        store.users.insert(&context(), &second).await.unwrap();
        other.users.delete(&context(), second.id, 1).await.unwrap();
        // A refused change sends two statements, so there are more places to stop at.
        cancelled_after(polls, store.users.delete(&context(), admin.id, 1)).await;
        cancelled_after(polls, store.users.list(&context(), &all())).await;
        // What was cancelled happened or did not, as a whole.
        let found = other.users.find(&context(), first.id).await.unwrap();
        assert!(found.is_none() || found == Some(first));
    }
    soon(|| store.store.pool().in_use == 0).await;
    assert_eq!(store.store.pool().waiting, 0);
}

#[tokio::test]
async fn a_start_that_is_cancelled_anywhere_does_not_keep_the_next_from_starting() {
    for polls in 0..40 {
        let (_folder, path) = path();
        cancelled_after(polls, open(&path)).await;
        open(&path).await.users.insert(&context(), &somebody(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back_before_its_connection_is_used_again() {
    let (folder, _) = path();
    let database = raw(&folder.path().join("x.db")).await;
    database.execute_unprepared("CREATE TABLE t (n)").await.unwrap();
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    for polls in 0..20 {
        let change = async {
            let transaction = database.begin_with_options(immediate).await?;
            transaction.execute_unprepared("INSERT INTO t VALUES (1)").await?;
            transaction.execute_unprepared("INSERT INTO t VALUES (2)").await?;
            transaction.commit().await
        };
        cancelled_after(polls, change).await;
        database.begin_with_options(immediate).await.unwrap().rollback().await.unwrap();
        let count = database.query_one_raw(statement("SELECT count(*) FROM t")).await.unwrap().unwrap();
        assert_eq!(count.try_get_by_index::<i64>(0).unwrap() % 2, 0);
    }
}

#[tokio::test]
async fn a_lock_of_another_process_is_a_fault_and_the_queue_behind_it_an_overload() {
    let (_folder, path) = path();
    let store = open(&path).await;
    let other = raw(&path).await;
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let lock = other.begin_with_options(immediate).await.unwrap();
    let (context, users) = (context(), [somebody(1), somebody(2), somebody(3)]);
    let started = Instant::now();
    let watch = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (store.store.pool(), store.store.ping(&context).await)
    };
    let (first, second, third, (pool, ping)) = tokio::join!(
        store.users.insert(&context, &users[0]),
        store.users.insert(&context, &users[1]),
        store.users.insert(&context, &users[2]),
        watch
    );
    assert!(matches!(first, Err(StoreError::Unavailable(_))), "{first:?}");
    assert!(matches!(third, Err(StoreError::Overloaded)), "{third:?}");
    assert!(second.is_err() && started.elapsed() < Duration::from_secs(6));
    assert_eq!((pool.in_use, pool.waiting), (1, 2));
    ping.expect("readers do not wait for writers");
    lock.rollback().await.unwrap();
    store.users.insert(&context, &users[0]).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_gone_is_a_fault_and_nothing_is_acknowledged() {
    let (_folder, path) = path();
    let store = open(&path).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let away = path.with_extension("away");
    std::fs::rename(&path, &away).unwrap();
    let found = store.users.find(&context(), somebody(1).id).await;
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    let inserted = store.users.insert(&context(), &somebody(2)).await;
    assert!(matches!(inserted, Err(StoreError::Unavailable(_))), "{inserted:?}");
    assert!(store.store.ping(&context()).await.is_err());
    assert!(!path.exists(), "no empty database was made in its place");

    std::fs::rename(&away, &path).unwrap();
    store.users.insert(&context(), &somebody(2)).await.unwrap();
    assert!(store.users.find(&context(), somebody(1).id).await.unwrap().is_some());
}

#[tokio::test]
async fn data_that_this_program_cannot_have_written_is_an_internal_fault() {
    let (_folder, path) = path();
    let store = open(&path).await;
    let raw = raw(&path).await;
    for change in ["role = 'root'", "id = upper(id)", "created_at = 9223372036854775807", "version = 'one'"] {
        store.users.insert(&context(), &somebody(10)).await.unwrap();
        raw.execute_unprepared("PRAGMA ignore_check_constraints = ON").await.unwrap();
        raw.execute_unprepared(&format!("UPDATE users SET {change}")).await.unwrap();
        let listed = store.users.list(&context(), &all()).await;
        assert!(matches!(listed, Err(StoreError::Internal(_))), "{change}: {listed:?}");
        raw.execute_unprepared("DELETE FROM users").await.unwrap();
    }
}

#[tokio::test]
async fn statements_are_recorded_without_values_for_the_request_that_sent_them() {
    let (_folder, path) = path();
    let store = open(&path).await;
    let (one, other, user) = (traced(), traced(), somebody(1));
    let (insert, find) = tokio::join!(store.users.insert(&one, &user), store.users.find(&other, UserId::generate()));
    insert.unwrap();
    assert_eq!(find.unwrap(), None);

    let [insert] = &one.statements()[..] else { panic!("{:?}", one.statements()) };
    assert!(insert.statement.starts_with("INSERT INTO \"users\""), "{}", insert.statement);
    assert!(!insert.statement.contains("example.com"), "{}", insert.statement);
    assert_eq!(
        insert.parameters,
        ["text", "text", "text", "text", "text", "text", "integer", "integer", "integer", "integer"]
    );
    assert!(insert.duration > Duration::ZERO);

    let [find] = &other.statements()[..] else { panic!("{:?}", other.statements()) };
    assert!(find.statement.starts_with("SELECT ") && find.statement.contains("\"id\" = ?"), "{}", find.statement);
    assert_eq!(find.parameters, ["text", "integer"]);

    let refused = traced();
    let last = store.users.delete(&refused, somebody(1).id, 7).await;
    assert!(matches!(last, Err(StoreError::VersionConflict)));
    assert_eq!(refused.statements().len(), 2, "{:?}", refused.statements());

    let silent = context();
    store.users.find(&silent, somebody(1).id).await.unwrap();
    assert!(silent.statements().is_empty());
}

#[tokio::test]
async fn closing_leaves_one_file_and_no_connection() {
    let (_folder, path) = path();
    let store = open(&path).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    assert!(store.store.pool().size >= 2);
    store.store.close().await;
    assert_eq!((store.store.pool().size, store.store.pool().in_use), (0, 0));
    let files: Vec<_> =
        std::fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["x.db"]);
    assert!(matches!(store.users.list(&context(), &all()).await, Err(StoreError::Unavailable(_))));
}
