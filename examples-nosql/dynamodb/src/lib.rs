//! Who I am: the store that keeps users, products and orders in DynamoDB, Amazon's or the one that runs on a developer's
//! machine.
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
//! | a product | `PRODUCTS` | the id | `sku`, `name`, `category` (S); `price_cents`, `stock`, `version`, `created_at`, `updated_at` (N); `attributes` (M, of S, N and BOOL); the key of the index: `role_id` (the category, U+001F, the id) |
//! | a claim: which product has this SKU | `SKU#<sku>` | `SKU` | `product_id` |
//! | an order | `ORDERS#<customer's id>` | the id | `lines` (L, of M); `status`, `idempotency_key` (S); `subtotal_cents`, `discount_cents`, `total_cents`, `version`, `created_at`, `updated_at` (N); the key of the index: `role_id` (`pending#<id>`) |
//! | whose an order is | `ORDER#<id>` | `ORDER` | `customer_id` |
//! | a claim: which order was placed with this idempotency key | `REQUEST#<customer's id>#<key>` | `REQUEST` | `order_id` |
//! | the number of a user's orders; no item, no order | `CUSTOMER#<id>` | `CUSTOMER` | `orders` (N) |
//! | the sales of a day and a category | `SALES` | `2025-01-31#<category>` | `orders`, `units`, `revenue_cents` (N) |
//!
//! | local secondary index | partition | sorted by | projection |
//! | --- | --- | --- | --- |
//! | `by_email` | `pk` | `email_key` | keys only |
//! | `by_role` | `pk` | `role_id` | keys only |
//!
//! **One index for three questions.** Local indexes are made with the table and never afterwards, and the table of the
//! version that knew only users has these two. So `by_role` serves each collection that has something to be listed by:
//! users by role, products by category, a customer's orders by status. What `role_id` holds, the collection decides
//! ("index overloading", which is why DynamoDB's users like names that say nothing). A table of that version is thus up
//! to date as it is. One process of that version beside one of this may read and write users; what it must not do is to
//! delete them, for it does not look whether they have orders.
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
//! | a page of products, or of one category | as of users |
//! | a new product, a change, a deletion | as of users: the SKU is the address, and nothing is counted |
//! | up to 20 products by id | `BatchGetItem` |
//! | a page of a customer's orders, or of those of one status | `Query` of `ORDERS#…` or `by_role`, then one `GetItem`: what the customer is called today |
//! | placing an order | `TransactWriteItems`: see `orders.rs` |
//! | an order by id | `GetItem` of whose it is; then one `BatchGetItem`: the order and its customer |
//! | an order by idempotency key | `GetItem` of the claim; then that `BatchGetItem` |
//! | a change of an order's status | `TransactWriteItems`: update the order; add to the counters of sales or take from them; give back to the stock. Once more if a product is gone |
//! | the sales report | `Query` of `SALES`, from the first day to the last |
//! | ping | `GetItem` |
//!
//! Every read is strongly consistent (but ping's, which looks at nothing). Nothing scans. A `Query` reads a megabyte at
//! most, so a page of large orders takes two, and so does a report on more than some 8,000 days and categories.
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
//! All products share one for the same reason. There every order writes, at two units a line and kilobyte: some 500 lines a second. A
//! customer's orders are a collection of their own, so there may be any number of them.
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
//! | compare-and-swap | `version = :expected` on each write of a user, a product or an order |
//! | an admin is always left | `admins >= :least`, which is 2, on the number of admins, in the transaction of each change that takes one away |
//! | a SKU is taken once | as an address |
//! | an order is placed as a whole, and no stock goes below zero | `stock >= :least` on each product, in the transaction that writes the order: see `orders.rs` |
//! | an idempotency key is used once | `attribute_not_exists(pk)` on the claim, in that transaction |
//! | there is never an order of nobody | `attribute_exists(pk)` on the user in that transaction, and `attribute_not_exists(pk)` on the number of its orders in the one that deletes it; of two transactions on one item, one comes first |
//! | stock goes back once | `version = :expected` on the order, in the transaction that gives it back |
//! | the report is right at every moment | the counters change in the transaction that changes the status |
//! | numbers in attributes come back exactly | DynamoDB keeps 38 decimal digits, and no double needs more than 17 |
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
//! **On DynamoDB Local no transactions meet.** Of 800 on the same items from 16 connections it cancels none, while Amazon's
//! service refuses all but one of those that touch the same item at the same moment, a `PutItem` beside a transaction
//! included. Here only `tests/shop.rs` sees that, with a proxy that answers so. The limits of a transaction, 100 items and 4 MB, are the same
//! there as here; the largest order takes 25 items, its change of status 41, and neither a megabyte.
//!
//! Reads and transactions are sent up to three times when an answer fails to come. Transactions that touch the same item
//! at the same moment cancel each other ("TransactionConflict"); a cancelled one is tried again, at random intervals that
//! grow, until the time limit: see `contention.rs`. Those of one process that place or change orders take turns before they
//! are sent: see `queues.rs`. 200 orders of one product from three processes at once, on a server that cancels what meets,
//! took some 1,200 cancellations without turns and some 100 with them, and half of the time.
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
