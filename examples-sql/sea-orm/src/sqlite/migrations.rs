//! Makes a file ready to be used at start: write-ahead log, schema, a look at what is there.

use super::connection::{Access, connect};
use crate::connection::driver_error;
use crate::migrations::{NOT_OURS, TRIES, migrate};
use libsqlite3_sys::{
    SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_ERROR, SQLITE_FULL, SQLITE_IOERR, SQLITE_LOCKED, SQLITE_NOTADB,
};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use std::path::Path;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);

/// Opens the file, made if there is none, and brings it up to date.
///
/// # Errors
/// The driver's; see [`advice`].
pub(crate) async fn prepare(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let deadline = Instant::now() + TRIES;
    loop {
        match try_to_prepare(path).await {
            // The switch to WAL does not wait for a lock, whatever busy_timeout says.
            Err(error) if is_locked(&error) && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// Several processes may start at once on a new file. The transaction has the write lock from its start: the second
/// process waits, and finds nothing left to do.
async fn try_to_prepare(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let connection = connect(path, 1, Access::Create).await?;
    let mode = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
    let mode = connection.query_one_raw(mode).await?.map(|row| row.try_get_by_index::<String>(0)).transpose()?;
    if mode.as_deref() != Some("wal") {
        return Err(DbErr::Conn(RuntimeErr::Internal("no write-ahead log on this file system".to_owned())));
    }
    let immediate =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(immediate).await?;
    migrate(&transaction).await?;
    transaction.commit().await?;
    Ok(connection)
}

/// The advice where the path is the trouble.
pub(crate) const NOT_ALLOWED: &str = "choose a --database-url whose file and folder this process may create and write";

/// What to do about a file that could not be opened.
pub(crate) fn advice(error: &DbErr) -> &'static str {
    match sqlite_code(error) {
        _ if is_locked(error) => "another process keeps it locked: end that one, or choose another --database-url",
        Some(SQLITE_NOTADB) => "it is no SQLite database: choose another --database-url, or move that file away",
        Some(SQLITE_CORRUPT | SQLITE_IOERR) => {
            "the file is damaged: restore a backup of it, or choose another --database-url"
        }
        Some(SQLITE_FULL) => "make room on the disk, or choose another --database-url",
        Some(SQLITE_ERROR) => "it belongs to another program: choose another --database-url",
        None if !matches!(error, DbErr::Conn(_)) => NOT_OURS,
        _ => NOT_ALLOWED,
    }
}

/// A wait for a lock can end in either way: SQLite and sqlx's pool wait equally long.
fn is_locked(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_))
        || matches!(driver_error(error), Some(SqlxError::PoolTimedOut))
        || matches!(sqlite_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// The primary result code, <https://sqlite.org/rescode.html>.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let extended: i32 = driver_error(error)?.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
