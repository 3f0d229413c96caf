//! Who I am: the store that keeps everything in the process's own memory.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and nothing else: no HTTP, no DTO, no rule about
//! who may do what. I am the shortest answer to "what must a store guarantee?" and the floor of every measurement.
//! Not for keeping anything: all of it ends with the process.
//!
//! Read beside me: `examples-sql/diesel`, which holds the same guarantees with a database. There is no
//! `migrations.rs` here, because there is no schema to bring up to date.
//!
//! # Data layout
//!
//! | what | here | why |
//! | --- | --- | --- |
//! | users | `BTreeMap<UserId, User>` | ordered by id, which is the order of a listing |
//! | unique e-mail | `HashMap<EmailKey, UserId>` | one entry an address, without regard to case |
//! | products | `BTreeMap<ProductId, Product>` | in the order of a listing, their attributes in them |
//! | unique SKU | `HashMap<String, ProductId>` | as for addresses |
//! | orders | `BTreeMap<OrderId, Order>` | their lines in them |
//! | orders of a customer | `BTreeSet<(UserId, OrderId)>` | a range of it is a page; an empty range lets the user be deleted |
//! | idempotency keys | `HashMap<(UserId, String), OrderId>` | one entry a key and customer |
//! | admins | counted in the map | admins are few and so is their demotion; no second index to keep in step |
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | the look into the second map and the insert, under one write lock |
//! | compare-and-swap | the look at the version and the write, under one write lock |
//! | an admin is always left | the count and the write, under one write lock |
//! | stock never goes below zero, an order is placed as a whole | all lines are looked at before the first is taken, under one write lock |
//! | there is never an order of nobody | the look into the other map and the write, under one write lock |
//! | durability | nothing: what was acknowledged is lost when the process ends |
//!
//! Nothing is sent to a database, so nothing is reported to the query log.

mod connection;
mod orders;
mod products;
mod reports;
mod schema;
mod users;

use shared::repository::{OpenError, Repositories, StoreOptions};
use std::sync::Arc;

/// An empty store. Both parameters are those of every store's `open`, and there is nothing here to connect to.
///
/// # Errors
/// None; the siblings' are [`OpenError`].
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let _ = (database_url, options);
    let database = Arc::new(connection::Database::default());
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
}

/// Nothing is kept, so nothing is to be removed.
///
/// # Errors
/// None; the siblings' are [`OpenError`].
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let _ = (database_url, options);
    Ok(())
}
