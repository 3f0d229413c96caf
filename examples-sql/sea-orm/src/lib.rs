//! Who I am: the store that keeps users in a relational database through SeaORM. SQLite so far.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver: no HTTP, no DTO, no rule about who
//! may do what. SeaORM is asynchronous and builds its SQL when the program runs; entities and a query builder stand
//! where Diesel has types that the compiler checks. Underneath, sqlx gives each connection a thread.
//!
//! Read beside me: `examples-sql/diesel`, file by file. Both make the same table, so either opens the other's file.
//!
//! # Data layout
//!
//! | table `users` | type | what |
//! | --- | --- | --- |
//! | `id` | `TEXT PRIMARY KEY NOT NULL` | the UUIDv7's canonical text, which sorts as its bytes do |
//! | `name`, `email`, `password_hash` | `TEXT NOT NULL` | as the service gave them |
//! | `email_key` | `TEXT NOT NULL` | the address in lower case |
//! | `role` | `TEXT NOT NULL CHECK (role IN ('user', 'admin'))` | |
//! | `version`, `credentials_version` | `BIGINT NOT NULL` | 1, 2, ... |
//! | `created_at`, `updated_at` | `BIGINT NOT NULL` | milliseconds since 1970 |
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | `users_email_key` | unique `(email_key)` | one user an address; the look-up at sign-in |
//! | `users_role_id` | `(role, id)` | pages of one role; whether there is another admin |
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | the unique index on `email_key` |
//! | compare-and-swap | `version = ?` in the `WHERE` of the one statement that changes the row |
//! | an admin is always left | `EXISTS` (another admin) in that same `WHERE`; SQLite lets one statement write at a time |
//! | durability | WAL with `synchronous = FULL`: a commit returns after `fsync` |
//! | a change happens as a whole or not at all, also if the request is given up | each is one statement |

mod connection;
mod migrations;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
mod network;
#[cfg(feature = "postgres")]
pub mod postgres;
mod schema;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod users;
