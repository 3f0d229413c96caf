//! A request can be given up at any `.await`: its future is dropped there. No connection may keep half a change.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod shop;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, SqliteTransactionMode, Statement};
use sea_orm::{TransactionOptions, TransactionTrait};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::User;
use shared::repository::Repositories;
use shared::store_contract::options;
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
    store_sea_orm::sqlite::open(&format!("sqlite://{}", path.display()), options(4)).await.unwrap()
}

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn somebody(number: u64) -> User {
    let mut user = user(number, unusable_hash());
    user.email = format!("user{number}@example.com");
    user
}

/// Polls a future so many times at most, then drops it.
async fn cancelled_after<T>(polls: u64, future: impl Future<Output = T>) -> Option<T> {
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
async fn a_write_that_is_cancelled_anywhere_leaves_the_connection_usable() {
    let (_folder, path) = path();
    let (store, other) = (open(&path).await, open(&path).await);
    for number in 0.. {
        let (first, second) = (somebody(2 * number), somebody(2 * number + 1));
        let inserted = cancelled_after(number, store.users.insert(&context(), &first)).await;
        // From the same connection, and from one that would meet its lock.
        store.users.insert(&context(), &second).await.unwrap();
        other.users.delete(&context(), second.id, 1).await.unwrap();
        // What was cancelled happened or did not, as a whole.
        let found = other.users.find(&context(), first.id).await.unwrap();
        assert!(found.is_none() || found == Some(first));
        if inserted.is_some() {
            break;
        }
    }
    soon(|| store.store.pool().in_use == 0).await;
    assert_eq!(store.store.pool().waiting, 0);
}

#[tokio::test]
async fn a_refusal_that_is_cancelled_anywhere_leaves_the_connection_usable() {
    let (_folder, path) = path();
    let (store, other) = (open(&path).await, open(&path).await);
    let admin = user(0, unusable_hash());
    store.users.insert(&context(), &admin).await.unwrap();
    for polls in 0.. {
        let refused = cancelled_after(polls, store.users.delete(&context(), admin.id, 1)).await;
        let name = format!("after {polls} polls");
        let version = i64::try_from(polls).unwrap() + 1;
        let admin = User { name, version: version + 1, ..admin.clone() };
        other.users.update(&context(), &admin, version).await.unwrap();
        if refused.is_some() {
            break;
        }
    }
}

#[tokio::test]
async fn a_start_that_is_cancelled_anywhere_does_not_keep_the_next_from_starting() {
    for polls in 0.. {
        let (_folder, path) = path();
        let opened = cancelled_after(polls, open(&path)).await;
        open(&path).await.users.insert(&context(), &somebody(1)).await.unwrap();
        if opened.is_some() {
            break;
        }
    }
}

#[tokio::test]
async fn an_order_that_is_dropped_anywhere_is_placed_as_a_whole_or_not_at_all() {
    let (_folder, path) = path();
    let (store, other) = (open(&path).await, open(&path).await);
    shop::what_is_dropped_anywhere_happens_as_a_whole_or_not_at_all(&store, &other).await;
}

/// What placing an order relies on, and the schema at start.
#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back_before_its_connection_is_used_again() {
    let (folder, _) = path();
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", folder.path().join("x.db").display()));
    options.max_connections(1);
    let database = Database::connect(options).await.unwrap();
    database.execute_unprepared("CREATE TABLE t (n)").await.unwrap();
    let immediate =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    for polls in 0.. {
        let change = async {
            let transaction = database.begin_with_options(immediate).await?;
            transaction.execute_unprepared("INSERT INTO t VALUES (1)").await?;
            transaction.execute_unprepared("INSERT INTO t VALUES (2)").await?;
            transaction.commit().await
        };
        let changed = cancelled_after(polls, change).await;
        database.begin_with_options(immediate).await.unwrap().rollback().await.unwrap();
        let count = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM t");
        let count = database.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(count.try_get_by_index::<i64>(0).unwrap() % 2, 0);
        if changed.is_some() {
            break;
        }
    }
}
