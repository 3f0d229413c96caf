//! What SQLite does not need: a connection to a server can be cut, or hang, or be left in the middle of an answer.
//!
//! sqlx's pool trusts a connection that it has, or asks it for a sign of life before each call, which doubles the round
//! trips. Here it is asked only when there is a reason to doubt: it has been idle for a while, or since a call last went
//! wrong. So after a cut those calls fail that were in flight, and each of them once; the next ones find out in time.

use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::{AssertSqlSafe, ColumnIndex, Connection, Decode, Executor, Row as _, Type};
use sea_orm::sqlx::{Database as SqlxDatabase, Error as SqlxError};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};
use shared::repository::{OpenError, without_password};
use std::error::Error;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A connection that was used within this time is trusted. One that was not has time for another round trip.
const TRUSTED: Duration = Duration::from_secs(1);

/// A connection that came back to the pool so soon after a trouble may have been used for the last time before it.
const UNNOTICED: Duration = Duration::from_millis(100);

/// So long a connection in doubt may take for its sign of life.
const CHECK_MAX: Duration = Duration::from_secs(1);

/// So long after a call was given up, connections that come back to the pool are looked at.
const WATCHED: Duration = Duration::from_secs(10);

/// A pool is not made anew more often: until the old one's calls are over, there are two.
const RENEWED_AFTER: Duration = Duration::from_secs(5);

/// Between two looks whether a server has started.
const PAUSE: Duration = Duration::from_millis(50);

/// What one pool knows of the way to its server.
pub(crate) struct Link {
    timeout: Duration,
    made: Instant,
    /// Whether the server once did not answer what it answers at once.
    hung: AtomicBool,
    /// When a call last failed, other than by the data's rules.
    failed: LastTime,
    /// When a call last was dropped at its limit, before its answer had come.
    given_up: LastTime,
    /// When the server last answered.
    answered: LastTime,
}

impl Link {
    pub(crate) fn new(timeout: Duration) -> Arc<Self> {
        let made = Instant::now();
        let never = || LastTime { origin: made, nanos: AtomicU64::new(0) };
        let hung = AtomicBool::new(false);
        Arc::new(Self { timeout, made, hung, failed: never(), given_up: never(), answered: never() })
    }

    /// Whether the pool should give way to a new one.
    ///
    /// sqlx asks each connection that comes back for a sign of life, without a limit. If the server goes on after a
    /// pause, so does the connection; if what is between them has forgotten it, it is lost to the pool until the system
    /// gives it up, after a quarter of an hour. Nobody can tell how many are.
    pub(crate) fn is_worn(&self) -> bool {
        self.hung.load(Ordering::Relaxed) && self.made.elapsed() > RENEWED_AFTER
    }

    /// Longest wait for an answer.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Longest wait for a connection: shorter, so that who waited in vain for one still hears so.
    pub(crate) fn acquire_timeout(&self) -> Duration {
        self.timeout * 3 / 4
    }

    /// Awaits a call that began at `started`, not beyond its limit, and learns from its outcome.
    pub(crate) async fn limited<T>(
        &self,
        started: Instant,
        call: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut call = pin!(tokio::time::timeout_at((started + self.timeout).into(), call));
        // Declared after the call, hence dropped before it: that it was given up must be known before its connection is
        // back in the pool.
        let mut answer = Answer { link: self, is_awaited: true };
        let outcome = call.as_mut().await.map_err(|_| timed_out())?;
        answer.is_awaited = false;
        match outcome {
            // sqlx says the same whether all connections are at work or a new one cannot be made.
            Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) if self.answered.elapsed() >= started.elapsed() => {
                self.hung.store(true, Ordering::Relaxed);
                Err(timed_out())
            }
            Err(DbErr::ConnectionAcquire(_)) => outcome,
            Err(ref error) if !matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                self.failed.is_now();
                outcome
            }
            _ => {
                self.answered.is_now();
                outcome
            }
        }
    }

    /// Whether an idle connection can be used. If not it is closed, and the pool makes another one.
    ///
    /// # Errors
    /// The driver's, or that the server did not answer.
    pub(crate) async fn can_be_used<C: Connection>(
        &self,
        connection: &mut C,
        pooled: PoolConnectionMetadata,
    ) -> Result<bool, SqlxError> {
        let last_trouble = self.failed.elapsed().min(self.given_up.elapsed());
        if pooled.idle_for < TRUSTED.min(last_trouble.saturating_sub(UNNOTICED)) {
            return Ok(true);
        }
        self.checked(connection.ping()).await.map(|()| true)
    }

    /// Whether a connection that comes back to the pool may stay.
    ///
    /// A call that was given up at its limit leaves an answer on its way. sqlx reads and drops it when the connection is
    /// next used, which may take for ever if the server hangs, and on MySQL can go wrong if it was preparing a statement.
    /// Given up while it began a transaction, it leaves that open, and sqlx does not know of it: what the next call writes
    /// would be acknowledged and never committed. So the transaction is ended, and the connection asked for something that
    /// no other answer can be. sqlx does not say which connection a call had: all that come back in the next seconds are
    /// asked.
    ///
    /// What the server says is no error here, whatever it is, most of all the one with which the call that was given up
    /// ends. After an error sqlx closes a connection without a word, and over TLS waits first, and for ever, for the
    /// server to say one. After `false` it says goodbye, and the server closes.
    ///
    /// # Errors
    /// That the connection is cut, or the server did not answer.
    pub(crate) async fn can_stay<DB>(&self, connection: &mut DB::Connection) -> Result<bool, SqlxError>
    where
        DB: SqlxDatabase,
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
        for<'r> String: Decode<'r, DB> + Type<DB>,
        usize: ColumnIndex<DB::Row>,
    {
        static QUESTIONS: AtomicU64 = AtomicU64::new(0);
        if self.given_up.elapsed() > WATCHED {
            return Ok(true);
        }
        let question = format!("question {}", QUESTIONS.fetch_add(1, Ordering::Relaxed));
        let sent = connection.fetch_one(AssertSqlSafe(format!("ROLLBACK; SELECT '{question}'")));
        match self.checked(sent).await {
            Err(error @ SqlxError::Io(_)) => Err(error),
            answer => Ok(answer.and_then(|row| row.try_get::<String, _>(0)).is_ok_and(|answer| answer == question)),
        }
    }

    async fn checked<T>(&self, answer: impl Future<Output = Result<T, SqlxError>>) -> Result<T, SqlxError> {
        let answer = async { Ok(answer.await) };
        let answer = bounded(CHECK_MAX, answer).await.inspect_err(|_| self.hung.store(true, Ordering::Relaxed));
        answer.and_then(|answer| answer).inspect_err(|_| self.failed.is_now())
    }
}

fn timed_out() -> DbErr {
    connection_error(SqlxError::Io(io::ErrorKind::TimedOut.into()))
}

/// As SeaORM says what sqlx says of a connection.
pub(crate) fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// A single connection, which tells what is wrong where a pool would try again, unless the server is just starting.
///
/// # Errors
/// The driver's, or that the server did not answer in time.
pub(crate) async fn connect_once<C: Connection>(options: &C::Options, timeout: Duration) -> Result<C, SqlxError> {
    let connected = async {
        loop {
            match C::connect_with(options).await {
                Err(SqlxError::Database(error)) if error.is_transient_in_connect_phase() => {
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    };
    bounded(timeout, connected).await
}

/// Awaits something of a server that is not a repository's call.
///
/// # Errors
/// Its own, or that the server did not answer in time.
pub(crate) async fn bounded<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, SqlxError>>,
) -> Result<T, SqlxError> {
    tokio::time::timeout(timeout, answer).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// That a database cannot be opened, with what to do about it.
pub(crate) fn refused(url: &str, advice: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> OpenError {
    OpenError::Database { database: without_password(url), advice, source: source.into() }
}

/// That a URL is not one that a store takes.
pub(crate) fn wrong_url(expected: &'static str, given: &str) -> OpenError {
    OpenError::Url { expected, given: without_password(given) }
}

/// Whether the server's certificate, or that it has none, is the trouble.
pub(crate) fn is_about_tls(error: &SqlxError) -> bool {
    match error {
        SqlxError::Tls(_) => true,
        SqlxError::Io(error) => error.kind() == io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// The first option of a URL that is not one of these. sqlx ignores it, so that a mistyped `sslmode` would leave a
/// connection open to all, or logs it with its value, which may be a password.
pub(crate) fn unknown_option<'a>(url: &'a str, known: &[&str]) -> Option<&'a str> {
    let (_, options) = url.split_once('?')?;
    let mut names = options.split('&').map(|option| option.split_once('=').map_or(option, |(name, _)| name));
    names.find(|name| !known.contains(name))
}

/// An answer that is awaited until this is dropped.
struct Answer<'a> {
    link: &'a Link,
    is_awaited: bool,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if self.is_awaited {
            self.link.given_up.is_now();
        }
    }
}

/// When something last happened.
struct LastTime {
    origin: Instant,
    /// After `origin`; 0 is never.
    nanos: AtomicU64,
}

impl LastTime {
    fn is_now(&self) {
        let nanos = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.store(nanos.max(1), Ordering::Release);
    }

    /// Since then; without end if it never happened.
    fn elapsed(&self) -> Duration {
        match self.nanos.load(Ordering::Acquire) {
            0 => Duration::MAX,
            nanos => self.origin.elapsed().saturating_sub(Duration::from_nanos(nanos)),
        }
    }
}
