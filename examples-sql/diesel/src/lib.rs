//! Who I am: the store that keeps users in SQL by Diesel. SQLite for now, compiled in; PostgreSQL and MySQL will follow.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and Diesel: no HTTP, no DTO, no rule about who may do
//! what. I keep atomic what must be atomic, by SQLite's means.
//!
//! Read beside me: `examples-sql/sea-orm`, file by file. It makes the same table with an asynchronous ORM over sqlx, and
//! either of us opens a file that the other one made.
//!
//! # Data layout
//!
//! One table, `users`, in the file's `migrations/` folder and in `schema.rs`:
//!
//! | column | SQLite type | what it holds |
//! | --- | --- | --- |
//! | `id` | `TEXT PRIMARY KEY` | the UUIDv7 as canonical text; its order is the listing's |
//! | `name` | `TEXT` | |
//! | `email` | `TEXT` | as typed |
//! | `email_key` | `TEXT` | the address in lower case |
//! | `password_hash` | `TEXT` | Argon2id, a PHC string |
//! | `role` | `TEXT CHECK` | `user` or `admin` |
//! | `version` | `BIGINT` | 1, 2, ... |
//! | `credentials_version` | `BIGINT` | 1, 2, ... |
//! | `created_at`, `updated_at` | `BIGINT` | milliseconds since 1970 |
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | primary key | `id` | find, list |
//! | `users_email_key`, unique | `email_key` | find by e-mail, uniqueness |
//! | `users_role_id` | `role, id` | list by role, "is there another admin?" |
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | the unique index `users_email_key` |
//! | compare-and-swap | one `UPDATE ... WHERE id = ? AND version = ?`; `DELETE` likewise |
//! | an admin is always left | `AND (... OR EXISTS (another admin))` in the same statement, under SQLite's one write lock |
//! | durability | WAL with `synchronous = FULL`: an answer is given after the `fsync` of its commit |
//! | consistent pages | each listing is one statement, which sees one state |
//! | several processes on one file | `BEGIN IMMEDIATE` and a `busy_timeout` of 2 s: a lock is waited for |
//!
//! Before a backup is put into the file's place, the process must be stopped, and `-wal` and `-shm` beside the file go
//! with the old one.

#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "pooled")]
mod pool;
#[cfg(feature = "postgres")]
pub mod postgres;
mod query_log;
mod schema;
#[cfg(feature = "sqlite")]
pub mod sqlite;
