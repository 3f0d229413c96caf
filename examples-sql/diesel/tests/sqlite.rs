//! What the store makes of SQLite: several processes on one file, locks, files that go away, the query log.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

mod shop;

use diesel::connection::SimpleConnection;
use diesel::prelude::{Connection, RunQueryDsl};
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Order, OrderId, OrderStatus, Role, User};
use shared::repository::{Repositories, SalesQuery, StoreError, UserQuery};
use shared::store_contract::options;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(5), true)
}

fn user(number: u64) -> User {
    demo::user(number, demo::unusable_hash())
}

async fn open(path: &Path) -> Repositories {
    store_diesel::sqlite::open(&format!("sqlite://{}", path.display()), options(2)).await.unwrap()
}

async fn fixture() -> (TempDir, PathBuf, Repositories) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let opened = open(&path).await;
    (folder, path, opened)
}

#[test]
fn sqlite_was_compiled_with_the_query_planner_stability_guarantee() {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    let options: Vec<String> = diesel::dsl::sql::<Text>("PRAGMA compile_options").load(&mut connection).unwrap();
    let advice = "LIBSQLITE3_FLAGS in .cargo/config.toml did not take effect: run `cargo clean -p libsqlite3-sys`";
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "{advice}");
}

#[tokio::test]
async fn two_processes_on_one_file_see_each_others_writes() {
    let (_folder, path, one) = fixture().await;
    let other = open(&path).await;
    one.users.insert(&context(), &user(1)).await.unwrap();
    assert_eq!(other.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    let after = User { name: "Another".to_owned(), version: 2, ..user(1) };
    other.users.update(&context(), &after, 1).await.unwrap();
    assert_eq!(one.users.find(&context(), user(1).id).await.unwrap(), Some(after.clone()));
    assert!(matches!(one.users.update(&context(), &after, 1).await, Err(StoreError::VersionConflict)));
    one.users.delete(&context(), user(1).id, 2).await.unwrap();
    assert_eq!(other.users.find_by_email(&context(), &user(1).email_key()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn inserts_at_once_through_two_opens_give_no_error() {
    let (_folder, path, one) = fixture().await;
    let stores = [one, open(&path).await];
    let task = |number: u64| {
        let store = stores.iter().cycle().nth(usize::try_from(number).unwrap()).unwrap().clone();
        tokio::spawn(async move {
            for step in 0..25 {
                store.users.insert(&context(), &user(number * 25 + step)).await.unwrap();
            }
        })
    };
    for running in (0..8).map(task).collect::<Vec<_>>() {
        running.await.unwrap();
    }
    let query = UserQuery { role: None, after: None, limit: 1_000 };
    for store in &stores {
        let listed = store.users.list(&context(), &query).await.unwrap();
        assert_eq!(listed, (0..200).map(user).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let (_folder, path, one) = fixture().await;
    one.users.insert(&context(), &user(1)).await.unwrap();
    one.store.close().await;
    assert_eq!(open(&path).await.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
}

#[tokio::test]
async fn a_lock_is_waited_for_and_a_lasting_one_makes_the_store_unavailable() {
    let (_folder, path, store) = fixture().await;
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let written = store.users.insert(&context(), &user(1)).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!((1_900..4_000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    // Readers wait for nobody.
    assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), None);
    store.store.ping(&context()).await.unwrap();

    let ends = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        other.batch_execute("ROLLBACK").unwrap();
    });
    store.users.insert(&context(), &user(1)).await.unwrap();
    ends.join().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_deleted_takes_no_more_writes_and_one_that_is_back_does() {
    let (folder, path, store) = fixture().await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    let aside = folder.path().join("aside.db");
    std::fs::rename(&path, &aside).unwrap();
    assert!(matches!(store.users.insert(&context(), &user(2)).await, Err(StoreError::Unavailable(_))));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(matches!(store.store.ping(&context()).await, Err(StoreError::Unavailable(_))));
    std::fs::rename(&aside, &path).unwrap();
    store.store.ping(&context()).await.unwrap();
    store.users.insert(&context(), &user(3)).await.unwrap();
    assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    assert_eq!(store.users.find(&context(), user(2).id).await.unwrap(), None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_replaced_is_opened_again() {
    let (folder, path, store) = fixture().await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    let backup = folder.path().join("backup.db");
    let other = open(&backup).await;
    other.users.insert(&context(), &user(2)).await.unwrap();
    other.store.close().await;
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", path.display())).unwrap();
    }
    std::fs::rename(&backup, &path).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.users.insert(&context(), &user(3)).await.unwrap();
    let query = UserQuery { role: None, after: None, limit: 10 };
    for _ in 0..4 {
        assert_eq!(store.users.list(&context(), &query).await.unwrap(), [user(2), user(3)]);
    }
    store.store.close().await;
    assert_eq!(open(&path).await.users.list(&context(), &query).await.unwrap(), [user(2), user(3)]);
}

#[tokio::test]
async fn rows_that_this_program_does_not_write_are_an_internal_error() {
    let (_folder, path, store) = fixture().await;
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let row = "INSERT INTO users VALUES ('no uuid', 'n', 'e', 'e', 'h', 'user', 1, 1, 1, 1)";
    other.batch_execute(row).unwrap();
    let found = store.users.list(&context(), &UserQuery { role: None, after: None, limit: 10 }).await;
    assert!(matches!(found, Err(StoreError::Internal(_))), "{found:?}");
    store.users.insert(&context(), &user(1)).await.unwrap();
    assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
}

#[tokio::test]
async fn the_query_log_holds_statements_and_types_but_no_values() {
    let (_folder, _path, store) = fixture().await;
    let secret = User { name: "Hidden, \"value\" -- binds: [\\".to_owned(), ..user(1) };
    let context = traced();
    store.users.insert(&context, &secret).await.unwrap();
    store.users.find(&context, secret.id).await.unwrap();
    let query = UserQuery { role: Some(Role::User), after: None, limit: 2 };
    store.users.list(&context, &query).await.unwrap();
    store.users.delete(&context, secret.id, 7).await.unwrap_err();

    let statements = context.statements();
    let begins: Vec<_> = statements.iter().map(|one| one.statement.split([' ', '`']).next().unwrap()).collect();
    let write = ["BEGIN", "DELETE", "SELECT", "ROLLBACK"];
    assert_eq!(begins, [["BEGIN", "INSERT", "COMMIT"].as_slice(), &["SELECT", "SELECT"], &write].concat());
    let parameters = |number: usize| statements.get(number).unwrap().parameters.clone();
    assert_eq!(parameters(0), Vec::<&str>::new());
    assert_eq!(parameters(1), [["text"; 6].as_slice(), &["integer"; 4]].concat());
    assert_eq!(parameters(3), ["text"]);
    assert_eq!(parameters(4), ["text", "text", "integer"]);
    for one in &statements {
        let shown = format!("{one:?}");
        assert!(!shown.contains("Hidden") && !shown.contains(&secret.id.to_string()), "{shown}");
        assert!(one.duration > Duration::ZERO && one.duration < Duration::from_secs(5), "{shown}");
    }
    // The hook goes with the request.
    store.users.find(&RequestContext::internal("untraced"), secret.id).await.unwrap();
    assert_eq!(context.statements().len(), statements.len());
}

#[tokio::test]
async fn what_a_shop_does_is_a_constant_number_of_statements() {
    let (_folder, _path, store) = fixture().await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    for number in 1..=20 {
        store.products.insert(&context(), &shop::product(number)).await.unwrap();
    }
    let check = |context: &RequestContext, expected: &[&str]| {
        let statements = context.statements();
        let begins: Vec<_> = statements.iter().map(|one| one.statement.split([' ', '`']).next().unwrap()).collect();
        assert_eq!(begins, expected);
    };
    for length in [1, 20] {
        let wanted: Vec<_> = (1..=length).map(|number| (number, 2)).collect();
        let order = shop::order(&user(1), &wanted);
        let placing = traced();
        store.orders.place(&placing, &order).await.unwrap();
        check(&placing, &["BEGIN", "SELECT", "INSERT", "INSERT", "UPDATE", "COMMIT"]);
        let parameters = placing.statements().get(2).unwrap().parameters.clone();
        assert_eq!(parameters, [["text"; 3].as_slice(), &["integer"; 3], &["null"], &["integer"; 3]].concat());
        let reading = traced();
        assert_eq!(store.orders.find(&reading, order.id).await.unwrap(), Some(order.clone()));
        check(&reading, &["SELECT", "SELECT"]);
        let changing = traced();
        let paid = shop::moved(&order, OrderStatus::Paid);
        store.orders.update(&changing, &order, &paid).await.unwrap();
        store.reports.sales(&changing, &SalesQuery { from: None, to: None }).await.unwrap();
        store.orders.update(&changing, &paid, &shop::moved(&paid, OrderStatus::Cancelled)).await.unwrap();
        check(&changing, &["BEGIN", "UPDATE", "COMMIT", "SELECT", "BEGIN", "UPDATE", "UPDATE", "COMMIT"]);
    }
    let refused = traced();
    store.orders.place(&refused, &shop::order(&user(1), &[(1, 1), (2, shop::STOCK + 1)])).await.unwrap_err();
    check(&refused, &["BEGIN", "SELECT", "ROLLBACK"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_placings_have_happened_as_a_whole_or_not_at_all() {
    let (_folder, _path, store) = fixture().await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    for number in 1..=3 {
        store.products.insert(&context(), &shop::product(number)).await.unwrap();
    }
    let (mut tried, mut acknowledged) = (BTreeMap::<OrderId, Order>::new(), BTreeSet::new());
    for step in 0..300_u64 {
        let order = shop::order(&user(1), &[(1 + step % 3, 1), (1 + (step + 1) % 3, 2)]);
        let (placer, id) = (store.clone(), order.id);
        tried.insert(id, order.clone());
        let placing = tokio::spawn(async move { placer.orders.place(&context(), &order).await });
        tokio::time::sleep(Duration::from_micros(step * 37 % 3_000)).await;
        placing.abort();
        if let Ok(placed) = placing.await {
            placed.unwrap();
            acknowledged.insert(id);
        }
    }
    // The writer takes its queue in order: when this is answered, no placing that was dropped is still under way.
    store.users.insert(&context(), &user(2)).await.unwrap();
    shop::check_books(&store, &[user(1)], 3, &tried, &acknowledged).await;
}
