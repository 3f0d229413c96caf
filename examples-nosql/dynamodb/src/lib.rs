//! Who I am: the store that keeps users in DynamoDB, Amazon's or the one that runs on a developer's machine.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver, Amazon's SDK: no HTTP, no DTO, no rule
//! about who may do what. A table has no schema but its keys, and no query but by key: what can be asked is decided when
//! the keys are laid out, so the access patterns come first.
//!
//! Read beside me: `examples-nosql/mongodb`, where the same documents have indexes that are made for queries.
//!
//! # Data layout
//!
//! One table for everything ("single-table design"), made at start and billed by request:
//!
//! | item | `pk` | `sk` | other attributes |
//! | --- | --- | --- | --- |
//! | a user | `USERS` | the id | `name`, `email`, `password_hash`, `role` (S); `version`, `credentials_version`, `created_at`, `updated_at` (N, times in milliseconds since 1970); the keys of the indexes: `email_key` (the address in lower case) and `role_id` (`admin#<id>`) |
//! | a claim: who has this address | `EMAIL#<email_key>` | `EMAIL` | `user_id` |
//! | the number of admins | `ADMINS` | `ADMINS` | `admins` (N) |
//!
//! | local secondary index | partition | sorted by | projection |
//! | --- | --- | --- | --- |
//! | `by_email` | `pk` | `email_key` | keys only |
//! | `by_role` | `pk` | `role_id` | keys only |
//!
//! # Access patterns
//!
//! | operation | requests |
//! | --- | --- |
//! | a page of users | `Query` of `USERS`, continued with `ExclusiveStartKey`, which is made from the cursor's id |
//! | a page of one role | `Query` of `by_role`: `role_id` begins with the role, continued likewise |
//! | a new user | `TransactWriteItems`: put the user, put the claim; for an admin, count it |
//! | a user by id | `GetItem` |
//! | a user by address | `Query` of `by_email` |
//! | a change that keeps role and address | `PutItem` if version, role and address are as expected |
//! | a change of role or address | that `PutItem`, which is refused and told what is stored; then `TransactWriteItems`: put the user, count the admins, put one claim and delete the other |
//! | a deletion | `GetItem`, for only the item says which claim is its own; then `TransactWriteItems`: delete the user and the claim; for an admin, count it |
//! | ping | `GetItem` |
//!
//! Every read is strongly consistent (but ping's, which looks at nothing). Nothing scans.
//!
//! # Why all users share a partition key, and what it costs
//!
//! A page must hold a user as soon as the answer to its creation was sent. A *global* secondary index is copied to
//! later, so it would give pages, and sign-ins right after a registration, that miss users. A query is strongly
//! consistent only within one partition key, on the table and on its *local* indexes. Hence one item collection, `USERS`.
//! Its price is named here, because it is the first thing to look at when the numbers grow:
//!
//! - A partition serves 1,000 write units and 3,000 read units a second: some 3,000 users read by id, some hundred
//!   registered, however large the table. Local indexes keep DynamoDB from splitting a collection that is hot.
//! - A collection with local indexes holds at most 10 GB with them: some eight million users.
//! - Local indexes are made with the table and never afterwards.
//!
//! Whoever outgrows that shards the collection: `pk = USERS#<month>`, which the id itself tells (a UUIDv7 begins with its
//! time), so that a user is still one `GetItem`, and a page asks one month after the other. The look-up by address then
//! goes by the claim and takes two requests, because no index reaches over partition keys and stays consistent.
//!
//! The indexes project keys only: a change of a name or a password writes one item and no index, and DynamoDB itself
//! fetches the rest of an item that is found through an index. Projecting everything would save a read unit for each
//! user found so, and cost two write units for each change. The claims cannot be left to `by_email`, for no index of
//! DynamoDB enforces that its keys are unique; the other way round, sign-in would take two requests by the claims.
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | `attribute_not_exists(pk)` on the claim, in the transaction that writes the user |
//! | compare-and-swap | `version = :expected` on each write of a user |
//! | an admin is always left | `admins > :one` on the number of admins, in the transaction of each change that takes one away |
//! | a change happens as a whole or not at all, also if the request is given up | one request writes: `PutItem` or `TransactWriteItems` |
//! | a write that is sent again is not done twice | `ClientRequestToken`, by which DynamoDB knows a transaction again for ten minutes; a `PutItem` has none, so it is sent once |
//! | durability | Amazon promises that what it has answered is kept in several availability zones. DynamoDB Local does not promise as much, see below |
//!
//! **DynamoDB Local is for development, and weaker.** With `-inMemory` it keeps nothing. With `-dbPath` (SQLite) a
//! `PutItem` is committed before it is answered, but a `TransactWriteItems` is not: version 3.3 queues the commit and
//! answers at once, so a `kill -9` can take the last new user, deletion, or change of role or address, although it was
//! acknowledged. It is lost as a whole; `tests/outages.rs` shows how much. No request tells how a server was started, so
//! the start cannot refuse it. Reading something after each transaction would wait for the commit there, and would cost
//! Amazon's users a request that they do not need, so nothing does.
//!
//! Reads and transactions are sent up to three times when an answer fails to come. Transactions that touch the same item
//! at the same moment cancel each other ("TransactionConflict"); a cancelled one is tried again, at random intervals that
//! grow, until the time limit: see `transaction.rs`.
//!
//! # URL
//!
//! `dynamodb://REGION/TABLE` is Amazon's, with credentials from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if they
//! are temporary, `AWS_SESSION_TOKEN`; they are never part of the URL. `?endpoint=http://127.0.0.1:42800` names another
//! endpoint, such as DynamoDB Local, which takes any credentials: without those variables placeholders are sent. TLS
//! trusts the system's certificates; `SSL_CERT_FILE` names a file with others.

mod address;
mod connection;
mod contention;
mod migrations;
mod orders;
mod products;
mod query_log;
mod queues;
mod reports;
mod requests;
mod schema;
mod transaction;
mod users;

use address::Address;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::sync::Arc;

/// Opens the table of a URL such as `dynamodb://eu-central-1/stackdiff`, and makes it if there is none.
/// `options.connections` requests are sent at once at most.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let address = Address::parse(database_url)?;
    let client = connection::connect(&address, options)?;
    migrations::prepare(&client, &address.table).await.map_err(|error| address.refused(error))?;
    let database = Arc::new(connection::Database::new(client, address.table, options));
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
}

/// Removes the table of this URL with everything in it.
///
/// # Errors
/// [`OpenError`] with what to do about it; a table that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let address = Address::parse(database_url)?;
    let client = connection::connect(&address, options)?;
    migrations::remove(&client, &address.table).await.map_err(|error| address.refused(error))
}

/// The URL of a table of this name where `infra/services up dynamodb` starts DynamoDB Local.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("dynamodb://local/{database}?endpoint=http://127.0.0.1:42800")
}
