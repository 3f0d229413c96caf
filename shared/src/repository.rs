//! What a store must be able to do. Each store crate implements these traits in its database's own way.
//!
//! The traits are `#[async_trait]` behind `Arc<dyn …>`: the store is chosen at run time, and handlers that a macro
//! routes (Rocket's, actix's) take no type parameters. The cost is one allocation a call.
//!
//! Longer than 400 lines because all that stores must do, and all that they may answer, is read together.

use crate::context::RequestContext;
use crate::domain::{
    CategorySales, Day, EmailKey, Order, OrderId, OrderStatus, Product, ProductId, Role, User, UserId,
};
use async_trait::async_trait;
use std::error::Error;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Users, kept. Every method takes the request's context, to report the statement that it sent.
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// The users after `query.after` by id, oldest first, at most `query.limit` of them, with `query.role` if one is
    /// asked for.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`], [`StoreError::Unavailable`] or [`StoreError::Internal`], as from every method.
    async fn list(&self, context: &RequestContext, query: &UserQuery) -> Result<Vec<User>, StoreError>;

    /// Keeps a new user. Once this returns `Ok`, the user survives the end of the process.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if another user has the same [`EmailKey`], however many try at the same time.
    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError>;

    /// The user with this id, if there is one.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this address, without regard to case, if there is one.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError>;

    /// Compare-and-swap: writes `user` over the stored one if that still has `expected_version`.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it has another version or is gone, [`StoreError::EmailTaken`], and
    /// [`StoreError::LastAdmin`] if this would leave no admin; nothing is changed then.
    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError>;

    /// Removes the user if it still has `expected_version` and no order, whoever places one at the same time: there is
    /// never an order of nobody.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it has another version or is gone, [`StoreError::LastAdmin`] if this would
    /// leave no admin, [`StoreError::HasOrders`]; the first of them that applies, and nothing is changed then.
    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError>;
}

/// Products, kept. `version` and `stock` of a product also change with the orders of it; see [`OrderRepository`].
#[async_trait]
pub trait ProductRepository: Send + Sync {
    /// The products after `query.after` by id, oldest first, at most `query.limit` of them, of `query.category` if one
    /// is asked for.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn list(&self, context: &RequestContext, query: &ProductQuery) -> Result<Vec<Product>, StoreError>;

    /// Keeps a new product.
    ///
    /// # Errors
    /// [`StoreError::SkuTaken`] if another product has the same SKU (or this id: then it is this one, kept before).
    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError>;

    /// The product with this id, if there is one.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError>;

    /// Those products of up to 20 that are there, in any order, read together: one round trip, however many.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError>;

    /// Compare-and-swap: writes `product` over the stored one, its stock included, if that still has `expected_version`.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it has another version or is gone, [`StoreError::SkuTaken`].
    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError>;

    /// Removes the product if it still has `expected_version`. Orders keep their lines, which are copies.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it has another version or is gone.
    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError>;
}

/// Orders, kept. What is read comes with the customer's name of today, resolved in a constant number of round trips.
#[async_trait]
pub trait OrderRepository: Send + Sync {
    /// The orders of `query.customer` after `query.after` by id, oldest first, at most `query.limit` of them, with
    /// `query.status` if one is asked for.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn list(&self, context: &RequestContext, query: &OrderQuery) -> Result<Vec<Order>, StoreError>;

    /// Keeps a new order, which is pending, and takes its stock: lowers each line's product's `stock` by the quantity and raises its
    /// `version` by one. All of it or nothing, whatever else runs or dies at the same time, and no stock goes below zero.
    /// `order.customer.name` is not kept.
    ///
    /// # Errors
    /// [`StoreError::OutOfStock`] with every line's product that is gone or has too little,
    /// [`StoreError::CustomerGone`], [`StoreError::KeyTaken`] if the customer has an order with the same
    /// `idempotency_key` (or there is an order with this id: then it is this one, kept before). Where several apply, any
    /// of them.
    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError>;

    /// The order with this id, if there is one.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// The order that this customer placed with this idempotency key, if there is one.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError>;

    /// Compare-and-swap of the status: writes `after`'s `status`, `version` and `updated_at`, in which alone it differs, if
    /// the stored order still has `before`'s version. The transition is one of the workflow. If it becomes cancelled, the stock goes back, once: raises `stock` of each line's product
    /// that still exists by the quantity, and its `version` by one. All of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it has another version or is not there.
    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError>;
}

/// Reports, computed where the data is.
#[async_trait]
pub trait ReportRepository: Send + Sync {
    /// The sales by category: of orders that are paid or shipped and were created within `query`. Highest revenue first,
    /// then by the bytes of the category; categories without a sale are absent.
    ///
    /// # Errors
    /// As [`UserRepository::list`].
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError>;
}

/// The store as a whole: is it there, how busy is it, and its end.
#[async_trait]
pub trait Store: Send + Sync {
    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] or [`StoreError::Unavailable`].
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError>;

    /// How many connections there are and how many are at work.
    fn pool(&self) -> PoolStatus;

    /// Finishes what was accepted and lets go of the database.
    async fn close(&self);
}

/// What a store crate's `open` gives.
#[derive(Clone)]
pub struct Repositories {
    /// Users.
    pub users: Arc<dyn UserRepository>,
    /// Products.
    pub products: Arc<dyn ProductRepository>,
    /// Orders.
    pub orders: Arc<dyn OrderRepository>,
    /// Reports.
    pub reports: Arc<dyn ReportRepository>,
    /// The store as a whole.
    pub store: Arc<dyn Store>,
}

/// How a store uses its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// At most so many connections, at least one. SQLite has one more, to write with.
    pub connections: usize,
    /// Longest wait for the database: to connect, for a connection that is free, for an answer.
    pub timeout: Duration,
}

/// Which users to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// Only users of this role.
    pub role: Option<Role>,
    /// Only users with a greater id.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

/// Which products to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductQuery {
    /// Only products of exactly this category.
    pub category: Option<String>,
    /// Only products with a greater id.
    pub after: Option<ProductId>,
    /// At most so many.
    pub limit: u32,
}

/// Which orders to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderQuery {
    /// Only orders of this user.
    pub customer: UserId,
    /// Only orders with this status.
    pub status: Option<OrderStatus>,
    /// Only orders with a greater id.
    pub after: Option<OrderId>,
    /// At most so many.
    pub limit: u32,
}

/// Which sales to report, by the day in UTC on which the order was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SalesQuery {
    /// The first day; none is from the beginning.
    pub from: Option<Day>,
    /// The last day, which counts, too; none is until now.
    pub to: Option<Day>,
}

impl SalesQuery {
    /// Milliseconds since 1970-01-01T00:00:00Z from which on orders count.
    pub fn from_millis(&self) -> i64 {
        self.from.map_or(i64::MIN, Day::start_millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z from which on orders count no longer.
    pub fn until_millis(&self) -> i64 {
        self.to.map_or(i64::MAX, Day::end_millis)
    }
}

/// A product of which an order wants more than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The product.
    pub product_id: ProductId,
    /// How many are left; none if the product is gone.
    pub left: Option<i64>,
}

/// A snapshot of a store's connections, for the pool gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Open connections.
    pub size: usize,
    /// Those at work now.
    pub in_use: usize,
    /// Requests that wait for one.
    pub waiting: usize,
}

/// Why a store did not do what it was asked. Down to [`StoreError::KeyTaken`] they are answers, the others are faults.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another user has this e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// The stored version is another one than was expected, or the record is gone.
    #[error("the record has changed or is gone")]
    VersionConflict,
    /// There would be no admin left.
    #[error("there would be no admin left")]
    LastAdmin,
    /// The user has orders.
    #[error("the user has orders")]
    HasOrders,
    /// Another product has this SKU.
    #[error("another product has this SKU")]
    SkuTaken,
    /// Products of the order are gone or there is too little of them: all such lines.
    #[error("too little of some products is left")]
    OutOfStock(Vec<Shortage>),
    /// The order's customer is gone.
    #[error("the customer is gone")]
    CustomerGone,
    /// The customer has placed an order with this idempotency key before.
    #[error("the customer has used this idempotency key before")]
    KeyTaken,
    /// The store's queue is full: more requests wait for a connection than it takes.
    #[error("too many requests wait for a connection")]
    Overloaded,
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The database cannot be reached, refused, or failed at what it was asked.
    #[error("the database failed")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The database holds what this program cannot have written, or this program has a defect.
    #[error("the stored data is not as expected")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a store could not be opened at start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The program was built without this store.
    #[error("{store} was left out of this program: build it with --features {store}")]
    LeftOut {
        /// Its name, which is its feature's.
        store: String,
    },
    /// The URL is not one that this store takes.
    #[error("DATABASE_URL must look like {expected}, not like {}", without_password(.given))]
    Url {
        /// An example of what would be right.
        expected: &'static str,
        /// What was given.
        given: String,
    },
    /// The database cannot be opened, or is not what it must be.
    #[error("cannot open {database}: {source}; {advice}")]
    Database {
        /// The file or address, without its password.
        database: String,
        /// What to do about it.
        advice: &'static str,
        /// What the driver said.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What a write to a SQLite file survives once it was acknowledged: `PRAGMA synchronous`, with a write-ahead log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Synchronous {
    /// A power cut: each commit waits until the disk has it.
    #[default]
    Full,
    /// The end of the process, however it ends; after a power cut the last commits may be gone.
    Normal,
}

impl Synchronous {
    /// As in a URL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Normal => "normal",
        }
    }
}

/// The file in a URL of a SQLite database, and what is asked of it: `sqlite://data/x.db` is relative, `sqlite:///data/x.db` is
/// not; `?synchronous=normal` at the end says that a power cut may cost the last commits. Any other `?` is part of the name.
///
/// # Errors
/// [`OpenError::Url`] if there is another scheme or no path.
pub fn sqlite_file(url: &str, expected: &'static str) -> Result<(PathBuf, Synchronous), OpenError> {
    let rest = url.strip_prefix("sqlite://").unwrap_or_default();
    let (path, synchronous) = match rest.rsplit_once("?synchronous=") {
        Some((path, "normal")) => (path, Synchronous::Normal),
        Some((path, "full")) => (path, Synchronous::Full),
        _ => (rest, Synchronous::default()),
    };
    if path.is_empty() {
        return Err(OpenError::Url { expected, given: url.to_owned() });
    }
    Ok((PathBuf::from(path), synchronous))
}

/// Makes a folder, and those above it, that nobody but this user can look into. One that is there keeps its mode.
///
/// # Errors
/// The system's.
pub fn prepare_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Makes an empty file that nobody but this user can read, and the folders above it likewise. A file that is there keeps
/// its mode, and is not touched. What SQLite puts beside a file gets that file's mode.
///
/// # Errors
/// The system's about the folders. About a file that cannot be made, whoever opens it next says more.
pub fn prepare_private_file(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), prepare_private_folder)?;
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One at a time: closing any handle of a file drops all locks that this process has on it, and nobody else may have
    // taken one before this handle is closed.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    drop(options.write(true).create_new(true).open(path));
    Ok(())
}

/// Removes the file of a SQLite database with what SQLite keeps beside it. One that is not there is no error.
///
/// # Errors
/// The system's.
pub fn remove_sqlite_file(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A database URL as it may be shown: without user and password, and without the options after a `?`, which may hold a
/// password, too. Of a password that is not encoded as it should be, nothing is shown either.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (sign, host) = rest.rsplit_once('@').map_or(("", rest), |(_, host)| ("...@", host));
    let host = host.split_once('?').map_or(host, |(host, _)| host);
    format!("{scheme}://{sign}{host}")
}

#[cfg(test)]
mod tests {
    use super::{Synchronous, sqlite_file, without_password};

    #[test]
    fn the_path_of_a_file_database_is_what_follows_the_scheme() {
        let file = |url| sqlite_file(url, "sqlite://data/x.db").map_err(|error| error.to_string());
        let is = |url, path: &str, synchronous| assert_eq!(file(url), Ok((path.into(), synchronous)));
        is("sqlite://data/x.db", "data/x.db", Synchronous::Full);
        is("sqlite:///var/x.db", "/var/x.db", Synchronous::Full);
        is("sqlite://x.db?synchronous=normal", "x.db", Synchronous::Normal);
        is("sqlite://x.db?synchronous=full", "x.db", Synchronous::Full);
        is("sqlite://x.db?synchronous=off", "x.db?synchronous=off", Synchronous::Full);
        for url in
            ["", "x.db", "sqlite:x.db", "sqlite://", "sqlite://?synchronous=normal", "postgres://me:secret@host/db"]
        {
            let error = file(url).unwrap_err();
            assert!(error.contains("sqlite://data/x.db") && !error.contains("secret"), "{error}");
        }
    }
    #[test]
    fn a_url_is_shown_without_what_may_be_a_secret() {
        for url in [
            "postgres://me:secret@host:1/db?password=secret",
            "redis://:se@c?ret@host:1/db",
            "redis://host:1/db?x=secret",
            "mongodb://me:sec?ret@host:1/db",
        ] {
            let shown = without_password(url);
            assert!(!shown.contains("ret") && shown.ends_with("host:1/db"), "{shown}");
        }
    }
}
