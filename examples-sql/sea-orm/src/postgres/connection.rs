//! How a connection to PostgreSQL is made. What becomes of it is in `crate::connection`.

use super::migrations::prepare;
use crate::connection::{Database, Handle, Pool};
use crate::network::{Link, refused, unknown_option, wrong_url};
use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Postgres};
use shared::repository::{OpenError, StoreOptions};
use std::time::Duration;

/// What a URL must look like.
const EXAMPLE: &str = "postgres://user:password@host:5432/stackdiff?sslmode=verify-full";

/// The options of a URL that sqlx knows. It would log any other with its value, which may be a password.
const OPTIONS: [&str; 14] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// A session that this process has forgotten lets go of what it locked.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// Opens the database, makes what is missing of it, and connects the pool.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn open(url: &str, options: StoreOptions) -> Result<Database, OpenError> {
    let server = parse(url)?;
    prepare(url, &server, options.timeout).await?;
    let StoreOptions { connections, timeout } = options;
    Ok(Database::new(Pool::of_server(move || connect(&server, connections.max(1), timeout)), None))
}

/// The server, user, database and options of a URL.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn parse(url: &str) -> Result<PgConnectOptions, OpenError> {
    let wrong = || wrong_url(EXAMPLE, url);
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong());
    }
    if let Some(option) = unknown_option(url, &OPTIONS) {
        let advice = "options are sslmode, sslrootcert, sslcert, sslkey, options and those that name server and user";
        return Err(refused(url, advice, format!("the URL has the unknown option `{option}`")));
    }
    let options: PgConnectOptions = url.parse().map_err(|_| wrong())?;
    match options.get_database() {
        Some(name) if !name.is_empty() => Ok(options.disable_statement_logging()),
        _ => Err(wrong()),
    }
}

/// A pool of so many connections at most; it has none until one is wanted. `timeout` is the longest wait for an answer.
///
/// Of sqlx's options, because SeaORM's own connect before they return.
pub(crate) fn connect(server: &PgConnectOptions, connections: usize, timeout: Duration) -> Handle {
    let link = Link::new(timeout);
    let (before_acquire, after_release) = (link.clone(), link.clone());
    let session = each_session(timeout);
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(connections).unwrap_or(u32::MAX))
        .acquire_timeout(link.acquire_timeout())
        .after_connect(move |connection, _| {
            let session = AssertSqlSafe(session.clone());
            Box::pin(async move { connection.execute(session).await.map(|_| ()) })
        })
        // `can_be_used` tests when it is worth a round trip.
        .test_before_acquire(false)
        .before_acquire(move |connection, pooled| {
            let link = before_acquire.clone();
            Box::pin(async move { link.can_be_used(connection, pooled).await })
        })
        .after_release(move |connection, _| {
            let link = after_release.clone();
            Box::pin(async move { link.can_stay::<Postgres>(connection).await })
        });
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(server.clone()));
    Handle { connection, link: Some(link) }
}

/// What each session sets, because the defaults of a server, database or user may be others. `READ COMMITTED`: an update
/// that waited for another one looks at the row again, instead of failing.
///
/// A statement ends when the client gives up, so that none pile up on the server behind a lock. By `SET`, not as a
/// connection starts: proxies such as PgBouncer refuse what they do not know there.
fn each_session(timeout: Duration) -> String {
    let milliseconds = |time: Duration| time.as_millis().max(1);
    format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        milliseconds(timeout),
        milliseconds(FORGOTTEN)
    )
}
