//! `baselines loop NAME`: a database's driver, or a hash, asked again and again without any HTTP. It is the ceiling of a store:
//! what is below it is what the store, the service, the framework and the server cost.
//!
//! | file | what is done | as in |
//! | --- | --- | --- |
//! | `sqlite_read` | a user by id | `store-diesel`, `sqlite/users.rs`, `find` |
//! | `sqlite_order` | an order of three lines | `store-diesel`, `sqlite/orders.rs`, `place` |
//! | `postgres_read` | a user by id | `store-diesel`, `postgres/users.rs`, `find` |
//! | `mysql_read` | a user by id | `store-diesel`, `mysql/users.rs`, `find` |
//! | `redis_read` | a user by id | `store-redis`, `users.rs`, `find` |
//! | `mongodb_read` | a user by id | `store-mongodb`, `users.rs`, `find` |
//! | `dynamodb_read` | a user by id | `store-dynamodb`, `users.rs`, `find` |
//! | `argon2id` | a new password hash | `shared`, `passwords.rs`, `hash` |
//! | `measured` | the loop itself, and what is told of it | |
//!
//! Each reads what the store reads, from the same tables, keys and documents, and takes it apart into a [`User`]: rows that
//! nobody looks at would be a ceiling that no program can reach.

mod argon2id;
#[cfg(feature = "dynamodb")]
mod dynamodb_read;
mod ids;
mod measured;
#[cfg(feature = "mongodb")]
mod mongodb_read;
#[cfg(feature = "mysql")]
mod mysql_read;
#[cfg(feature = "postgres")]
mod postgres_read;
#[cfg(feature = "redis")]
mod redis_read;
mod sqlite_order;
mod sqlite_read;

use crate::failure::Failure;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// A driver's own loop without any HTTP. Prints one line of JSON at the end.
#[derive(Args)]
pub struct Settings {
    /// What is done
    #[arg(value_enum)]
    name: Name,
    /// Where the data is, in the project's own form (see `server --help`); argon2id needs none
    #[arg(long, value_name = "URL", default_value = "")]
    database_url: String,
    /// How many do it at the same time, each one thing after the other
    #[arg(long, default_value = "1")]
    tasks: NonZeroUsize,
    /// How long is counted
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "5")]
    seconds: Duration,
    /// How long it runs before that
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "1")]
    warm_up_seconds: Duration,
    /// The users to ask for, one id a line; by default all that are in the database
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// Connections that the tasks share; by default one each. Of SQLite they are threads, and `tasks` is left out
    #[arg(long)]
    connections: Option<NonZeroUsize>,
    /// Threads that the tasks of a server's driver run on; by default one a core
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    /// sqlite-order: so many orders are committed together
    #[arg(long, default_value = "1")]
    group: NonZeroUsize,
}

/// The loops.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// A user by id from SQLite, by rusqlite
    SqliteRead,
    /// An order of three lines into SQLite, by rusqlite on one connection
    SqliteOrder,
    /// A user by id from PostgreSQL, by tokio-postgres and deadpool
    #[cfg(feature = "postgres")]
    PostgresRead,
    /// A user by id from MySQL, by mysql_async
    #[cfg(feature = "mysql")]
    MysqlRead,
    /// A user by id from Redis, by multiplexed connections
    #[cfg(feature = "redis")]
    RedisRead,
    /// A user by id from MongoDB, by its driver
    #[cfg(feature = "mongodb")]
    MongodbRead,
    /// A user by id from DynamoDB, by Amazon's SDK
    #[cfg(feature = "dynamodb")]
    DynamodbRead,
    /// A new password hash on a thread for each task
    #[value(name = "argon2id")]
    Argon2id,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

impl Settings {
    fn connections(&self) -> usize {
        self.connections.unwrap_or(self.tasks).get()
    }
}

/// A user as all stores keep one.
#[expect(dead_code, reason = "reading it is all that is measured")]
struct User {
    id: String,
    name: String,
    email: String,
    email_key: String,
    password_hash: String,
    role: String,
    version: i64,
    credentials_version: i64,
    created_at: i64,
    updated_at: i64,
}

/// Runs to the end of its time and says what came of it.
///
/// # Errors
/// [`Failure`].
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let measured = match settings.name {
        Name::SqliteRead => sqlite_read::run(settings),
        Name::SqliteOrder => sqlite_order::run(settings),
        #[cfg(feature = "postgres")]
        Name::PostgresRead => measured::runtime(settings)?.block_on(postgres_read::run(settings)),
        #[cfg(feature = "mysql")]
        Name::MysqlRead => measured::runtime(settings)?.block_on(mysql_read::run(settings)),
        #[cfg(feature = "redis")]
        Name::RedisRead => measured::runtime(settings)?.block_on(redis_read::run(settings)),
        #[cfg(feature = "mongodb")]
        Name::MongodbRead => measured::runtime(settings)?.block_on(mongodb_read::run(settings)),
        #[cfg(feature = "dynamodb")]
        Name::DynamodbRead => measured::runtime(settings)?.block_on(dynamodb_read::run(settings)),
        Name::Argon2id => argon2id::run(settings),
    };
    measured.map(|measured| measured.print())
}
