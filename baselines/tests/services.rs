//! Each minimal service answers as the contract says, with the very bytes of a variant, on a database that the project's own
//! store has made and seeded.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::Value;
use server::Store;
use shared::demo::{self, USERS};
use shared::domain::{ProductId, Timestamp, User};
use shared::dto::{ProductResponse, UserResponse};
use shared::paging::Page;
use support::{Seeded, Service, context, run};

fn serve(name: &str, seeded: &Seeded) -> Service {
    Service::start(&[
        "serve",
        name,
        "--database-url",
        &seeded.url,
        "--listen",
        "127.0.0.1:0",
        "--workers",
        "2",
        "--pool-size",
        "4",
    ])
}

fn user(number: u64) -> User {
    demo::user(number, demo::unusable_hash())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn says_hello(service: &Service) {
    let (status, headers, body) = service.ask("GET", "/api/hello", "");
    assert_eq!((status, body.as_str()), (200, r#"{"message":"Hello!"}"#));
    assert!(headers["content-type"].to_str().unwrap().starts_with("application/json"), "{headers:?}");
}

fn finds_users(service: &Service) {
    for number in [1, 2, USERS] {
        let expected = json(&UserResponse::from(user(number)));
        assert_eq!(service.answer("GET", &format!("/api/users/{}", user(number).id), ""), (200, expected));
    }
    assert_eq!(service.answer("GET", &format!("/api/users/{}", user(USERS + 1).id), "").0, 404);
}

/// Follows the cursors from the first page to the last.
fn lists_users(service: &Service) {
    for (limit, first) in [(20, "/api/users?limit=20"), (20, "/api/users"), (33, "/api/users?limit=33")] {
        let mut path = Some(first.to_owned());
        for begin in (1..=USERS).step_by(usize::try_from(limit).unwrap()) {
            let rows = (begin..=(begin + limit).min(USERS)).map(user).collect();
            let page =
                Page::<UserResponse>::of(rows, u32::try_from(limit).unwrap(), "/api/users", None, |user: &User| {
                    user.id.as_bytes()
                });
            assert_eq!(service.answer("GET", &path.take().unwrap(), ""), (200, json(&page)), "from {begin}");
            path = page.next_path;
        }
        assert_eq!(path, None);
    }
}

/// Changes one user a hundred times at once: each change counts, and the row is as it was but for it.
fn updates_users(service: &Service, seeded: &Seeded) {
    let before = user(7);
    let path = format!("/api/users/{}", before.id);
    let (status, body) = service.answer("PATCH", &path, r#"{"name": "Ada Lovelace"}"#);
    let answer: Value = serde_json::from_str(&body).unwrap();
    let stored = || seeded.with(async |store| store.users.find(&context(), before.id).await.unwrap().unwrap());
    let after = stored();
    assert_eq!((status, body), (200, json(&UserResponse::from(after.clone()))));
    assert_eq!((answer["name"].as_str(), answer["version"].as_i64()), (Some("Ada Lovelace"), Some(2)));
    assert!(after.updated_at > before.updated_at && after.updated_at <= Timestamp::now());
    let User { name, version, updated_at, .. } = after;
    assert_eq!(User { name, version, updated_at, ..before.clone() }, stored());

    let requests: Vec<_> = (0..100).map(|number| (path.clone(), format!(r#"{{"name": "Name {number}"}}"#))).collect();
    let statuses = service.ask_at_once("PATCH", &requests);
    assert_eq!(statuses, [200; 100]);
    assert_eq!(stored().version, 102);
    let nobody = format!("/api/users/{}", user(USERS + 1).id);
    assert_eq!(service.answer("PATCH", &nobody, r#"{"name": "Nobody"}"#).0, 404);
}

fn creates_products(service: &Service, seeded: &Seeded) {
    let product = |sku: &str| {
        format!(
            r#"{{"sku": "{sku}", "name": "Lamp", "category": "Home", "price_cents": 1999, "stock": 10,
                 "attributes": {{"watts": 7.5, "color": "red", "dimmable": true}}}}"#
        )
    };
    let (status, body) = service.answer("POST", "/api/products", &product("LAMP-1"));
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    let id = ProductId::parse(&id).unwrap();
    let stored = seeded.with(async |store| store.products.find(&context(), id).await.unwrap().unwrap());
    assert_eq!((stored.sku.as_str(), stored.price_cents, stored.stock, stored.version), ("LAMP-1", 1_999, 10, 1));
    assert_eq!((status, body), (201, json(&ProductResponse::from(stored))));

    let requests: Vec<_> =
        (2..52).map(|number| ("/api/products".to_owned(), product(&format!("LAMP-{number}")))).collect();
    assert_eq!(service.ask_at_once("POST", &requests), [201; 50]);
    // A SKU is unique. What a minimal service makes of it is not said.
    assert_ne!(service.answer("POST", "/api/products", &product("LAMP-1")).0, 201);
}

fn keeps_to_the_contract_on_sqlite(name: &str) {
    let seeded = Seeded::new(Store::DieselSqlite);
    let service = serve(name, &seeded);
    says_hello(&service);
    finds_users(&service);
    lists_users(&service);
    updates_users(&service, &seeded);
    creates_products(&service, &seeded);
}

#[test]
fn axum_sea_orm_sqlite_keeps_to_the_contract() {
    keeps_to_the_contract_on_sqlite("axum-sea-orm-sqlite");
}

#[test]
fn actix_diesel_r2d2_keeps_to_the_contract() {
    keeps_to_the_contract_on_sqlite("actix-diesel-r2d2");
}

#[test]
fn rocket_diesel_pool_keeps_to_the_contract() {
    keeps_to_the_contract_on_sqlite("rocket-diesel-pool");
}

/// What the documentation of `rocket_diesel_pool` takes for granted, since that pool does not set it.
#[test]
fn without_being_told_sqlite_waits_for_the_disk() {
    let seeded = Seeded::new(Store::DieselSqlite);
    let file = rusqlite::Connection::open(seeded.url.strip_prefix("sqlite://").unwrap()).unwrap();
    let synchronous: i64 = file.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2, "2 is FULL");
}

#[test]
fn only_full_is_taken_where_the_pool_sets_itself_up() {
    let seeded = Seeded::new(Store::DieselSqlite);
    let url = format!("{}?synchronous=normal", seeded.url);
    let output = run(&["serve", "rocket-diesel-pool", "--database-url", &url]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("leave out ?synchronous=normal"), "{error}");
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    for name in ["axum-sea-orm-sqlite", "actix-diesel-r2d2", "rocket-diesel-pool"] {
        let output = run(&["serve", name, "--database-url", &format!("sqlite://{}", file.display())]);
        assert!(!output.status.success() && !file.exists(), "{name}: {output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("none.db cannot be read"), "{name}");
    }
}

#[cfg(feature = "postgres")]
fn keeps_to_the_contract_on_postgres(name: &str) {
    let seeded = Seeded::new(Store::DieselPostgres);
    let service = serve(name, &seeded);
    says_hello(&service);
    finds_users(&service);
    lists_users(&service);
    updates_users(&service, &seeded);
}

#[cfg(feature = "postgres")]
#[test]
fn axum_tokio_postgres_keeps_to_the_contract() {
    keeps_to_the_contract_on_postgres("axum-tokio-postgres");
}

#[cfg(feature = "postgres")]
#[test]
fn axum_diesel_async_postgres_keeps_to_the_contract() {
    keeps_to_the_contract_on_postgres("axum-diesel-async-postgres");
}

#[cfg(feature = "postgres")]
#[test]
fn axum_sea_orm_postgres_keeps_to_the_contract() {
    keeps_to_the_contract_on_postgres("axum-sea-orm-postgres");
}
