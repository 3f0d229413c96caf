//! How many round trips an operation takes in each store, and how its statements begin: a list is one statement however
//! long it is, and one that asked once for each of its items would show.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use clap::ValueEnum;
use contract::request::Request;
use serde_json::json;
use server::{Framework, Store};
use support::requests::{new_user, send, sign_in, value};
use support::shop::order;
use support::{Process, Start, folder, lasting_stores};

/// The statements of a request, each by its beginning.
type Statements = &'static [&'static str];

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_on_users_sends_what_is_stated() {
    for (framework, store) in in_turn(lasting_stores()) {
        let folder = folder();
        // 201 users: a page that asked once for each of them would show.
        let start = Start::new(framework, store, folder.path()).argument("--trace").argument("--seed-demo");
        let process = start.run().unwrap();
        let path = send(&process, new_user(1)).await.header("location").unwrap().to_owned();
        let login = || {
            let body = json!({"email": "u1@example.com", "password": "correct horse"});
            Request::new("POST", "/api/auth/login").json(&body)
        };
        let token = value(&send(&process, login()).await)["access_token"].as_str().unwrap().to_owned();
        let with = |method: &str, path: &str| Request::new(method, path).bearer(&token);
        let rename = || with("PATCH", &path).json(&json!({"name": "Somebody else"}));
        let [one, page, by_address, new, changed, deleted] = of_users(store);
        for (operation, request, expected) in [
            ("find", with("GET", &path), one),
            ("page-of-3", with("GET", "/api/users?limit=3"), page),
            ("page-of-100", with("GET", "/api/users?limit=100"), page),
            ("page-of-admins", with("GET", "/api/users?limit=100&role=admin"), page),
            ("register", new_user(2), new),
            ("login", login(), by_address),
            ("update", rename(), changed),
            ("delete", with("DELETE", &path), deleted),
        ] {
            // A token's user is asked for every few seconds, and after a change: so not during what is counted here.
            assert_eq!(send(&process, rename()).await.status, 200, "{framework} {store}");
            assert_eq!(send(&process, with("GET", "/api/users?limit=1")).await.status, 200, "{framework} {store}");
            sends(&process, &format!("{framework} {store} {operation}"), operation, request, expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_on_products_and_orders_sends_what_is_stated() {
    for (framework, store) in in_turn(lasting_stores()) {
        let folder = folder();
        let start = Start::new(framework, store, folder.path()).argument("--trace").argument("--seed-demo");
        let process = start.run().unwrap();
        let token = sign_in(&process, &start.credentials).await;
        let with = |method: &str, path: &str| Request::new(method, path).bearer(&token);
        let product = |number: u64| shared::demo::product(number).id.to_string();
        let products: Vec<String> = (1..=20).map(product).collect();
        let lines =
            |count: usize| -> Vec<(&str, u64)> { products[..count].iter().map(|id| (id.as_str(), 1)).collect() };
        let new_product = json!({"sku": "NEW", "name": "New", "category": "New", "price_cents": 1, "stock": 1});
        let me = value(&send(&process, with("GET", "/api/auth/me")).await)["id"].as_str().unwrap().to_owned();
        let placed = send(&process, order(&lines(2), None).bearer(&token)).await;
        assert_eq!(placed.status, 201, "{framework} {store}: {placed}");
        let path = placed.header("location").unwrap().to_owned();
        let moved = |status: &str| with("PATCH", &path).json(&json!({"status": status}));
        let [one, page, new, placing, keyed, found, orders, paid, cancelled, report] = of_orders(store);
        for (operation, request, expected) in [
            ("product", with("GET", &format!("/api/products/{}", products[0])), one),
            ("page-of-3-products", with("GET", "/api/products?limit=3"), page),
            ("page-of-60-products", with("GET", "/api/products?limit=100"), page),
            ("page-of-books", with("GET", "/api/products?limit=100&category=Books"), page),
            ("new-product", with("POST", "/api/products").json(&new_product), new),
            ("order-of-1-line", order(&lines(1), None).bearer(&token), placing),
            ("order-of-20-lines", order(&lines(20), None).bearer(&token), placing),
            ("order-with-key", order(&lines(3), Some("k")).bearer(&token), keyed),
            ("order", with("GET", &path), found),
            ("page-of-2-orders", with("GET", &format!("/api/users/{me}/orders?limit=2")), orders),
            ("page-of-4-orders", with("GET", &format!("/api/users/{me}/orders?limit=100")), orders),
            ("pending-orders", with("GET", &format!("/api/users/{me}/orders?status=pending")), orders),
            ("paid", moved("paid"), paid),
            ("cancelled", moved("cancelled"), cancelled),
            ("report", with("GET", "/api/reports/sales"), report),
        ] {
            // A token's user is asked for every few seconds: so not during what is counted here.
            assert_eq!(send(&process, with("GET", "/api/users?limit=1")).await.status, 200, "{framework} {store}");
            sends(&process, &format!("{framework} {store} {operation}"), operation, request, expected).await;
        }
    }
}

/// Sends a request, and compares what it had sent to the database.
async fn sends(process: &Process, what: &str, operation: &str, request: Request, expected: Statements) {
    let answer = send(process, request.header("X-Request-Id", operation)).await;
    assert!(answer.status < 300, "{what}: {answer}");
    let trace = value(&send(process, Request::new("GET", &format!("/trace/{operation}"))).await);
    let statements = trace["statements"].as_array().unwrap();
    let sent: Vec<&str> = statements.iter().map(|sent| sent["statement"].as_str().unwrap()).collect();
    let as_stated =
        sent.len() == expected.len() && sent.iter().zip(expected).all(|(sent, expected)| sent.starts_with(expected));
    assert!(as_stated, "{what}: {sent:#?} instead of {expected:?}");
}

/// How the statements of a store begin, each a round trip (with SQLite, a call): for one user by id, a page, one by
/// address, a new one, a change and a deletion of one who is no admin. A change and a deletion begin with a look at the
/// user, whose version the write then names.
fn of_users(store: Store) -> [Statements; 6] {
    match store {
        Store::Memory => [&[]; 6],
        // Its writer takes a transaction for whatever is queued.
        Store::DieselSqlite => [
            &["SELECT"],
            &["SELECT"],
            &["SELECT"],
            &["BEGIN IMMEDIATE", "INSERT INTO", "COMMIT"],
            &["SELECT", "BEGIN IMMEDIATE", "UPDATE", "COMMIT"],
            &["SELECT", "BEGIN IMMEDIATE", "DELETE FROM", "COMMIT"],
        ],
        Store::SeaOrmSqlite
        | Store::DieselPostgres
        | Store::SeaOrmPostgres
        | Store::DieselMysql
        | Store::SeaOrmMysql => {
            [&["SELECT"], &["SELECT"], &["SELECT"], &["INSERT INTO"], &["SELECT", "UPDATE"], &["SELECT", "DELETE FROM"]]
        }
        Store::Mongodb => [
            &[r#"{ "find""#],
            &[r#"{ "find""#],
            &[r#"{ "find""#],
            &[r#"{ "insert""#],
            &[r#"{ "find""#, r#"{ "update""#],
            &[r#"{ "find""#, r#"{ "delete""#],
        ],
        Store::Redis => [
            &["HGETALL"],
            &["EVALSHA_RO list.lua"],
            &["EVALSHA_RO find_user_by_email.lua"],
            &["EVALSHA insert_user.lua"],
            &["HGETALL", "EVALSHA update_user.lua"],
            &["HGETALL", "EVALSHA delete_user.lua"],
        ],
        // The second look of a deletion is the store's own: only the item says which claim of an address to delete.
        Store::Dynamodb => [
            &["GetItem"],
            &["Query"],
            &["Query"],
            &["TransactWriteItems"],
            &["GetItem", "PutItem"],
            &["GetItem", "GetItem", "TransactWriteItems"],
        ],
    }
}

/// The same: for a product by id, a page of products, a new product, an order, an order with a key, an order by id, a page of
/// orders, an order that is paid, one that is cancelled after that, and the report. To place an order begins with a look at
/// the customer and one at all its products; to move one, with a look at it.
fn of_orders(store: Store) -> [Statements; 10] {
    match store {
        Store::Memory => [&[]; 10],
        // Its writer takes a transaction for whatever is queued, and locks nothing within it.
        Store::DieselSqlite => [
            &["SELECT"],
            &["SELECT"],
            &["BEGIN IMMEDIATE", "INSERT INTO", "COMMIT"],
            &["SELECT", "SELECT", "BEGIN IMMEDIATE", "SELECT", "INSERT INTO", "INSERT INTO", "UPDATE", "COMMIT"],
            &[
                "SELECT",
                "SELECT",
                "SELECT",
                "BEGIN IMMEDIATE",
                "SELECT",
                "INSERT INTO",
                "INSERT INTO",
                "UPDATE",
                "COMMIT",
            ],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT", "BEGIN IMMEDIATE", "UPDATE", "COMMIT"],
            &["SELECT", "SELECT", "BEGIN IMMEDIATE", "UPDATE", "UPDATE", "COMMIT"],
            &["SELECT"],
        ],
        // Orders and their lines are two statements, however many orders.
        Store::DieselPostgres | Store::DieselMysql => [
            &["SELECT"],
            &["SELECT"],
            &["INSERT INTO"],
            &["SELECT", "SELECT", "BEGIN", "SELECT", "INSERT INTO", "INSERT INTO", "UPDATE", "COMMIT"],
            &["SELECT", "SELECT", "SELECT", "BEGIN", "SELECT", "INSERT INTO", "INSERT INTO", "UPDATE", "COMMIT"],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT", "UPDATE"],
            &["SELECT", "SELECT", "BEGIN", "UPDATE", "SELECT", "UPDATE", "COMMIT"],
            &["SELECT"],
        ],
        Store::SeaOrmSqlite | Store::SeaOrmPostgres | Store::SeaOrmMysql => [
            &["SELECT"],
            &["SELECT"],
            &["INSERT INTO"],
            &["SELECT", "SELECT", "BEGIN", "INSERT INTO", "INSERT INTO", "SELECT", "UPDATE", "COMMIT"],
            &["SELECT", "SELECT", "SELECT", "BEGIN", "INSERT INTO", "INSERT INTO", "SELECT", "UPDATE", "COMMIT"],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT"],
            &["SELECT", "SELECT", "UPDATE"],
            &["SELECT", "SELECT", "BEGIN", "UPDATE", "SELECT", "UPDATE", "COMMIT"],
            &["SELECT"],
        ],
        // Lines are in the order, and `$lookup` brings the customer's name. A transaction begins with its first command.
        Store::Mongodb => [
            &[r#"{ "find""#],
            &[r#"{ "find""#],
            &[r#"{ "insert""#],
            &[
                r#"{ "find": "users""#,
                r#"{ "find": "products""#,
                r#"{ "update": "products""#,
                r#"{ "update": "users""#,
                r#"{ "insert": "orders""#,
                r#"{ "commitTransaction""#,
            ],
            &[
                r#"{ "aggregate": "orders""#,
                r#"{ "find": "users""#,
                r#"{ "find": "products""#,
                r#"{ "update": "products""#,
                r#"{ "update": "users""#,
                r#"{ "insert": "orders""#,
                r#"{ "commitTransaction""#,
            ],
            &[r#"{ "aggregate""#],
            &[r#"{ "aggregate""#],
            &[r#"{ "aggregate""#, r#"{ "update": "orders""#],
            &[r#"{ "aggregate""#, r#"{ "update": "orders""#, r#"{ "update": "products""#, r#"{ "commitTransaction""#],
            &[r#"{ "aggregate""#],
        ],
        Store::Redis => [
            &["HGETALL"],
            &["EVALSHA_RO list.lua"],
            &["EVALSHA insert_product.lua"],
            &["HGETALL", "EVALSHA_RO find_products.lua", "EVALSHA place_order.lua"],
            &["EVALSHA_RO find_order_by_key.lua", "HGETALL", "EVALSHA_RO find_products.lua", "EVALSHA place_order.lua"],
            &["EVALSHA_RO find_order.lua"],
            &["EVALSHA_RO list_orders.lua"],
            &["EVALSHA_RO find_order.lua", "EVALSHA update_order.lua"],
            &["EVALSHA_RO find_order.lua", "EVALSHA update_order.lua"],
            &["EVALSHA_RO sales.lua"],
        ],
        // The customer's name is a second look, one for a page.
        Store::Dynamodb => [
            &["GetItem"],
            &["Query"],
            &["TransactWriteItems"],
            &["GetItem", "BatchGetItem", "TransactWriteItems"],
            &["GetItem", "GetItem", "BatchGetItem", "TransactWriteItems"],
            &["GetItem", "BatchGetItem"],
            &["Query", "GetItem"],
            &["GetItem", "BatchGetItem", "TransactWriteItems"],
            &["GetItem", "BatchGetItem", "TransactWriteItems"],
            &["Query"],
        ],
    }
}

/// Each store with one of the frameworks, in turn.
fn in_turn(stores: Vec<Store>) -> Vec<(Framework, Store)> {
    Framework::value_variants().iter().copied().cycle().zip(stores).collect()
}
