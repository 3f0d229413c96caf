//! What is SQLite's and SeaORM's own: opening, locks, cancellation, the query log. The rest is in `contract.rs`.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod shop;

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionOptions, TransactionTrait};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{User, UserId};
use shared::repository::{Repositories, StoreError, UserQuery};
use shared::store_contract::options;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder of its own for each test, and the path of a database in it that is not there yet.
fn path() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/x.db");
    (folder, path)
}

async fn open(path: &Path) -> Repositories {
    store_sea_orm::sqlite::open(&format!("sqlite://{}", path.display()), options(4)).await.unwrap()
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

#[tokio::test]
async fn sqlite_was_compiled_with_the_query_planner_stability_guarantee() {
    let memory = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    let options = memory.query_all_raw(statement("PRAGMA compile_options")).await.unwrap();
    let options: Vec<String> = options.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let advice = "LIBSQLITE3_FLAGS in .cargo/config.toml did not take effect: run `cargo clean -p libsqlite3-sys`";
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "{advice}");
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

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
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

#[cfg(unix)]
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

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_replaced_is_opened_again() {
    let (folder, path) = path();
    let store = open(&path).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let backup = folder.path().join("backup.db");
    let other = open(&backup).await;
    other.users.insert(&context(), &somebody(2)).await.unwrap();
    other.store.close().await;
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", path.display())).unwrap();
    }
    std::fs::rename(&backup, &path).unwrap();
    store.users.insert(&context(), &somebody(3)).await.unwrap();
    let lists: Vec<_> = (0..8)
        .map(|_| {
            let users = store.users.clone();
            tokio::spawn(async move { users.list(&context(), &all()).await.unwrap() })
        })
        .collect();
    for listed in lists {
        assert_eq!(listed.await.unwrap(), [somebody(2), somebody(3)]);
    }
    store.store.close().await;
    assert_eq!(open(&path).await.users.list(&context(), &all()).await.unwrap(), [somebody(2), somebody(3)]);
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
async fn each_operation_sends_what_the_documentation_says() {
    let (_folder, path) = path();
    shop::each_operation_sends_what_the_documentation_says(&open(&path).await).await;
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
