//! Who I am: the store that keeps users, products and orders in Redis 7 or Valkey through the `redis` crate.
//!
//! Layer: store. I see `shared` (its domain and repository traits) and my driver: no HTTP, no DTO, no rule about who may do
//! what. I keep atomic what must be atomic, by Redis' means: a Lua script, which runs alone.
//!
//! Read beside me: `examples-nosql/memory`, which checks and writes under one lock as a script does here, line by line. Then
//! `examples-nosql/dynamodb`, where transactions stand where scripts are here.
//!
//! # Data layout
//!
//! | key | type | what |
//! | --- | --- | --- |
//! | `{stackdiff}:user:<id>` | hash | a user: `id`, `name`, `email`, `email_key`, `password_hash`, `role`, `version`, `credentials_version`, `created_at`, `updated_at` |
//! | `{stackdiff}:users` | sorted set | the ids of all users, each with the score 0 |
//! | `{stackdiff}:users:role:user`, `{stackdiff}:users:role:admin` | sorted set | the ids of those with this role, likewise |
//! | `{stackdiff}:users:by-email` | hash | from an address in lower case to the id of its user |
//! | `{stackdiff}:user:<id>:orders` | sorted set | the ids of the user's orders, likewise |
//! | `{stackdiff}:user:<id>:orders:pending`, `...:paid`, `...:shipped`, `...:cancelled` | sorted set | the ids of those with this status, likewise |
//! | `{stackdiff}:user:<id>:orders:by-key` | hash | from an idempotency key to the id of its order |
//! | `{stackdiff}:product:<id>` | hash | a product: `id`, `sku`, `name`, `category`, `price_cents`, `stock`, `attributes` (JSON), `version`, `created_at`, `updated_at` |
//! | `{stackdiff}:products` | sorted set | the ids of all products, each with the score 0 |
//! | `{stackdiff}:products:by-category` | sorted set | of each product its category, a NUL and its id, likewise |
//! | `{stackdiff}:products:by-sku` | hash | from a SKU to the id of its product |
//! | `{stackdiff}:order:<id>` | hash | an order: `id`, `customer_id`, `status`, `lines` (JSON), `subtotal_cents`, `discount_cents`, `total_cents`, `idempotency_key` or nothing, `version`, `created_at`, `updated_at` |
//! | `{stackdiff}:sales` | sorted set | the days on which orders were created that were paid, each with the millisecond at which it begins |
//! | `{stackdiff}:sales:<day>` | hash | of the orders of this day that are paid or shipped, for each category: `orders:<category>`, `units:<category>`, `revenue_cents:<category>` |
//! | `{stackdiff}:layout` | string | the number of this layout: 2. Layout 1 had users only |
//!
//! Everything is text. Times are milliseconds since 1970. Versions are compared as text, because a number in Lua is a double;
//! stock and sales are counted with `HINCRBY`, which has 64 bits. JSON is made and read by this program alone: `cjson` would
//! write its numbers and empty arrays in other ways.
//!
//! A customer's orders have a key each customer, since whoever asks for them names the customer. Products by category are
//! one key, since whoever moves a product does not know where it was: only its hash tells.
//!
//! `stackdiff` is the URL's `prefix`. The braces are part of the keys: to Redis Cluster they are a hash tag, which puts all
//! keys of a prefix into one slot, where a script may use them together. So the layout fits a cluster, and one prefix grows
//! no further than one node of it. This program itself speaks to one server: it does not follow `MOVED`.
//!
//! The addresses are one hash and not a key each, so that every key that a script writes is named in its `KEYS`. The
//! scripts that read do make up the names of hashes from ids that they find, which Redis advises against, because a
//! cluster could not tell where those are. The hash tag tells it.
//!
//! # Access patterns
//!
//! | operation | sent, in one round trip | cost |
//! | --- | --- | --- |
//! | list users or products | `EVALSHA_RO list.lua`: `ZRANGE ... BYLEX LIMIT` and an `HGETALL` each | O(log n + page) |
//! | insert, update, delete a user or a product | `EVALSHA insert_user.lua`, `update_user.lua`, `delete_user.lua` and so on | O(log n) |
//! | find a user or a product | `HGETALL` | O(1) |
//! | find a user by e-mail | `EVALSHA_RO find_user_by_email.lua`: `HGET`, `HGETALL` | O(1) |
//! | find many products | `EVALSHA_RO find_products.lua`: an `HGETALL` each | O(products) |
//! | list a customer's orders | `EVALSHA_RO list_orders.lua`: as for users, and one `HGET` for the customer's name | O(log n + page) |
//! | place an order | `EVALSHA place_order.lua` | O(log n + lines) |
//! | find an order, also by its key | `EVALSHA_RO find_order.lua`, `find_order_by_key.lua`: `HGETALL`, `HGET` for the name | O(1) |
//! | move an order to another status | `EVALSHA update_order.lua` | O(log n + lines) |
//! | report the sales | `EVALSHA_RO sales.lua`: an `HGETALL` for each day | O(days × categories), however many orders |
//!
//! Members of a sorted set that have one score are in the order of their bytes, and so the ids are in the order of a listing:
//! `ZRANGE key (<after> + BYLEX` is a keyset page. `SORT users BY nosort GET ...` would need no script, but knows offsets
//! only, and an offset moves when others write.
//!
//! # What holds each guarantee
//!
//! | guarantee | held by |
//! | --- | --- |
//! | an e-mail address is taken once | a look at `users:by-email` and the write, in one script |
//! | compare-and-swap | a look at the stored `version` and the write, in one script |
//! | an admin is always left | `ZCARD` of `users:role:admin` and the write, in one script |
//! | a SKU is taken once | a look at `products:by-sku` and the write, in one script |
//! | stock never goes below zero, an order is placed as a whole | a look at all its products and the writes, in one script; see `orders.rs` |
//! | stock is given back once | a look at the stored `version` and the writes, in one script |
//! | there is never an order of nobody | `place_order.lua` looks at the user, `delete_user.lua` at the user's orders, and neither runs while the other does |
//! | an idempotency key is used once | a look at the customer's `orders:by-key` and the write, in one script |
//! | the report agrees with the orders | the script that moves an order to or from `paid` counts its lines |
//! | a change happens as a whole or not at all | Redis undoes nothing: each script tries whatever can fail before its first write. The log keeps a script's writes together |
//! | consistent pages | a page is one script, and a script sees one state |
//! | durability | `appendfsync always`: an answer is given after the `fsync` of what it acknowledges. Looked at when a connection is opened |
//! | nothing is done twice | no command is sent again, whatever became of it, but one that Redis answered with `NOSCRIPT`: that ran nothing |
//!
//! Replicas get what is written later than the answer: a failover may lose the last writes, whatever the log is set to.
//! `CONFIG SET` on a running server is met at the next connection.
//!
//! A program that knows layout 1 only refuses to start on layout 2, but one that runs already is not stopped, and would delete
//! users who have orders: end it before this one starts.
//!
//! # The URL
//!
//! `redis://user:password@host:6379/0?prefix=stackdiff`, where `0` is the number of the database. With `rediss://` it is TLS,
//! and the server's certificate is verified against the system's authorities.
//!
//! | option | default | what |
//! | --- | --- | --- |
//! | `prefix` | `stackdiff` | what the keys begin with: letters, digits, `_`, `-`, `.` |
//! | `durability` | `always` | the log that is demanded; see below |
//! | `cacert` | | a file with the certificates (PEM) to trust instead of the system's |
//!
//! | `durability` | demands | what was acknowledged survives |
//! | --- | --- | --- |
//! | `always` | `appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no` | the end of Redis (`kill -9`) and of the machine |
//! | `everysec` | `appendonly yes`, `appendfsync everysec` or `always` | as a rule the end of Redis. The end of the machine takes up to two seconds with it; so does the end of Redis while a flush is slow |
//! | `unchecked` | nothing | what the server's set-up lets survive: for managed services that have a log of another kind |
//!
//! Where `CONFIG GET` is forbidden, `INFO` shows that there is a log, and nothing shows when it reaches the disk: `always` is
//! refused there. Always demanded are `maxmemory-policy noeviction`, so that Redis refuses writes instead of throwing users
//! away, and a primary.
//!
//! # Not in the query log
//!
//! What opens a connection belongs to no request: `HELLO`, `AUTH`, `SELECT`, `INFO`, `CONFIG GET`, `SCRIPT LOAD`.

mod connection;
mod migrations;
mod orders;
mod products;
mod reports;
mod schema;
mod scripts;
mod users;

use connection::{Database, Server};
use migrations::{Durability, Fault};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, TlsCertificates};
use schema::Keys;
use shared::repository::{OpenError, Repositories, StoreOptions, without_password};
use std::sync::Arc;

/// What a URL must look like.
const EXAMPLE: &str = "redis://127.0.0.1:6379/0?prefix=stackdiff";

/// Opens the database of a URL such as `redis://user:password@host:6379/0?prefix=stackdiff`; see the crate's
/// documentation for its options. `options.connections` are shared by all calls.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let address = Address::parse(database_url)?;
    let server = address.server(database_url, options)?;
    let opened = Database::open(server, Keys::new(&address.prefix), options).await;
    let database = Arc::new(opened.map_err(|fault| refused(database_url, fault))?);
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
}

/// Removes all keys of this URL's prefix.
///
/// # Errors
/// [`OpenError`] with what to do about it; a prefix without keys is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let address = Address::parse(database_url)?;
    let server = address.server(database_url, options)?;
    let removing = async {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(options.timeout));
        migrations::remove(&mut server.connect(config).await?, &Keys::new(&address.prefix)).await
    };
    removing.await.map_err(|fault| refused(database_url, fault))
}

/// The database of this name on the Redis that `infra/services up redis` starts.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("redis://127.0.0.1:42379/0?prefix={database}")
}

fn refused(database_url: &str, fault: Fault) -> OpenError {
    OpenError::Database { database: without_password(database_url), advice: fault.advice(), source: fault.into() }
}

/// A URL, taken apart: the driver knows nothing of the options after the `?`.
struct Address {
    info: redis::ConnectionInfo,
    prefix: String,
    durability: Durability,
    /// The path of a file with the certificates to trust instead of the system's.
    cacert: Option<String>,
}

impl Address {
    fn parse(database_url: &str) -> Result<Self, OpenError> {
        Self::try_parse(database_url)
            .ok_or_else(|| OpenError::Url { expected: EXAMPLE, given: database_url.to_owned() })
    }

    fn try_parse(database_url: &str) -> Option<Self> {
        let mut url = redis::parse_redis_url(database_url)?;
        let (mut prefix, mut durability, mut cacert) = ("stackdiff".to_owned(), Durability::Always, None);
        for (option, value) in url.query_pairs() {
            match &*option {
                "prefix" => prefix = value.into_owned(),
                "durability" => durability = Durability::parse(&value)?,
                "cacert" => cacert = Some(value.into_owned()),
                // One that is misspelt must not be one that does nothing.
                _ => return None,
            }
        }
        // Of these, none means anything in a hash tag or in a pattern for SCAN.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let is_known = match url.scheme() {
            "redis" => cacert.is_none(),
            "rediss" => true,
            _ => false,
        };
        if !is_known || url.fragment().is_some() || prefix.is_empty() || !prefix.bytes().all(is_plain) {
            return None;
        }
        url.set_query(None);
        let info = url.into_connection_info().ok()?;
        // Only this protocol lets the driver tell that a connection was cut.
        let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        // What is sent late is not to wait for the answer to what was sent before.
        let info = info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Some(Self { info, prefix, durability, cacert })
    }

    fn server(&self, database_url: &str, options: StoreOptions) -> Result<Server, OpenError> {
        // `rustls` takes the process's choice of cryptography; whoever chose before is right as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = match &self.cacert {
            None => Client::open(self.info.clone()).map_err(Fault::from),
            Some(path) => trusting(path, self.info.clone()),
        };
        let client = client.map_err(|fault| refused(database_url, fault))?;
        Ok(Server { client, durability: self.durability, timeout: options.timeout, generation: Arc::default() })
    }
}

/// A client that trusts the certificates in this file, and no others.
fn trusting(path: &str, info: redis::ConnectionInfo) -> Result<Client, Fault> {
    let certificates = std::fs::read(path).map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
    let client = certificates.map_err(Into::into).and_then(|certificates| Client::build_with_tls(info, certificates));
    client.map_err(|error| Fault::SetUp {
        found: error.to_string(),
        advice: "name a readable file of certificates in PEM format with ?cacert= in the URL",
    })
}
