//! Who I am: the store that keeps everything in SQL by Diesel: in SQLite, compiled in, or on a server of PostgreSQL or MySQL
//! (MariaDB too). Each is a feature and a folder.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and Diesel: no HTTP, no DTO, no rule about who may do
//! what. I keep atomic what must be atomic, by each database's means.
//!
//! Read beside me: `examples-sql/sea-orm`, file by file. And my own folders beside each other: `sqlite` calls a library, on
//! threads of its own; `postgres` and `mysql` talk to a server through diesel-async, and differ in little but their
//! `connection.rs` and `migrations.rs`.
//!
//! # Data layout
//!
//! Four tables, in `schema.rs` and, for each database, below `migrations/`. Nothing is null but an idempotency key.
//!
//! `users`:
//!
//! | column | SQLite | PostgreSQL | MySQL | what it holds |
//! | --- | --- | --- | --- | --- |
//! | `id` | `TEXT PRIMARY KEY` | `TEXT COLLATE "C" PRIMARY KEY` | `CHAR(36)`, `ascii_bin`, `PRIMARY KEY` | the UUIDv7 as canonical text; its order is the listing's |
//! | `name` | `TEXT` | `TEXT` | `TEXT`, `utf8mb4` | |
//! | `email` | `TEXT` | `TEXT` | `VARCHAR(254)`, `utf8mb4` | as typed |
//! | `email_key` | `TEXT` | `TEXT COLLATE "C"` | `VARCHAR(254)`, `utf8mb4_bin` | the address in lower case |
//! | `password_hash` | `TEXT` | `TEXT` | `TEXT` | Argon2id, a PHC string |
//! | `role` | `TEXT CHECK` | `TEXT CHECK` | `VARCHAR(16) CHECK`, `ascii_bin` | `user` or `admin` |
//! | `version` | `BIGINT` | `BIGINT` | `BIGINT` | 1, 2, ... |
//! | `credentials_version` | `BIGINT` | `BIGINT` | `BIGINT` | 1, 2, ... |
//! | `created_at`, `updated_at` | `BIGINT` | `BIGINT` | `BIGINT` | milliseconds since 1970 |
//!
//! The others have columns of the same kinds: ids as texts of 36 characters, money in cents and counts as `BIGINT`, what is
//! compared by its bytes.
//!
//! | table | columns that are new | SQLite | PostgreSQL | MySQL | what it holds |
//! | --- | --- | --- | --- | --- | --- |
//! | `products` | `attributes` | `TEXT CHECK (json_valid)` | `JSONB` | `JSON` | what only some products have; one SQL type of this crate's own stands for all three |
//! | | `stock` | `CHECK (stock >= 0)` | the same | the same | how many there are |
//! | `orders` | `customer_id` | `REFERENCES users` | the same | the same | there is never an order of nobody |
//! | | `status` | `TEXT CHECK` | `TEXT CHECK` | `VARCHAR(16) CHECK` | `pending`, `paid`, `shipped` or `cancelled` |
//! | | `idempotency_key` | `TEXT` | `TEXT COLLATE "C"` | `VARCHAR(64)`, `ascii_bin` | null without one |
//! | `order_lines` | `order_id`, `position` | the primary key | the same | the same | a copy of the product; `product_id` refers to nothing, as the product may go |
//! | | `revenue_cents` | `BIGINT` | `BIGINT` | `BIGINT` | the line's share of the order's total, for the report |
//!
//! Numbers and not `timestamptz` or `DATETIME(3)`, so that one `schema.rs` with its compile-time checks is every database's,
//! and so that no session's time zone can change what is read.
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | primary key | `id` | find, list |
//! | `users_email_key`, unique | `email_key` | find by e-mail, uniqueness |
//! | `users_role_id` | `role, id` | list by role; "is there another admin?" in SQLite, locking them elsewhere |
//! | `products_sku`, unique | `sku` | uniqueness |
//! | `products_category_id` | `category, id` | list by category |
//! | `orders_customer_key`, unique | `customer_id, idempotency_key` | find by key, one order a key |
//! | `orders_customer_id_id` | `customer_id, id` | list; "has the user an order?" |
//! | `orders_customer_status_id` | `customer_id, status, id` | list by status |
//! | `orders_status_created` | `status, created_at` | the report |
//! | primary key of `order_lines` | `order_id, position` | the lines of an order, in their order |
//!
//! # Access patterns
//!
//! | operation | SQLite | PostgreSQL, MySQL |
//! | --- | --- | --- |
//! | users and products: list, find, find by e-mail, find many | one `SELECT` | one `SELECT`, a round trip |
//! | insert | `INSERT` in a transaction, with what else is queued | one `INSERT`, a round trip |
//! | update, delete | one statement in a transaction | one statement, a round trip |
//! | one that was refused | a `SELECT` more | a `SELECT` more |
//! | an admin is demoted or deleted | as any | that and `BEGIN`, `SELECT ... FOR UPDATE`, the change, `COMMIT` |
//!
//! | orders: list, find, find by key | two `SELECT`s: orders with their customers' names (`JOIN`), then all lines | the same, two round trips; one if there is none |
//! | place an order | four statements in a transaction | six round trips; three if there is too little |
//! | pay, ship | one `UPDATE` in a transaction | one `UPDATE`, a round trip |
//! | cancel | two `UPDATE`s in a transaction | five round trips |
//! | report | one `SELECT` with `GROUP BY` | the same, a round trip |
//!
//! A connection prepares each statement at its first use, one more round trip then. What is rare is not kept: the change of
//! an admin, and in SQLite, where it costs no round trip, each `UPDATE` and what has a list of values in it.
//!
//! # What holds each guarantee
//!
//! | guarantee | SQLite | PostgreSQL | MySQL (InnoDB) |
//! | --- | --- | --- | --- |
//! | an e-mail address is taken once | the unique index | the unique index | the unique index, of bytes |
//! | compare-and-swap | `WHERE id = ? AND version = ?` of the one statement | the same, under `READ COMMITTED`, which looks again after waiting for a row | the same; rows found are counted (`CLIENT_FOUND_ROWS`), not rows that differ |
//! | an admin is always left | `OR EXISTS (another admin)` in that statement, under the one write lock | all admins are locked in the order of their ids (`FOR UPDATE`) before one is lost | the same |
//! | a SKU, and a customer's idempotency key, is taken once | the unique index | the unique index | the unique index |
//! | an order is placed as a whole, no stock goes below zero | one transaction of the one writer | one transaction that locks the products first (`FOR UPDATE`, in the order of their ids) | the same |
//! | stock is given back once | the compare-and-swap of the order's version, in the same transaction | the same | the same |
//! | there is never an order of nobody | the foreign key (`foreign_keys = ON` in each connection) | the foreign key, which locks the user | the same |
//! | durability | WAL with `synchronous = FULL`, unless the URL ends in `?synchronous=normal` | `fsync = on` is checked at start, `synchronous_commit` switched on where it is off | `innodb_flush_log_at_trx_commit = 1`, with a binary log `sync_binlog = 1`, InnoDB: checked at start |
//! | consistent pages | each is one statement; lines never change | the same | the same |
//! | several processes | `BEGIN IMMEDIATE`, a `busy_timeout` of 2 s | row locks; migrations under `pg_advisory_lock` | row locks; migrations under `GET_LOCK`; one server that takes writes, checked at start |
//! | a dropped call leaves nothing behind | its thread ends it, nobody else waits | its connection is closed; the server rolls back | the same |
//!
//! Before a backup is put into a SQLite file's place, the process must be stopped, and `-wal` and `-shm` beside the file go
//! with the old one.
//!
//! # When a server hangs or is away
//!
//! Each call ends within `StoreOptions::timeout`, waiting for a connection included. The server has a limit of its own for a
//! statement, nine tenths of that, so that it does not go on with what nobody waits for. The pool asks no server whether a
//! connection still works (its default would, before each call): tokio-postgres notices a closed one by itself, a MySQL
//! connection is asked after a second without work only, and the first call that meets a lost one empties the pool of those
//! that are idle. So an outage costs the calls under way and one more, and the next one connects anew.
//!
//! No call is made twice, but for one that the server undid itself to end a deadlock: an `INSERT` whose answer was lost may
//! have happened, and its repetition would be told that the address is taken.

#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "pooled")]
mod pool;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "pooled"))]
mod query_log;
#[cfg(any(feature = "sqlite", feature = "pooled"))]
mod schema;
#[cfg(feature = "sqlite")]
pub mod sqlite;
