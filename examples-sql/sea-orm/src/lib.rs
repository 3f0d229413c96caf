//! Who I am: the store that keeps users in a relational database through SeaORM: SQLite, PostgreSQL or MySQL (MariaDB).
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver: no HTTP, no DTO, no rule about who
//! may do what. SeaORM is asynchronous and builds its SQL when the program runs; entities and a query builder stand
//! where Diesel has types that the compiler checks. Underneath, sqlx gives each connection to SQLite a thread, and speaks
//! the servers' protocols itself.
//!
//! Read beside me: `examples-sql/diesel`, file by file. Both make the same tables, so either opens the other's database.
//! SeaORM's promise is one code for all databases, hence `users.rs`, `schema.rs` and `migrations.rs` are here once;
//! a database's folder has what is its own: how it is opened and what is checked then. `network.rs` is what both servers
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
//! On MySQL the table is InnoDB's, and its other texts are `utf8mb4_bin`.
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | `users_email_key` | unique `(email_key)` | one user an address; the look-up at sign-in |
//! | `users_role_id` | `(role, id)` | pages of one role; whether there is another admin |
//!
//! # What each operation sends
//!
//! `list`, `insert`, `find`, `find_by_email` and a change that succeeds are one statement each; a change that is refused
//! is two, of which the second finds out why. To take an admin away is one statement on SQLite, and on a server six:
//! the one that spares admins, the look, and a transaction of four.
//!
//! # What holds each guarantee
//!
//! | guarantee | SQLite | PostgreSQL | MySQL |
//! | --- | --- | --- | --- |
//! | an e-mail address is taken once | the unique index on `email_key` | the same | the same |
//! | compare-and-swap | `version = ?` in the `WHERE` of the statement that changes the row | the same, at `READ COMMITTED`: who waited looks again | the same; rows that matched are counted, also if nothing in them changed |
//! | an admin is always left | `EXISTS` (another admin) in that same `WHERE`; one statement writes at a time | who takes an admin away first locks the first two admins, `ORDER BY id FOR UPDATE` | the same |
//! | durability | WAL with `synchronous = FULL`: a commit returns after `fsync` | `fsync`, `full_page_writes` and `synchronous_commit` are not `off`, or the start is refused | `innodb_flush_log_at_trx_commit = 1`, or the start is refused |
//! | a page is of one moment | it is one statement | the same | the same |
//! | a change happens as a whole or not at all, also if the request is given up | it is one statement | that, or a transaction | that, or a transaction |
//! | several processes may start at once | the transaction of the schema has the write lock from its start | `pg_advisory_xact_lock` | `GET_LOCK` |
//! | a listing is in the order of ids | texts are compared by their bytes | `COLLATE "C"` | `ascii_bin` |
//!
//! # When a server does not answer
//!
//! Each call ends within `StoreOptions::timeout`; so do a statement on PostgreSQL and a wait for a lock on MySQL that
//! nobody waits for any more. No write is sent twice: whether one that failed on its way has happened, only its caller
//! can find out. The exception is a deadlock, which the database has undone as a whole: to take an admin away is tried
//! three times. A new connection is tried until the call ends. `network.rs` says when a connection is trusted.
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
