//! Who I am: the store that keeps users, products and orders in a relational database through SeaORM: SQLite, PostgreSQL
//! or MySQL (MariaDB).
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver: no HTTP, no DTO, no rule about who
//! may do what. SeaORM is asynchronous and builds its SQL when the program runs; entities and a query builder stand
//! where Diesel has types that the compiler checks. Underneath, sqlx gives each connection to SQLite a thread, and speaks
//! the servers' protocols itself.
//!
//! Read beside me: `examples-sql/diesel`, file by file. Both make the same tables, so either opens the other's database.
//! SeaORM's promise is one code for all databases, hence `users.rs`, `products.rs`, `orders.rs`, `reports.rs`, `schema.rs`
//! and `migrations.rs` are here once; a database's folder has what is its own: how it is opened and what is checked then. `network.rs` is what both servers
//! need and a file does not.
//!
//! # Data layout
//!
//! | table `users`, all `NOT NULL` | SQLite | PostgreSQL | MySQL | what |
//! | --- | --- | --- | --- | --- |
//! | `id`, primary key | `TEXT` | `TEXT COLLATE "C"` | `CHAR(36)`, `ascii_bin` | the UUIDv7's canonical text, which sorts as its bytes do |
//! | `name` | `TEXT` | `TEXT` | `VARCHAR(400)` | as the service gave it |
//! | `email` | `TEXT` | `TEXT` | `VARCHAR(254)` | as typed |
//! | `email_key` | `TEXT` | `TEXT COLLATE "C"` | `VARCHAR(254)` | the address in lower case |
//! | `password_hash` | `TEXT` | `TEXT` | `VARCHAR(255)` | Argon2id, a PHC string |
//! | `role` | `TEXT` | `TEXT` | `VARCHAR(5)` | `CHECK (role IN ('user', 'admin'))` |
//! | `version`, `credentials_version` | `BIGINT` | `BIGINT` | `BIGINT` | 1, 2, ... |
//! | `created_at`, `updated_at` | `BIGINT` | `BIGINT` | `BIGINT` | milliseconds since 1970 |
//!
//! On MySQL the tables are InnoDB's, and their other texts are `utf8mb4_bin`.
//!
//! | table `products`, all `NOT NULL` | what |
//! | --- | --- |
//! | `id`, `version`, `created_at`, `updated_at` | as a user's |
//! | `sku`, `category` | texts that are compared by their bytes |
//! | `name` | a text |
//! | `price_cents`, `stock` | `BIGINT`, `CHECK (... >= 0)` |
//! | `attributes` | the flexible part: `JSONB` on PostgreSQL, `JSON` on MySQL, `TEXT` with `CHECK (json_valid(...))` in SQLite |
//!
//! | table `orders`, all `NOT NULL` but the key | what |
//! | --- | --- |
//! | `id`, `version`, `created_at`, `updated_at` | as a user's |
//! | `customer_id` | refers to `users (id)` |
//! | `status` | `CHECK (status IN ('pending', 'paid', 'shipped', 'cancelled'))` |
//! | `subtotal_cents`, `discount_cents`, `total_cents` | `BIGINT` |
//! | `idempotency_key` | what the client called its request, or `NULL` |
//!
//! | table `order_lines`, all `NOT NULL` | what |
//! | --- | --- |
//! | `order_id`, `position`, together the primary key | refers to `orders (id)`; 0, 1, ... |
//! | `product_id`, `name`, `category`, `unit_price_cents` | copies of the product: they refer to nothing, since it may go |
//! | `quantity`, `total_cents`, `revenue_cents` | `BIGINT`; the last is the line's share of the order's total |
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | `users_email_key` | unique `(email_key)` | one user an address; the look-up at sign-in |
//! | `users_role_id` | `(role, id)` | pages of one role; whether there is another admin |
//! | `products_sku` | unique `(sku)` | one product a SKU |
//! | `products_category_id` | `(category, id)` | pages of one category |
//! | `orders_customer_key` | unique `(customer_id, idempotency_key)` | one order a key and customer; the look-up by key |
//! | `orders_customer_id_id` | `(customer_id, id)` | pages of a customer's orders; whether a user has any |
//! | `orders_customer_status_id` | `(customer_id, status, id)` | the same of one status |
//! | `orders_status_created` | `(status, created_at)` | the sales of some days |
//!
//! # What each operation sends
//!
//! `list`, `insert`, `find`, `find_by_email` and a change that succeeds are one statement each; a change that is refused
//! is two, of which the second finds out why. To take an admin away is one statement on SQLite, and on a server six:
//! the one that spares admins, the look, and a transaction of four.
//!
//! Of products each operation is one statement, also a change that is refused. Orders are read in two: the orders, each
//! joined with its customer, and all their lines. To place one is a transaction of six (`orders.rs` says which), to cancel
//! one a transaction of five, and any other change of status one statement. The report is one.
//!
//! # What holds each guarantee
//!
//! | guarantee | SQLite | PostgreSQL | MySQL |
//! | --- | --- | --- | --- |
//! | an e-mail address is taken once | the unique index on `email_key` | the same | the same |
//! | compare-and-swap | `version = ?` in the `WHERE` of the statement that changes the row | the same, at `READ COMMITTED`: who waited looks again | the same; rows that matched are counted, also if nothing in them changed |
//! | an admin is always left | `EXISTS` (another admin) in that same `WHERE`; one statement writes at a time | who takes an admin away first locks the first two admins, `ORDER BY id FOR UPDATE` | the same |
//! | a SKU is taken once, an idempotency key once by a customer | the unique index | the same | the same |
//! | an order is placed or cancelled as a whole | a transaction that writes from its begin on: nobody else does | a transaction that locks the products, `ORDER BY id FOR UPDATE` | the same |
//! | stock never goes below zero | the look at it in that transaction; the last guard is `CHECK (stock >= 0)` | the same, at rows that are locked | the same |
//! | there is never an order of nobody | the foreign key; `foreign_keys = ON` on each connection | the foreign key: who places locks the customer's row against its deletion | the same |
//! | durability | WAL with `synchronous = FULL`, unless the URL ends in `?synchronous=normal`: a commit returns after `fsync` | `fsync`, `full_page_writes` and `synchronous_commit` are not `off`, or the start is refused | `innodb_flush_log_at_trx_commit = 1`, or the start is refused |
//! | a page is of one moment | it is one statement; lines, which are another, never change | the same | the same |
//! | a change happens as a whole or not at all, also if the request is given up | it is one statement | that, or a transaction | that, or a transaction |
//! | several processes may start at once | the transaction of the schema has the write lock from its start | `pg_advisory_xact_lock` | `GET_LOCK` |
//! | a listing is in the order of ids | texts are compared by their bytes | `COLLATE "C"` | `ascii_bin` |
//!
//! # When a server does not answer
//!
//! Each call ends within `StoreOptions::timeout`; so do a statement on PostgreSQL and a wait for a lock on MySQL that
//! nobody waits for any more. No write is sent twice: whether one that failed on its way has happened, only its caller
//! can find out. The exception is a deadlock, which the database has undone as a whole: to take an admin away is tried
//! three times, to place or cancel an order until the call ends. A new connection is tried until the call ends. `network.rs` says when a connection is trusted.
//!
//! A request that is given up leaves what it asked a server to a task, which brings it to its end: `connection.rs`.
//!
//! # TLS
//!
//! As the URL says: `sslmode` and `sslrootcert` for PostgreSQL, `ssl-mode` and `ssl-ca` for MySQL. `verify-full` and
//! `VERIFY_IDENTITY` check the server's certificate and name against the system's authorities and the file given;
//! without them a connection is encrypted if the server can, and nobody is checked. MySQL's `caching_sha2_password`
//! needs an encrypted connection.

// Without a database there is nothing to share.
#![cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]

mod connection;
mod migrations;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
mod network;
mod orders;
#[cfg(feature = "postgres")]
pub mod postgres;
mod products;
mod reports;
mod schema;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod users;

use shared::repository::Repositories;
use std::sync::Arc;

/// What each database's `open` gives.
fn repositories(database: Arc<connection::Database>) -> Repositories {
    Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    }
}
