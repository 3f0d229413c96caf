//! Opening a file, and what is said about one that cannot be opened.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod shop;
mod sibling;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::User;
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
    for script in sibling::SQLITE.iter().chain(&sibling::ROWS) {
        made.execute_unprepared(script).await.unwrap();
    }
    let store = open(&path).await;
    sibling::the_rows_are_read(&store).await;
    store.store.close().await;
    open(&path).await;
}

async fn texts(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = database.query_all_raw(statement(sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn the_tables_are_as_the_other_orm_expects() {
    let (folder, path) = path();
    open(&path).await;
    let (ours, theirs) = (raw(&path).await, raw(&folder.path().join("theirs.db")).await);
    for script in sibling::SQLITE {
        theirs.execute_unprepared(script).await.unwrap();
    }
    let tables = "(SELECT name AS t FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%migrations')";
    for (sql, count) in [
        (
            format!(
                "SELECT concat_ws(' ', t, c.name, upper(type), \"notnull\", pk) FROM {tables}, pragma_table_info(t) AS c"
            ),
            39,
        ),
        (
            format!(
                "SELECT concat_ws(' ', t, i.name, i.\"unique\", (SELECT group_concat(name) FROM pragma_index_info(i.name))) \
                 FROM {tables}, pragma_index_list(t) AS i"
            ),
            12,
        ),
        (
            format!(
                "SELECT concat_ws(' ', t, \"table\", \"from\", \"to\", on_update, on_delete) \
                 FROM {tables}, pragma_foreign_key_list(t)"
            ),
            2,
        ),
    ] {
        let [mut ours, mut theirs] = [texts(&ours, &sql).await, texts(&theirs, &sql).await];
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), count, "{ours:?}");
    }
    for script in sibling::ROWS {
        ours.execute_unprepared(script).await.unwrap();
    }
    for refused in [
        "UPDATE users SET role = 'root'",
        "UPDATE products SET stock = -1",
        "UPDATE products SET price_cents = -1",
        "UPDATE products SET attributes = 'x'",
        "UPDATE orders SET status = 'lost'",
        "UPDATE order_lines SET quantity = 0",
    ] {
        let refused = ours.execute_unprepared(refused).await.unwrap_err().to_string();
        assert!(refused.contains("CHECK constraint failed"), "{refused}");
    }
    for refused in ["DELETE FROM users", "DELETE FROM orders"] {
        let refused = ours.execute_unprepared(refused).await.unwrap_err().to_string();
        assert!(refused.contains("FOREIGN KEY constraint failed"), "{refused}");
    }
}

/// As the first version left it, with users alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_version_is_brought_up_to_date_by_many_at_once() {
    let (_folder, path) = path();
    let store = open(&path).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    store.store.close().await;
    let old = raw(&path).await;
    for undo in [
        "DROP TABLE order_lines",
        "DROP TABLE orders",
        "DROP TABLE products",
        "DELETE FROM seaql_migrations WHERE version <> 'm20260101_000001_create_users'",
    ] {
        old.execute_unprepared(undo).await.unwrap();
    }
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { try_open(&path).await })
        })
        .collect();
    for started in starts {
        started.await.unwrap().unwrap();
    }
    let (store, lamp) = (open(&path).await, shop::product(1, 5));
    store.products.insert(&context(), &lamp).await.unwrap();
    let order = shop::order(&somebody(1), &[(&lamp, 2)]);
    store.orders.place(&context(), &order).await.unwrap();
    assert_eq!(store.orders.find(&context(), order.id).await.unwrap(), Some(order));
    assert_eq!(texts(&old, "SELECT version FROM seaql_migrations").await.len(), 4);
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
