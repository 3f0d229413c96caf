//! How a connection to MySQL or MariaDB is made. What becomes of it is in `crate::connection`.

use super::migrations::prepare;
use crate::connection::{Database, Handle, Pool};
use crate::network::{Link, refused, unknown_option, wrong_url};
use sea_orm::SqlxMySqlConnector;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, MySql};
use shared::repository::{OpenError, StoreOptions};
use std::time::Duration;

/// What a URL must look like.
const EXAMPLE: &str = "mysql://user:password@host:3306/stackdiff?ssl-mode=VERIFY_IDENTITY";

/// The options of a URL that sqlx knows, but for those that would change what a text is.
const OPTIONS: [&str; 7] =
    ["socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "sslmode", "statement-cache-capacity"];

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
pub(crate) fn parse(url: &str) -> Result<MySqlConnectOptions, OpenError> {
    let wrong = || wrong_url(EXAMPLE, url);
    if !url.starts_with("mysql://") {
        return Err(wrong());
    }
    if let Some(option) = unknown_option(url, &OPTIONS) {
        let advice = "options are ssl-mode, ssl-ca, ssl-cert, ssl-key, socket and statement-cache-capacity";
        return Err(refused(url, advice, format!("the URL has the unknown option `{option}`")));
    }
    let options: MySqlConnectOptions = url.parse().map_err(|_| wrong())?;
    match options.get_database() {
        Some(name) if !name.is_empty() => Ok(options.disable_statement_logging()),
        _ => Err(wrong()),
    }
}

/// A pool of so many connections at most; it has none until one is wanted. `timeout` is the longest wait for an answer.
///
/// Of sqlx's options, because SeaORM's own connect before they return.
pub(crate) fn connect(server: &MySqlConnectOptions, connections: usize, timeout: Duration) -> Handle {
    let link = Link::new(timeout);
    let (before_acquire, after_release) = (link.clone(), link.clone());
    let session = each_session(timeout);
    // sqlx would only add to the server's SQL mode; `each_session` replaces it.
    let server = server.clone().pipes_as_concat(false).no_engine_substitution(false);
    let pool = MySqlPoolOptions::new()
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
            Box::pin(async move { link.can_stay::<MySql>(connection).await })
        });
    let connection = SqlxMySqlConnector::from_sqlx_mysql_pool(pool.connect_lazy_with(server));
    Handle { connection, link: Some(link) }
}

/// What each session sets, because the defaults of a server may be others. `READ COMMITTED`: InnoDB then locks rows and
/// not the gaps between them, in which others insert. Strict: a value that does not fit is refused, not cut.
///
/// A wait for a lock ends when the client gives up, so that none pile up on the server; it is counted in seconds.
fn each_session(timeout: Duration) -> String {
    let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0)).max(1);
    format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
         SESSION innodb_lock_wait_timeout = {seconds}, SESSION lock_wait_timeout = {seconds}"
    )
}
