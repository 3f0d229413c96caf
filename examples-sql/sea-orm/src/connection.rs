//! The database: how it is opened, its two pools, and what they report.

use crate::migrations::migrate;
use crate::schema::users;
use async_trait::async_trait;
use libsqlite3_sys::{
    SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR, SQLITE_LOCKED, SQLITE_NOTADB, SQLITE_PERM,
    SQLITE_READONLY,
};
use sea_orm::sea_query::Value;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnAcquireErr, ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbErr, RuntimeErr, metric};
use sea_orm::{EntityTrait as _, QuerySelect as _};
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError};
use shared::telemetry::Statement;
use std::borrow::Cow;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long a call waits for a connection, and a connection for a lock that another process holds.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// So long a start keeps trying while others start on the same file.
const OPEN_MAX: Duration = Duration::from_secs(10);

/// One file, with a pool to read and a pool of one connection to write.
///
/// SQLite lets one connection write at a time. Writers of one process queue for that connection in the order in which
/// they came; with several they would meet SQLITE_BUSY, and sleep and try again in no order at all.
pub(crate) struct Database {
    reading: Pool,
    writing: Pool,
}

impl Database {
    /// Opens the file, makes it if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError::Database`], with advice.
    pub(crate) async fn open(path: &Path, connections: usize) -> Result<Self, OpenError> {
        let database = path.display().to_string();
        let folder_made = std::path::absolute(path).and_then(|path| {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            Ok(path)
        });
        let path = match folder_made {
            Ok(path) => path,
            Err(error) => return Err(OpenError::Database { database, advice: NOT_ALLOWED, source: error.into() }),
        };
        let opened = async {
            let first = prepare(&path).await?;
            let reading = connect(&path, connections.max(1), Access::Read).await?;
            let writing = connect(&path, 1, Access::Write).await?;
            // There may be a table of this name and other columns, or a file whose first page only is sound.
            users::Entity::find().one(&reading).await?;
            // Last, because SQLite clears up whenever nobody has the file open.
            first.close().await?;
            Ok(Self { reading: Pool::new(reading), writing: Pool::new(writing) })
        };
        opened.await.map_err(|error: DbErr| OpenError::Database {
            database,
            advice: advice(&path, &error),
            source: error.into(),
        })
    }

    /// A connection of the reading pool, for one call of a repository.
    pub(crate) fn reading(&self, context: &RequestContext) -> Session<'_> {
        self.reading.session(context)
    }

    /// The writing connection, for one call of a repository.
    pub(crate) fn writing(&self, context: &RequestContext) -> Session<'_> {
        self.writing.session(context)
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        // SeaORM's own `ping` asks the connection's thread, and SQLite answers `SELECT 1` without looking at the file.
        let look = users::Entity::find().select_only().column(users::Column::Id).into_tuple::<String>();
        look.one(&*self.reading(context)).await.map_err(failure)?;
        Ok(())
    }

    fn pool(&self) -> PoolStatus {
        let (reading, writing) = (self.reading.status(), self.writing.status());
        PoolStatus {
            size: reading.size + writing.size,
            in_use: reading.in_use + writing.in_use,
            waiting: reading.waiting + writing.waiting,
        }
    }

    async fn close(&self) {
        let _ = self.reading.connection.close_by_ref().await;
        // Leaves the log empty if no other process has the file open; if one has, it will do so.
        let _ = self.writing.connection.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let _ = self.writing.connection.close_by_ref().await;
    }
}

/// A pool and how many calls want something of it.
struct Pool {
    connection: DatabaseConnection,
    calls: AtomicUsize,
}

impl Pool {
    fn new(connection: DatabaseConnection) -> Self {
        Self { connection, calls: AtomicUsize::new(0) }
    }

    /// Statements are reported to a callback that belongs to a handle of the pool, and a handle is cheap to clone: a
    /// traced request gets one of its own, whose callback knows the request. So no task-local has to carry the request
    /// there, and a request that is not traced pays nothing.
    fn session(&self, context: &RequestContext) -> Session<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut connection = Cow::Borrowed(&self.connection);
        if context.is_traced() {
            let context = context.clone();
            connection.to_mut().set_metric_callback(move |sent| context.record(statement(sent)));
        }
        Session { connection, calls: &self.calls }
    }

    /// sqlx does not tell who waits: that is whoever called and has no connection.
    fn status(&self) -> PoolStatus {
        let pool = self.connection.get_sqlite_connection_pool();
        let size = pool.size() as usize;
        let in_use = size.saturating_sub(pool.num_idle());
        PoolStatus { size, in_use, waiting: self.calls.load(Ordering::Relaxed).saturating_sub(in_use) }
    }
}

/// A handle of a pool, for one call of a repository.
pub(crate) struct Session<'a> {
    connection: Cow<'a, DatabaseConnection>,
    calls: &'a AtomicUsize,
}

impl Deref for Session<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Makes the file and its tables, and gives the connection that did.
///
/// The switch to WAL needs the file for itself, and SQLite does not wait for that but fails with SQLITE_BUSY: of
/// several processes that start on a new file at the same time, all but one must try again.
async fn prepare(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let started = Instant::now();
    loop {
        let prepared = async {
            let connection = connect(path, 1, Access::Create).await?;
            migrate(&connection).await?;
            Ok(connection)
        };
        match prepared.await {
            Err(error) if sqlite_code(&error) == Some(SQLITE_BUSY) && started.elapsed() < OPEN_MAX => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

/// What a pool's connections are for.
#[derive(Clone, Copy)]
enum Access {
    /// To make what is missing of the file. The others must not: they open a file again that was there before, and an
    /// empty one in its place would be taken for a database without users.
    Create,
    Read,
    Write,
}

async fn connect(path: &Path, connections: usize, access: Access) -> Result<DatabaseConnection, DbErr> {
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

/// `FULL`: what was acknowledged survives a power cut. In WAL, `NORMAL` would only survive the end of the process.
fn each_connection(options: SqliteConnectOptions, access: Access) -> SqliteConnectOptions {
    let options = options.busy_timeout(WAIT_MAX).foreign_keys(true).synchronous(SqliteSynchronous::Full);
    match access {
        // The file keeps the mode, so no other connection has to ask for it.
        Access::Create => options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal),
        Access::Read => options.pragma("query_only", "ON"),
        Access::Write => options,
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
        let now = file_id(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != now {
            *seen = (now, Instant::now());
        }
        now.is_some() && age < seen.1.elapsed()
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

/// What a driver's error means to a service.
pub(crate) fn failure(error: DbErr) -> StoreError {
    match &error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreError::Overloaded,
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => StoreError::Internal(Box::new(error)),
        DbErr::Query(RuntimeErr::SqlxError(cause)) if is_about_data(cause) => StoreError::Internal(Box::new(error)),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn is_about_data(error: &SqlxError) -> bool {
    matches!(error, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_) | SqlxError::ColumnNotFound(_))
}

/// The primary result code, <https://sqlite.org/rescode.html>.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    let extended: i32 = cause.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

const NOT_ALLOWED: &str = "name a file in a folder that this program may write to and that has room";

fn advice(path: &Path, error: &DbErr) -> &'static str {
    match sqlite_code(error) {
        _ if path.is_dir() => "this is a folder: name a file in it",
        Some(SQLITE_CANTOPEN | SQLITE_READONLY | SQLITE_PERM | SQLITE_IOERR | SQLITE_FULL) => NOT_ALLOWED,
        Some(SQLITE_BUSY | SQLITE_LOCKED) => "another process keeps it locked: end that one first",
        Some(SQLITE_NOTADB) => "this is no SQLite database: name another file, or move this one away",
        Some(SQLITE_CORRUPT) => "the file is damaged: restore a backup, or move it away to start with an empty one",
        _ => "its tables are another program's or a newer version's: name another file",
    }
}

/// A statement as the query log keeps it: of the parameters only what kind of thing they are.
fn statement(sent: &metric::Info<'_>) -> Statement {
    let parameters = sent.statement.values.iter().flat_map(|values| values.iter()).map(type_of).collect();
    Statement { statement: sent.statement.sql.clone(), parameters, duration: sent.elapsed }
}

/// SQLite's storage classes.
fn type_of(parameter: &Value) -> &'static str {
    match parameter {
        parameter if *parameter == parameter.as_null() => "null",
        Value::String(_) | Value::Char(_) => "text",
        Value::Float(_) | Value::Double(_) => "real",
        Value::Bytes(_) => "blob",
        _ => "integer",
    }
}
