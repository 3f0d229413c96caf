//! The connections: a pool to read and a pool of one connection to write.
//!
//! SQLite lets one connection write at a time. Writers of one process queue for that connection in the order in which
//! they came; with several they would meet SQLITE_BUSY, and sleep and try again in no order at all. For the same reason
//! nothing here writes in a transaction that begins as a reader: SQLite refuses that at once if another has written.
//!
//! What SQLite does not notice about its own file is watched here, too.

use super::migrations::{self, advice, prepare};
use crate::connection::{Database, Pool};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr};
use shared::repository::{OpenError, Synchronous, prepare_private_file};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long a call waits for a connection, and a connection for a lock that another process holds.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Opens the file, makes what is missing of it, and connects the pools.
///
/// # Errors
/// [`OpenError::Database`].
pub(crate) async fn open(path: &Path, synchronous: Synchronous, connections: usize) -> Result<Database, OpenError> {
    let database = path.display().to_string();
    let path = match file_made(path) {
        Ok(path) => path,
        Err(error) => {
            return Err(OpenError::Database { database, advice: migrations::NOT_ALLOWED, source: error.into() });
        }
    };
    let opened = async {
        let first = prepare(&path).await?;
        let reading = connect(&path, connections.max(1), Access::Read).await?;
        let writing = connect(&path, 1, Access::Write(synchronous)).await?;
        // Not before the others are there: SQLite clears up whenever nobody has the file open.
        first.close().await?;
        Ok(Database::new(Pool::of_file(reading), Some(Pool::of_file(writing))))
    };
    opened.await.map_err(|error: DbErr| OpenError::Database { database, advice: advice(&error), source: error.into() })
}

/// The absolute path, which starts with no "file:" that SQLite would take for a URI, and survives a `chdir`.
fn file_made(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    prepare_private_file(&path)?;
    Ok(path)
}

/// What a pool's connections are for.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// To make what is missing. The others must not: if the file is gone when they open it again, an empty one in its
    /// place would be a database without users.
    Create,
    Read,
    Write(Synchronous),
}

/// A pool of so many connections at most.
///
/// # Errors
/// The driver's.
pub(crate) async fn connect(path: &Path, connections: usize, access: Access) -> Result<DatabaseConnection, DbErr> {
    // The path is set by `each_connection`: as part of a URL, a `%` or a `?` in it would have a meaning.
    let mut options = ConnectOptions::new("sqlite://");
    let (file, watched) = (path.to_owned(), WatchedFile::new(path));
    options
        .max_connections(u32::try_from(connections).unwrap_or(u32::MAX))
        .acquire_timeout(WAIT_MAX)
        // A connection is a thread and an open file: neither wears out, and opening it again costs more than keeping it.
        .idle_timeout(None)
        .max_lifetime(None)
        // That would be one more trip to the connection's thread for each call.
        .test_before_acquire(false)
        .map_sqlx_sqlite_before_acquire(move |_, connection| {
            let is_current = watched.is_current(connection.age);
            Box::pin(async move { Ok(is_current) })
        })
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| each_connection(options.filename(&file), access));
    sea_orm::Database::connect(options).await
}

fn each_connection(options: SqliteConnectOptions, access: Access) -> SqliteConnectOptions {
    let options = options.busy_timeout(WAIT_MAX).foreign_keys(true).synchronous(match access {
        Access::Write(Synchronous::Normal) => SqliteSynchronous::Normal,
        _ => SqliteSynchronous::Full,
    });
    match access {
        // The file keeps the mode, so no other connection has to ask for it.
        Access::Create => options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal),
        Access::Read => options.pragma("query_only", "ON"),
        Access::Write(_) => options,
    }
}

/// Which file a path names, and since when.
///
/// SQLite does not notice when its file is deleted or another one is moved into its place: it goes on with the old one,
/// and what it is told to keep is lost. So the pool lets go of connections that are older than the file's being there.
/// A look costs a microsecond.
struct WatchedFile {
    path: PathBuf,
    seen: Mutex<(Option<FileId>, Instant)>,
}

impl WatchedFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: Mutex::new((file_id(path), Instant::now())) }
    }

    /// Whether a connection of this age has the file open that the path names now.
    fn is_current(&self, age: Duration) -> bool {
        let Some(file) = file_id(&self.path) else { return false };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0.is_some_and(|before| before != file) {
            seen.1 = Instant::now();
        }
        seen.0 = Some(file);
        age < seen.1.elapsed()
    }
}

/// What makes a file the same one under any name.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Elsewhere a file that is open can be neither deleted nor replaced.
#[cfg(not(unix))]
fn file_id(path: &Path) -> Option<FileId> {
    std::fs::metadata(path).ok().map(|_| (0, 0))
}
