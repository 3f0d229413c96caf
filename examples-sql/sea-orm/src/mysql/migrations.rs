//! Makes a database ready to be used at start: is it there, can it be relied on, and the schema.

use super::connection::{connect, parse};
use crate::connection::{code, driver_error};
use crate::migrations::{NOT_OURS, TRIES, migrate};
use crate::network::{bounded, connect_once, connection_error, is_about_tls, refused};
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, Connection as _, Error as SqlxError, Executor as _, MySqlConnection};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};
use sea_orm::{QueryResult, TransactionTrait as _};
use shared::repository::{OpenError, StoreOptions};
use std::time::Duration;

/// The database that every server has, to be connected to while another one is made or removed.
const MAINTENANCE: &str = "information_schema";

/// The lock's name, for all that migrate this database; a digest, because a name has at most 64 characters.
const LOCK: &str = "CONCAT('stackdiff ', MD5(DATABASE()))";

/// Makes the database if there is none, looks whether it can be relied on, and brings it up to date.
///
/// # Errors
/// [`OpenError::Database`].
pub(crate) async fn prepare(url: &str, server: &MySqlConnectOptions, timeout: Duration) -> Result<(), OpenError> {
    let explained = |error: DbErr| refused(url, advice(&error), error);
    make_database(server, timeout).await.map_err(|error| explained(connection_error(error)))?;
    let connection = connect(server, 1, TRIES).connection;
    let prepared = bring_up_to_date(&connection).await;
    // The lock goes with the connection, whether it is closed in time or not.
    let _ = tokio::time::timeout(timeout, connection.close()).await;
    match prepared.map_err(explained)? {
        Some((found, advice)) => Err(refused(url, advice, found)),
        None => Ok(()),
    }
}

/// Removes the database.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn remove(url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let server = parse(url)?;
    let sql = format!("DROP DATABASE IF EXISTS {}", name_of(&server));
    let removed = on_the_server(&server, options.timeout, sql).await.map_err(connection_error);
    removed.map_err(|error| refused(url, advice(&error), error))
}

/// Makes the database if there is none: error 1049.
async fn make_database(server: &MySqlConnectOptions, timeout: Duration) -> Result<(), SqlxError> {
    match connect_once::<MySqlConnection>(server, timeout).await {
        Ok(connection) => bounded(timeout, connection.close()).await,
        Err(SqlxError::Database(error)) if code(&*error) == "1049" => {
            let sql = format!("CREATE DATABASE IF NOT EXISTS {}", name_of(server));
            on_the_server(server, timeout, sql).await
        }
        Err(error) => Err(error),
    }
}

/// Sends a statement about the database without being in it.
async fn on_the_server(server: &MySqlConnectOptions, timeout: Duration, sql: String) -> Result<(), SqlxError> {
    let mut connection = connect_once::<MySqlConnection>(&server.clone().database(MAINTENANCE), timeout).await?;
    bounded(TRIES, connection.execute(AssertSqlSafe(sql))).await?;
    bounded(timeout, connection.close()).await
}

/// The database's name as SQL takes it.
fn name_of(server: &MySqlConnectOptions) -> String {
    format!("`{}`", server.get_database().unwrap_or_default().replace('`', "``"))
}

/// What is wrong with a server, and what to do about it.
type Unfit = (&'static str, &'static str);

/// Several processes may start at once on a new database. MySQL commits at each `CREATE TABLE`, so the lock is not the
/// transaction's but the connection's, which the transaction keeps from being changed for another one.
async fn bring_up_to_date(connection: &DatabaseConnection) -> Result<Option<Unfit>, DbErr> {
    let transaction = connection.begin().await?;
    if let Some(unfit) = unfit(&transaction).await? {
        return Ok(Some(unfit));
    }
    let lock = format!("SELECT GET_LOCK({LOCK}, {})", TRIES.as_secs() - 1);
    let locked = transaction.query_one_raw(Statement::from_string(DbBackend::MySql, lock)).await?;
    if locked.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten() != Some(1) {
        return Ok(Some(("another process has been bringing it up to date for too long", "try again in a moment")));
    }
    migrate(&transaction).await?;
    transaction.commit().await?;
    Ok(None)
}

/// Whether an acknowledged write would survive a power cut, and any write be taken.
async fn unfit(transaction: &DatabaseTransaction) -> Result<Option<Unfit>, DbErr> {
    let settings = "SELECT CONCAT('', @@GLOBAL.innodb_flush_log_at_trx_commit), CONCAT('', @@GLOBAL.read_only)";
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::MySql, settings)).await?;
    let text = |row: &QueryResult, index| row.try_get_by_index::<String>(index);
    let Some(row) = row else { return Ok(None) };
    Ok(if text(&row, 0)? != "1" {
        let advice = "set `innodb_flush_log_at_trx_commit = 1` in the server's configuration";
        Some(("it acknowledges what it may lose", advice))
    } else if !["0", "OFF"].contains(&text(&row, 1)?.as_str()) {
        Some(("it is a replica that takes no writes", "choose the --database-url of the primary server"))
    } else {
        None
    })
}

/// The advice where nobody answers.
const NOT_REACHED: &str = "is MySQL running there? `infra/services up mysql` starts one on this machine";

/// What to do about a database that could not be opened.
pub(crate) fn advice(error: &DbErr) -> &'static str {
    let database_code = match driver_error(error) {
        Some(error) if is_about_tls(error) => return "look at ssl-mode and ssl-ca in --database-url",
        Some(SqlxError::Database(error)) => code(&**error),
        Some(SqlxError::Io(_) | SqlxError::Protocol(_) | SqlxError::PoolTimedOut) => return NOT_REACHED,
        _ if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => return NOT_REACHED,
        _ => return NOT_OURS,
    };
    match database_code.as_ref() {
        "1045" | "1698" => "look at user and password in --database-url",
        "1044" | "1142" => "make the database, and GRANT ALL on it to this user",
        "1040" | "1203" => "let the server take more connections (max_connections), or this program open fewer",
        "1665" => "set `binlog_format = ROW` in the server's configuration",
        "1053" | "1205" => "try again in a moment",
        _ => NOT_OURS,
    }
}
