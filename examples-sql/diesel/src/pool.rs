//! What the stores over a server have in common: a pool of diesel-async's connections, and a session, which is one of them
//! for one call.
//!
//! A call may be dropped at any point: a client goes away, or the service's limit has come. diesel-async 0.9 notices that
//! for a connection only inside a transaction. Otherwise it would go back into the pool as it is, and the next caller would
//! meet what is left of the dropped call: on MySQL an error, on PostgreSQL a statement to wait for. So a [`Session`] that
//! was not ended takes its connection out of the pool, and with the connection goes all that was under way on it.

use crate::query_log::Recorder;
use deadpool::Runtime;
use deadpool::managed::{BuildError, Manager, Object, Pool, PoolBuilder, PoolError, TimeoutType};
use diesel::QueryResult;
use diesel::connection::get_default_instrumentation;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::AsyncConnection;
use shared::context::RequestContext;
use shared::repository::{PoolStatus, StoreError, StoreOptions};
use std::error::Error;
use std::time::Duration;

/// So often a call is tried that the database undid because of another one.
const TRIES: u32 = 5;

/// The pool's own limits are a little shorter than a call's, because they can tell what was waited for.
const SLACK: Duration = Duration::from_millis(20);

/// How often [`Connections::close`] looks whether the last call has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A pool, and the limit of each call on it.
pub(crate) struct Connections<M: Manager> {
    pool: Pool<M>,
    timeout: Duration,
}

impl<M> Connections<M>
where
    M: Manager,
    M::Type: AsyncConnection,
    M::Error: Error + Send + Sync + 'static,
{
    /// A pool of `options.connections`, each of them opened when it is needed.
    ///
    /// # Errors
    /// [`BuildError`].
    pub(crate) fn new(pool: PoolBuilder<M>, options: StoreOptions) -> Result<Self, BuildError> {
        let limit = Some(options.timeout);
        let pool = pool.max_size(options.connections.max(1)).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(limit).create_timeout(limit).recycle_timeout(limit).build()?;
        Ok(Self { pool, timeout: options.timeout })
    }

    /// Makes a call, and makes it again if the database undid it to end a deadlock or because it could not be put in order
    /// with another one. Nothing of it has happened then. After any other error it is not repeated: whether a write
    /// happened whose answer was lost, nobody knows here.
    ///
    /// # Errors
    /// Those of the call, and [`StoreError::TimedOut`].
    pub(crate) async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let attempts = async {
            let mut tries = 1;
            loop {
                match call().await {
                    Err(StoreError::Unavailable(source)) if tries < TRIES && was_undone(&source) => tries += 1,
                    outcome => return outcome,
                }
            }
        };
        tokio::time::timeout(self.timeout + SLACK, attempts).await.unwrap_or_else(|_| {
            // The server is silent. Those that are idle now may have been cut off without a word as well.
            self.pool.retain(|_, _| false);
            Err(StoreError::TimedOut)
        })
    }

    /// A connection for one call.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`], [`StoreError::TimedOut`] and [`StoreError::Unavailable`].
    pub(crate) async fn session(&self, context: &RequestContext) -> Result<Session<M>, StoreError> {
        let mut connection = self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => StoreError::Overloaded,
            PoolError::Timeout(_) => StoreError::TimedOut,
            PoolError::Closed => StoreError::Unavailable("the database is closed".into()),
            error => StoreError::Unavailable(error.into()),
        })?;
        let traced = context.is_traced();
        if traced {
            connection.set_instrumentation(Recorder::new(vec![context.clone()]));
        }
        Ok(Session { connection: Some(connection), traced })
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus { size: status.size, in_use: status.size - status.available, waiting: status.waiting }
    }

    /// Lets no call in any more, and returns when the last one has ended, or after the limit of each.
    pub(crate) async fn close(&self) {
        self.pool.close();
        let ended = async {
            while self.pool.status().size > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let _ = tokio::time::timeout(self.timeout, ended).await;
    }
}

/// A connection of a pool, for one call. [`Session::end`] gives it back; it is closed if that is never reached.
pub(crate) struct Session<M: Manager> {
    connection: Option<Object<M>>,
    traced: bool,
}

impl<M> Session<M>
where
    M: Manager,
    M::Type: AsyncConnection,
{
    /// The connection.
    ///
    /// # Errors
    /// [`StoreError::Internal`] after the end of the session, which nobody lives to see: `end` takes it away.
    pub(crate) fn connection(&mut self) -> Result<&mut M::Type, StoreError> {
        self.connection.as_deref_mut().ok_or_else(|| StoreError::Internal("the session has ended".into()))
    }

    /// Gives the connection back, unless this outcome leaves a doubt about it.
    ///
    /// # Errors
    /// Those of `outcome`.
    pub(crate) fn end<T>(mut self, outcome: QueryResult<T>) -> QueryResult<T> {
        match &outcome {
            Ok(_) => self.give_back(),
            Err(error) if is_an_answer(error) => self.give_back(),
            // The server or the way to it was lost, and the connections that are idle with it. Each of them would cost
            // another call.
            Err(error) if is_cut_off(error) => {
                let pool = self.connection.as_ref().and_then(Object::pool);
                pool.inspect(|pool| drop(pool.retain(|_, _| false)));
            }
            Err(_) => {}
        }
        outcome
    }

    fn give_back(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && self.traced
        {
            connection.set_instrumentation(get_default_instrumentation());
        }
    }
}

impl<M: Manager> Drop for Session<M> {
    fn drop(&mut self) {
        drop(self.connection.take().map(Object::take));
    }
}

/// Errors after which a connection is as good as before: the server answered, and no transaction is open.
fn is_an_answer(error: &DieselError) -> bool {
    match error {
        DieselError::NotFound => true,
        DieselError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::SerializationFailure
        ),
        _ => false,
    }
}

/// Errors of the way to the server. tokio-postgres has a kind for them, mysql_async only words.
fn is_cut_off(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, information) = error else { return false };
    matches!(kind, DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection)
        || ["Input/output error", "Driver error"].iter().any(|words| information.message().starts_with(words))
}

/// Whether the server undid what was asked because of another call. Of the codes (40001, 40P01, MySQL's 1213) diesel-async
/// passes on one only; the sessions ask the server for English words.
fn was_undone(source: &BoxError) -> bool {
    match source.downcast_ref() {
        Some(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(DieselError::DatabaseError(_, information)) => {
            ["deadlock detected", "Deadlock found"].iter().any(|words| information.message().starts_with(words))
        }
        _ => false,
    }
}

/// Whether the server gave up by itself because of the limits that the sessions set.
fn gave_up(message: &str) -> bool {
    let words = ["canceling statement due to", "Lock wait timeout exceeded", "Query execution was interrupted"];
    words.iter().any(|words| message.starts_with(words))
}

/// What a driver's error means to a service, but for the rules of the tables: what it means that one of them is broken, the
/// repositories say.
pub(crate) fn failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DatabaseError(_, information) if gave_up(information.message()) => StoreError::TimedOut,
        DieselError::DeserializationError(source) => StoreError::Internal(source),
        error => StoreError::Unavailable(Box::new(error)),
    }
}
