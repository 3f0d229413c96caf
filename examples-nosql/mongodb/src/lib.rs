//! Who I am: the store that keeps users, products and orders in MongoDB, through MongoDB's own driver.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver: no HTTP, no DTO, no rule about who
//! may do what. A user is one document, typed by `serde`, and so is a product with its attributes and an order with its
//! lines; the server itself checks their shape, keeps addresses and SKUs apart, and makes each change of one document
//! whole. Only what concerns several documents at once takes a transaction (`transaction.rs`).
//!
//! Read beside me: `examples-nosql/redis`, which keeps the same in a store without schema or queries, and
//! `examples-sql/sea-orm`, which has rows where I have documents, and a table for the lines.
//!
//! # Data layout
//!
//! | collection | field | BSON type | what |
//! | --- | --- | --- | --- |
//! | all | `_id` | binary, subtype 4 | the UUIDv7's 16 bytes, which sort as its canonical text does |
//! | | `version` | long | 1, 2, ... |
//! | | `createdAt`, `updatedAt` | date | milliseconds since 1970, all that a BSON date holds |
//! | `users` | `name`, `email`, `passwordHash` | string | as the service gave them |
//! | | `role` | string | `user` or `admin` |
//! | | `credentialsVersion` | long | 1, 2, ... |
//! | | `hasOrders` | bool | true from the user's first order on, absent before |
//! | `products` | `sku`, `name`, `category` | string | as the service gave them |
//! | | `priceCents`, `stock` | long | not below zero |
//! | | `attributes` | object | its members are strings, doubles and bools |
//! | `orders` | `customerId` | binary, subtype 4 | the user, whose name is looked up when the order is read |
//! | | `status` | string | `pending`, `paid`, `shipped` or `cancelled` |
//! | | `lines` | array of objects | `productId`, and copies: `name`, `category`, `unitPriceCents`, `quantity`, `totalCents`, `revenueCents` |
//! | | `subtotalCents`, `discountCents`, `totalCents` | long | as the service priced them |
//! | | `idempotencyKey` | string | absent without one |
//!
//! Each of them has a `$jsonSchema` validator (level strict, action error): these fields with these types and no others,
//! whoever writes. The collection `guards` holds one document, to make two transactions collide.
//!
//! | index | on | for |
//! | --- | --- | --- |
//! | `_id_` of all | `{_id: 1}` | one of them; pages of all; several products of an order |
//! | `email` of `users` | unique `{email: 1}`, collation `{locale: "en", strength: 2}` | one user an address; the look-up at sign-in |
//! | `role_id` | `{role: 1, _id: 1}` | pages of one role; whether there is another admin |
//! | `sku` of `products` | unique `{sku: 1}` | one product a SKU |
//! | `category_id` | `{category: 1, _id: 1}` | pages of one category |
//! | `customer_id` of `orders` | `{customerId: 1, _id: 1}` | pages of one customer |
//! | `customer_status_id` | `{customerId: 1, status: 1, _id: 1}` | pages of one customer and status |
//! | `customer_key` | unique `{customerId: 1, idempotencyKey: 1}`, of the orders with a key | one order a key |
//! | `status_created` | `{status: 1, createdAt: 1}` | the report |
//!
//! # Access patterns
//!
//! | operation | commands sent, a round trip each |
//! | --- | --- |
//! | users and products: list, find, find_by_email, find_many | `find` |
//! | users and products: insert | `insert` |
//! | products: update, delete | `update`, `delete` |
//! | users: update that leaves or makes an admin, or of a user; delete of a user | `update` or `delete` |
//! | the same, refused because of the version or of orders | that, and `find` to see why |
//! | users: update or delete that takes an admin away | those two, then `update` (the guard), `find` (another admin), `update` or `delete`, `commitTransaction` |
//! | orders: list, find, find_by_key | `aggregate` (`$lookup` for the customers' names) |
//! | orders: place | `update` (all products), `update` (the customer), `insert`, `commitTransaction`; see `orders.rs` for refusals |
//! | orders: update to paid or shipped | `update` |
//! | orders: update to cancelled | `update` (the order), `update` (all products), `commitTransaction` |
//! | reports: sales | `aggregate`, and one `getMore` for each thousand categories beyond the first |
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | the unique index; its collation equals case only, since the validator lets in printable ASCII only |
//! | a SKU is taken once | the unique index, which compares by bytes |
//! | compare-and-swap | `version` in the filter of the one command that changes the document |
//! | an admin is always left | a transaction that writes to the guard first, so that two of them collide; see `users.rs` |
//! | an order is placed or cancelled as a whole, and stock never goes below zero | a transaction, in which the stock is in the filter of what lowers it; see `orders.rs` |
//! | an idempotency key is used once by a customer | the unique index on both |
//! | there is never an order of nobody | `hasOrders`, which the first order's transaction writes to its customer, and which is in the filter of what deletes a user: of two at once one waits or begins anew |
//! | numbers in attributes come back exactly | they are BSON doubles |
//! | the report counts each order once | read concern snapshot, which needs MongoDB 5.0 or later |
//! | durability | write concern `{w: "majority", j: true}`: acknowledged when in the journals of most members |
//! | a process reads what another was told is written | read preference primary, read concern majority |
//! | nothing is read that a failover takes back | read concern majority |
//! | a change happens as a whole or not at all, also if the request is given up | each is one command or one transaction, run to its end in a task of its own; see `connection.rs` |
//!
//! These are set here, whatever the URL says of `w`, `journal`, `readConcernLevel` and `readPreference`; so are the pool's
//! size and the time limits. Transactions need a replica set (one server is enough) or a sharded cluster, which is checked
//! at start; so is that the storage engine keeps data on disk at all.
//!
//! The driver sends a write again, once, if the connection broke before the answer came. That is safe and stays on: the
//! write carries a number of its session, by which the server knows it again and repeats the answer that was lost.
//!
//! A process that ends in the middle of a transaction leaves it open: the server ends it after a minute
//! (`transactionLifetimeLimitSeconds`), until when no admin can be taken away, or the products of its order not be ordered
//! or changed.
//!
//! Each process that traces requests has a second client for them (see `connection.rs`), and each client keeps two
//! connections a server beside its pool, to watch it.
//!
//! TLS is on with `mongodb+srv://` or `tls=true`; `tlsCAFile=` names a root of one's own, otherwise the system's count.

mod connection;
mod migrations;
mod orders;
mod products;
mod query_log;
mod reports;
mod schema;
mod transaction;
mod users;

use connection::{Database, HEARTBEAT, connections, told};
use migrations::Lack;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, Tls, WriteConcern,
};
use shared::repository::{OpenError, Repositories, Store as _, StoreOptions, without_password};
use std::sync::Arc;

/// What a URL must look like.
const EXAMPLE: &str = "mongodb://127.0.0.1:27017/stackdiff?replicaSet=rs0";

const UNREACHABLE: &str = "is MongoDB running there? `infra/services up mongodb` starts one on this machine";
const NOT_LET_IN: &str = "check the user, the password and `authSource` in --database-url";
const NOT_ALLOWED: &str =
    "its user must be allowed to make collections and indexes there (the roles readWrite and dbAdmin)";
const TLS: &str = "check `tls`, `tlsCAFile` and `tlsCertificateKeyFile` in --database-url";
const SECONDARY: &str =
    "name the members of the replica set in --database-url, with `replicaSet=`, without `directConnection`";
const OTHERS: &str = "it may belong to another program: choose another database name in --database-url";
const ALONE: &str = "it must be a replica set (of one server, if you like) or a sharded cluster, since only those have \
                     transactions: start mongod with `--replSet rs0`, then run `rs.initiate()` once in mongosh, \
                     or let `infra/services up mongodb` do so";
const IN_MEMORY: &str = "its storage engine keeps nothing on disk: start mongod with `--storageEngine wiredTiger`";

/// Opens the MongoDB database of a URL such as `mongodb://127.0.0.1:27017/stackdiff?replicaSet=rs0`, and makes it if there
/// is none.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let (client_options, name) = client_options(database_url, options).await?;
    let database =
        Database::new(client_options.clone(), name, options).map_err(|error| refusal(database_url, &error))?;
    if let Err(refusal) = prepare(database_url, client_options, &database).await {
        database.close().await;
        return Err(refusal);
    }
    let database = Arc::new(database);
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
}

async fn prepare(database_url: &str, client_options: ClientOptions, database: &Database) -> Result<(), OpenError> {
    match migrations::lack(&database.handle()).await {
        Ok(None) => {}
        Ok(Some(lack)) => return Err(lacking(database_url, lack)),
        Err(error) => {
            let unreachable = matches!(*error.kind, ErrorKind::ServerSelection { .. });
            let alone = unreachable && migrations::is_alone(client_options).await;
            return Err(if alone { lacking(database_url, Lack::Transactions) } else { refusal(database_url, &error) });
        }
    }
    migrations::prepare(&database.handle()).await.map_err(|error| refusal(database_url, &error))
}

/// Removes the database of this URL with everything in it.
///
/// # Errors
/// [`OpenError`] with what to do about it; a database that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let refused = |error: Error| refusal(database_url, &error);
    let (client_options, name) = client_options(database_url, options).await?;
    let database = Database::new(client_options, name, options).map_err(refused)?;
    let removed = database.handle().drop().await;
    database.close().await;
    removed.map_err(refused)
}

/// The URL of a database on the server that `infra/services up mongodb` starts.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("mongodb://127.0.0.1:42017/{database}?replicaSet=rs0")
}

/// The driver's options and the name of the database.
async fn client_options(database_url: &str, options: StoreOptions) -> Result<(ClientOptions, String), OpenError> {
    let not_a_url = || OpenError::Url { expected: EXAMPLE, given: without_password(database_url) };
    let parsed = ClientOptions::parse(database_url).await;
    let mut client = parsed.map_err(|error| match *error.kind {
        // What the driver says of it may quote a part of the URL.
        ErrorKind::InvalidArgument { .. } => not_a_url(),
        _ => refusal(database_url, &error),
    })?;
    // The databases of MongoDB's own are not for users, and not to be removed.
    let name = client.default_database.clone().filter(|name| !["admin", "local", "config"].contains(&name.as_str()));
    let name = name.ok_or_else(not_a_url)?;

    let connections = u32::try_from(connections(options)).unwrap_or(u32::MAX);
    client.max_pool_size = Some(connections);
    client.min_pool_size = None;
    client.max_connecting = Some(connections);
    client.connect_timeout = Some(options.timeout);
    // Less than a call's time, so that whoever waits for a server that is away is told so.
    client.server_selection_timeout = Some(options.timeout / 2);
    client.heartbeat_freq = Some(HEARTBEAT);
    client.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    client.read_concern = Some(ReadConcern::majority());
    client.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    client.app_name.get_or_insert_with(|| "stackdiff".to_owned());
    if let Some(Tls::Enabled(tls)) = &mut client.tls
        && tls.ca_file_path.is_none()
    {
        // The system's roots, where there are any to be found. Otherwise the driver has Mozilla's, as they were when it was made.
        tls.ca_file_path = openssl_probe::probe().cert_file;
    }
    Ok((client, name))
}

fn refusal(database_url: &str, error: &Error) -> OpenError {
    let advice = match &*error.kind {
        ErrorKind::Authentication { .. } => NOT_LET_IN,
        ErrorKind::InvalidTlsConfig { .. } => TLS,
        // Unauthorized, AtlasError.
        ErrorKind::Command(error) if [13, 8000].contains(&error.code) => NOT_ALLOWED,
        // NotWritablePrimary.
        ErrorKind::Command(error) if error.code == 10_107 => SECONDARY,
        ErrorKind::Command(_) | ErrorKind::Write(_) => OTHERS,
        _ => UNREACHABLE,
    };
    OpenError::Database { database: without_password(database_url), advice, source: told(error).into() }
}

fn lacking(database_url: &str, lack: Lack) -> OpenError {
    let (advice, source) = match lack {
        Lack::Transactions => (ALONE, "this server is alone, it has no transactions"),
        Lack::Durability => (IN_MEMORY, "this server keeps everything in memory"),
    };
    OpenError::Database { database: without_password(database_url), advice, source: source.into() }
}
