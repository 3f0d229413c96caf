//! The loops count what they do, and what they write is all there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use rusqlite::Connection;
use serde_json::Value;
use server::Store;
use shared::demo;
use support::{Seeded, measured, run};

/// A loop that is over soon.
fn quick(name: &'static str, seeded: &Seeded, more: &[&str]) -> Value {
    let url = seeded.url.as_str();
    let arguments = ["loop", name, "--database-url", url, "--seconds", "0.5", "--warm-up-seconds", "0.2"];
    let measured = measured(&[&arguments, more].concat());
    let latency = ["p50", "p90", "p99", "p999", "max"].map(|name| measured["latency_ms"][name].as_f64().unwrap());
    assert!(measured["requests"].as_u64().unwrap() > 0, "{measured}");
    // Nothing here is over within 100 ns.
    assert!(latency.is_sorted() && latency[0] > 1e-4, "{measured}");
    assert_eq!(measured["seconds"], 0.5);
    assert!(measured["cpu_seconds"].is_f64(), "{measured}");
    measured
}

/// A file that one of the stores made.
fn file(seeded: &Seeded) -> Connection {
    Connection::open(seeded.url.strip_prefix("sqlite://").unwrap()).unwrap()
}

fn number(file: &Connection, query: &str) -> i64 {
    file.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn sqlite_read_finds_all_users_or_those_of_a_file() {
    let seeded = Seeded::new(Store::DieselSqlite);
    quick("sqlite-read", &seeded, &["--connections", "3"]);

    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    let id = |number| demo::user(number, demo::unusable_hash()).id;
    std::fs::write(&ids, format!("{}\n\n{}\n", id(1), id(2))).unwrap();
    quick("sqlite-read", &seeded, &["--tasks", "2", "--ids", ids.to_str().unwrap()]);
}

#[test]
fn who_is_not_found_is_an_error_and_no_request() {
    let seeded = Seeded::new(Store::DieselSqlite);
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    std::fs::write(&ids, "nobody\n").unwrap();
    let arguments = ["--database-url", &seeded.url, "--seconds", "0.3", "--ids", ids.to_str().unwrap()];
    let output = run(&[&["loop", "sqlite-read"], &arguments[..]].concat());
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(measured["requests"], 0);
    assert!(measured["errors"].as_u64().unwrap() > 0, "{measured}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no user nobody"));
}

/// The warm-up writes, too, so there are more orders than were counted, but none that was not done; and whatever is in a line is
/// out of the stock.
fn check_orders(group: u64) {
    let seeded = Seeded::new(Store::DieselSqlite);
    let file = file(&seeded);
    file.execute("UPDATE products SET stock = 1000000", []).unwrap();
    let (orders, lines) = ("SELECT COUNT(*) FROM orders", "SELECT COUNT(*) FROM order_lines");
    let (units, versions) = ("SELECT SUM(quantity) FROM order_lines", "SELECT SUM(version) FROM products");
    let stock = "SELECT SUM(stock) FROM products";
    let before = [orders, lines, units, versions, stock].map(|query| number(&file, query));

    let measured = quick("sqlite-order", &seeded, &["--group", &group.to_string()]);
    let after = [orders, lines, units, versions, stock].map(|query| number(&file, query));
    let [orders, lines, units, versions, stock] = std::array::from_fn(|index| after[index] - before[index]);
    assert_eq!(Some(orders), measured["done"].as_i64(), "{measured}");
    assert!(Some(orders) >= measured["requests"].as_i64(), "{measured}");
    assert_eq!(orders % i64::try_from(group).unwrap(), 0);
    assert_eq!([lines, units, versions, -stock], [orders * 3; 4]);
    // Prices, references and positions are those of a store's own orders.
    let unpaid = "SELECT COUNT(*) FROM orders WHERE total_cents <> \
                  (SELECT SUM(revenue_cents) FROM order_lines WHERE order_id = orders.id)";
    assert_eq!(number(&file, unpaid), 0);
    assert_eq!(number(&file, "SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
    let listed = seeded.with(async |store| {
        let mut listed = 0;
        for number in 1..=demo::USERS {
            let customer = demo::user(number, demo::unusable_hash()).id;
            let query = shared::repository::OrderQuery { customer, status: None, after: None, limit: 1_000_000 };
            listed += store.orders.list(&support::context(), &query).await.unwrap().len();
        }
        listed
    });
    assert_eq!(i64::try_from(listed).unwrap(), after[0]);
}

#[test]
fn sqlite_order_sells_what_it_writes() {
    check_orders(1);
}

#[test]
fn sqlite_order_commits_groups_together() {
    check_orders(16);
}

#[test]
fn what_is_sold_out_is_an_error_that_leaves_nothing() {
    let seeded = Seeded::new(Store::DieselSqlite);
    let file = file(&seeded);
    file.execute("UPDATE products SET stock = 0 WHERE id > (SELECT MIN(id) FROM products)", []).unwrap();
    let sums = "SELECT SUM(stock) + SUM(version) + (SELECT COUNT(*) FROM orders) FROM products";
    let before = number(&file, sums);
    let output = run(&["loop", "sqlite-order", "--database-url", &seeded.url, "--seconds", "0.3", "--group", "2"]);
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(measured["requests"], 0);
    assert!(measured["errors"].as_u64().unwrap() > 0, "{measured}");
    assert_eq!(number(&file, sums), before);
}

#[test]
fn argon2id_hashes_with_the_parameters_of_the_project() {
    let arguments = ["loop", "argon2id", "--tasks", "2", "--seconds", "1", "--warm-up-seconds", "0.2"];
    assert!(measured(&arguments)["requests"].as_u64().unwrap() > 0);
    // What the loop takes for granted.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let hash = runtime.block_on(shared::passwords::Passwords::start(1).unwrap().hash("correct horse")).unwrap();
    let params = argon2::Params::DEFAULT;
    let expected = format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost());
    assert!(hash.as_phc().starts_with(&expected), "{} is not {expected}", hash.as_phc());
}

#[test]
fn a_loop_says_what_it_lacks() {
    for (arguments, expected) in [
        (&["loop", "sqlite-read"][..], "sqlite://data/x.db"),
        (&["loop", "sqlite-read", "--database-url", "sqlite:///none/x.db"], "cannot be read"),
        (&["loop", "argon2id", "--seconds=-1"], "--seconds"),
        (&["loop", "argon2id", "--tasks", "0"], "--tasks"),
    ] {
        let output = run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(expected), "{arguments:?}: {error}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_read_finds_users() {
    quick("postgres-read", &Seeded::new(Store::DieselPostgres), &["--tasks", "4", "--connections", "2"]);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_read_finds_users() {
    quick("mysql-read", &Seeded::new(Store::DieselMysql), &["--tasks", "4", "--connections", "2"]);
}

#[cfg(feature = "redis")]
#[test]
fn redis_read_finds_users() {
    quick("redis-read", &Seeded::new(Store::Redis), &["--tasks", "4", "--connections", "2"]);
}

#[cfg(feature = "mongodb")]
#[test]
fn mongodb_read_finds_users() {
    quick("mongodb-read", &Seeded::new(Store::Mongodb), &["--tasks", "4", "--connections", "2"]);
}

#[cfg(feature = "dynamodb")]
#[test]
fn dynamodb_read_finds_users() {
    quick("dynamodb-read", &Seeded::new(Store::Dynamodb), &["--tasks", "4", "--connections", "2"]);
}
