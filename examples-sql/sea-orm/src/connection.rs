//! What the connections of all three databases have in common: the pools, a handle of one for each call, what a driver's
//! errors mean, and the query log. How a connection is made is in each database's folder.

use crate::network::Link;
use crate::schema::users;
use async_trait::async_trait;
use sea_orm::sea_query::Value;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
#[cfg(feature = "mysql")]
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr};
use sea_orm::{EntityTrait as _, ExecResult, QueryResult, QuerySelect as _, metric};
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use shared::context::RequestContext;
use shared::repository::{PoolStatus, Store, StoreError};
use shared::telemetry::Statement;
use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

/// The database: its pools.
pub(crate) struct Database {
    /// To read, and to write where there is no other.
    reading: Pool,
    /// SQLite's: one connection, because there only one can write at a time. On a server the rows' locks order writers.
    writing: Option<Pool>,
}

impl Database {
    pub(crate) fn new(reading: Pool, writing: Option<Pool>) -> Self {
        Self { reading, writing }
    }

    /// A connection to read with, for one call of a repository.
    pub(crate) fn reading(&self, context: &RequestContext) -> Session {
        self.reading.session(context)
    }

    /// A connection to write with, for one call of a repository.
    pub(crate) fn writing(&self, context: &RequestContext) -> Session {
        self.writing.as_ref().unwrap_or(&self.reading).session(context)
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        std::iter::once(&self.reading).chain(&self.writing)
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        // Not SeaORM's own `ping`: SQLite answers that without looking at its file, and a server without its tables.
        let look = users::Entity::find().select_only().column(users::Column::Id).into_tuple::<String>();
        look.one(&self.reading(context)).await.map_err(failure)?;
        Ok(())
    }

    fn pool(&self) -> PoolStatus {
        self.pools().map(Pool::status).fold(PoolStatus::default(), |sum, one| PoolStatus {
            size: sum.size + one.size,
            in_use: sum.in_use + one.in_use,
            waiting: sum.waiting + one.waiting,
        })
    }

    async fn close(&self) {
        if let Some(writing) = &self.writing {
            // SQLite: queues behind the writes that were accepted. It leaves one file behind instead of two if no other
            // process has it open.
            let _ = writing.handle().connection.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        }
        for pool in self.pools() {
            pool.close().await;
        }
    }
}

/// A pool and how many calls want something of it.
pub(crate) struct Pool {
    current: RwLock<Handle>,
    calls: Arc<AtomicUsize>,
    /// Makes another one in the place of one that is worn; see [`Link::is_worn`].
    renew: Option<Box<dyn Fn() -> Handle + Send + Sync>>,
}

/// SeaORM's handle of a pool.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) connection: DatabaseConnection,
    /// To a server; SQLite has none, and its driver gives up by itself.
    pub(crate) link: Option<Arc<Link>>,
}

impl Pool {
    /// A pool that stays what it is.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_file(connection: DatabaseConnection) -> Self {
        Self { current: RwLock::new(Handle { connection, link: None }), calls: Arc::default(), renew: None }
    }

    /// A pool that is made anew when it is worn.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn of_server(make: impl Fn() -> Handle + Send + Sync + 'static) -> Self {
        Self { current: RwLock::new(make()), calls: Arc::default(), renew: Some(Box::new(make)) }
    }

    /// Statements are reported to a callback that belongs to a handle of the pool, and a handle is cheap to clone: each
    /// call gets one of its own, whose callback knows the request if that is traced. So no task-local has to carry the
    /// request there, and a request that is not traced pays nothing.
    fn session(&self, context: &RequestContext) -> Session {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Handle { mut connection, link } = self.handle();
        let traced = context.is_traced().then(|| context.clone());
        if let Some(context) = traced.clone() {
            connection.set_metric_callback(move |sent| context.record(statement(sent)));
        }
        Session(Arc::new(Call { calls: self.calls.clone(), connection, link, traced, started: Instant::now() }))
    }

    fn handle(&self) -> Handle {
        let is_worn = |handle: &Handle| handle.link.as_ref().is_some_and(|link| link.is_worn());
        let handle = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(renew) = self.renew.as_ref().filter(|_| is_worn(&handle)) else { return handle };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if is_worn(&current) {
            *current = renew();
        }
        current.clone()
    }

    /// sqlx does not tell who waits: that is whoever called and has no connection.
    fn status(&self) -> PoolStatus {
        let (size, idle) = size_and_idle(&self.handle().connection);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let in_use = size.saturating_sub(idle);
        PoolStatus { size, in_use, waiting: self.calls.load(Ordering::Relaxed).saturating_sub(in_use) }
    }

    /// Waits for the connections that are at work, to a server no longer than for any answer of it.
    async fn close(&self) {
        let Handle { connection, link } = self.handle();
        let closed = connection.close_by_ref();
        let _ = match &link {
            Some(link) => tokio::time::timeout(link.timeout(), closed).await.unwrap_or(Ok(())),
            None => closed.await,
        };
    }
}

/// How many connections a pool has, and how many of them nobody uses.
fn size_and_idle(connection: &DatabaseConnection) -> (u32, usize) {
    macro_rules! of {
        ($pool:expr) => {{
            let pool = $pool;
            (pool.size(), pool.num_idle())
        }};
    }
    match connection.get_database_backend() {
        #[cfg(feature = "sqlite")]
        DbBackend::Sqlite => of!(connection.get_sqlite_connection_pool()),
        #[cfg(feature = "postgres")]
        DbBackend::Postgres => of!(connection.get_postgres_connection_pool()),
        #[cfg(feature = "mysql")]
        DbBackend::MySql => of!(connection.get_mysql_connection_pool()),
        _ => (0, 0),
    }
}

/// A handle of a pool, for one call of a repository. SeaORM takes it wherever it takes a connection. What it asks of a
/// server has a clone of it.
#[derive(Clone)]
pub(crate) struct Session(Arc<Call>);

/// One call of a repository, until nothing that it asked for is at work.
struct Call {
    calls: Arc<AtomicUsize>,
    connection: DatabaseConnection,
    link: Option<Arc<Link>>,
    /// The request, if it keeps what is sent.
    traced: Option<RequestContext>,
    started: Instant,
}

impl Session {
    /// Whether nobody else writes while one of this session's statements does, whatever process they are in. So it is
    /// in SQLite.
    pub(crate) fn writes_alone(&self) -> bool {
        self.get_database_backend() == DbBackend::Sqlite
    }

    /// Asks something of the database: a statement, or a transaction from its begin to its end.
    ///
    /// Of a server in a task of its own, which comes to an end, or to the limit of this call, also if whoever called goes
    /// away. sqlx does not bear a future that is dropped in the middle: most of all on MySQL its connection may take the
    /// rest of one answer for the next one, panic, or wait for ever and be lost to the pool. SQLite's connections are
    /// threads, which end what they began anyway.
    pub(crate) async fn ask<T, F>(&self, question: impl FnOnce(Self) -> F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let answer = question(self.clone());
        let Some(link) = self.0.link.clone() else { return answer.await };
        let started = self.0.started;
        let task = tokio::spawn(async move { link.limited(started, answer).await });
        // A panic of the driver is told as an error.
        task.await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
    }

    /// Begins a transaction. SeaORM's callback hears of neither its begin nor its end.
    ///
    /// In SQLite it writes from its begin on: one that begins as a reader is refused its first write if somebody else has
    /// written since. The servers have no such thing.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
        let text = if self.writes_alone() { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.recorded(text, self.0.connection.begin_with_options(options)).await
    }

    pub(crate) async fn commit(&self, transaction: DatabaseTransaction) -> Result<(), DbErr> {
        self.recorded("COMMIT", transaction.commit()).await
    }

    pub(crate) async fn rollback(&self, transaction: DatabaseTransaction) -> Result<(), DbErr> {
        self.recorded("ROLLBACK", transaction.rollback()).await
    }

    async fn recorded<T>(&self, text: &str, sent: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let outcome = sent.await;
        if let Some(context) = &self.0.traced {
            let duration = started.elapsed();
            context.record(Statement { statement: text.to_owned(), parameters: Vec::new(), duration });
        }
        outcome
    }
}

#[async_trait]
impl ConnectionTrait for Session {
    fn get_database_backend(&self) -> DbBackend {
        self.0.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: sea_orm::Statement) -> Result<ExecResult, DbErr> {
        self.ask(|session| async move { session.0.connection.execute_raw(statement).await }).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = sql.to_owned();
        self.ask(|session| async move { session.0.connection.execute_unprepared(&sql).await }).await
    }

    async fn query_one_raw(&self, statement: sea_orm::Statement) -> Result<Option<QueryResult>, DbErr> {
        self.ask(|session| async move { session.0.connection.query_one_raw(statement).await }).await
    }

    async fn query_all_raw(&self, statement: sea_orm::Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.ask(|session| async move { session.0.connection.query_all_raw(statement).await }).await
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The session's statement limit on PostgreSQL, and the wait for a lock on MySQL, both as long as a call may take.
const TIMED_OUT: [&str; 2] = ["57014", "1205"];

/// What a driver's error means to a service.
pub(crate) fn failure(error: DbErr) -> StoreError {
    match &error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => StoreError::Overloaded,
        // SeaORM tells the value, which may be anything.
        DbErr::Type(_) => StoreError::Internal("a column of choices holds what this program does not write".into()),
        DbErr::TryIntoErr { .. } | DbErr::Custom(_) => StoreError::Internal(Box::new(error)),
        DbErr::Query(RuntimeErr::SqlxError(cause)) if is_about_data(cause) => StoreError::Internal(Box::new(error)),
        _ if is_timeout(&error) => StoreError::TimedOut,
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn is_timeout(error: &DbErr) -> bool {
    match driver_error(error) {
        Some(SqlxError::Io(error)) => error.kind() == io::ErrorKind::TimedOut,
        Some(SqlxError::Database(error)) => TIMED_OUT.contains(&code(&**error).as_ref()),
        _ => false,
    }
}

fn is_about_data(error: &SqlxError) -> bool {
    matches!(error, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_) | SqlxError::ColumnNotFound(_))
}

/// Whether the database gave up a transaction, for the sake of another one, and took back all of it.
pub(crate) fn is_deadlock(error: &DbErr) -> bool {
    let error = driver_error(error).and_then(SqlxError::as_database_error);
    error.is_some_and(|error| ["40001", "40P01", "1213"].contains(&code(error).as_ref()))
}

/// What names an error: on MySQL its number, elsewhere the code of the standard (SQLSTATE) or of SQLite.
pub(crate) fn code(error: &dyn DatabaseError) -> Cow<'_, str> {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return error.number().to_string().into();
    }
    error.code().unwrap_or_default()
}

/// What sqlx said, below what SeaORM says.
pub(crate) fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// A statement as the query log keeps it: of the parameters only what kind of thing they are.
fn statement(sent: &metric::Info<'_>) -> Statement {
    let parameters = sent.statement.values.iter().flat_map(|values| values.iter()).map(type_of).collect();
    Statement { statement: sent.statement.sql.clone(), parameters, duration: sent.elapsed }
}

/// SQLite's storage classes, which name what the others take just as well.
fn type_of(parameter: &Value) -> &'static str {
    match parameter {
        parameter if *parameter == parameter.as_null() => "null",
        Value::String(_) | Value::Char(_) | Value::Json(_) => "text",
        Value::Float(_) | Value::Double(_) => "real",
        Value::Bytes(_) => "blob",
        _ => "integer",
    }
}
