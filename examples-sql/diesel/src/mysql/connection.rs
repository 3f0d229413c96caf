//! The connections: diesel-async's pool, over mysql_async and rustls.
//!
//! Nothing here is Diesel's own `MysqlConnection`: that one blocks a thread a call and needs the system's libmysqlclient.

use super::migrations;
use crate::pool::{BoxError, Connections, Session};
use crate::schema::users;
use async_trait::async_trait;
use deadpool::managed::HookError;
use diesel::prelude::{ConnectionError, ConnectionResult, OptionalExtension, QueryDsl};
use diesel_async::pooled_connection::deadpool::{Hook, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use mysql_async::{Conn, Opts, OptsBuilder, SslOpts};
use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError, StoreOptions, without_password};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use crate::pool::failure;

/// What a URL must look like.
const EXAMPLE: &str =
    "mysql://user:password@host:3306/database, if need be with ?require_ssl=true and &ssl_ca=file.pem";

/// A connection that nobody used for so long is asked first whether it still works.
const ASK_AFTER: Duration = Duration::from_secs(1);

type Manager = AsyncDieselConnectionManager<AsyncMysqlConnection>;

/// The database: its pool.
pub(crate) struct Database {
    connections: Connections<Manager>,
}

impl Database {
    /// Makes what is missing, checks that the server keeps what it acknowledges, and prepares the pool.
    ///
    /// # Errors
    /// [`OpenError::Database`].
    pub(crate) async fn open(server: Server, options: StoreOptions) -> Result<Self, OpenError> {
        migrations::prepare(&server).await.map_err(|unusable| server.open_error(unusable))?;
        let server = Arc::new(server);
        let mut config = ManagerConfig::default();
        // The default asks the server before each call whether the connection still works: a round trip more.
        config.recycling_method = RecyclingMethod::Fast;
        let own = server.clone();
        config.custom_setup = Box::new(move |_| {
            let server = own.clone();
            Box::pin(async move { server.connect().await })
        });
        // A closed connection is noticed by using it only, and MySQL closes those that are idle (`wait_timeout`). So ask
        // if there was nothing to do in any case; a busy connection is not asked.
        let ask = Hook::async_fn(|connection: &mut AsyncMysqlConnection, metrics| {
            Box::pin(async move {
                if metrics.last_used() < ASK_AFTER {
                    return Ok(());
                }
                let asked = connection.batch_execute("DO 0").await;
                asked.map_err(|error| HookError::Backend(PoolError::QueryError(error)))
            })
        });
        let pool = Pool::builder(Manager::new_with_config("", config)).pre_recycle(ask);
        let connections = Connections::new(pool, options).map_err(|error| {
            server.open_error(Unusable { advice: "choose another number of connections", source: error.into() })
        })?;
        Ok(Self { connections })
    }

    /// See [`Connections::call`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.connections.call(call).await
    }

    /// See [`Connections::session`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn session(&self, context: &RequestContext) -> Result<Session<Manager>, StoreError> {
        self.connections.session(context).await
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        self.call(|| async {
            let mut session = self.session(context).await?;
            let look = users::table.select(users::id).limit(1);
            let found = look.get_result::<String>(session.connection()?).await.optional();
            session.end(found).map(drop).map_err(failure)
        })
        .await
    }

    fn pool(&self) -> PoolStatus {
        self.connections.status()
    }

    async fn close(&self) {
        self.connections.close().await;
    }
}

/// Why a server or database cannot be used, and what to do about it.
pub(crate) struct Unusable {
    pub(crate) advice: &'static str,
    pub(crate) source: BoxError,
}

/// Which server, which database, and how to connect to it.
pub(crate) struct Server {
    opts: Opts,
    shown: String,
    timeout: Duration,
}

impl Server {
    /// Reads a URL. mysql_async reads all of it but `ssl_ca`.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    pub(crate) fn parse(url: &str, timeout: Duration) -> Result<Self, OpenError> {
        let refused = || OpenError::Url { expected: EXAMPLE, given: url.to_owned() };
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut rest, mut file) = (Vec::new(), None);
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.strip_prefix("ssl_ca=") {
                Some(path) => file = Some(percent_decode_str(path).decode_utf8().map_err(|_| refused())?.into_owned()),
                None => rest.push(option),
            }
        }
        let opts = Opts::from_url(&format!("{address}?{}", rest.join("&"))).map_err(|_| refused())?;
        if opts.db_name().is_none_or(str::is_empty) || (file.is_some() && opts.ssl_opts().is_none()) {
            return Err(refused());
        }
        // mysql_async takes the process's default, and panics if two are compiled in and none is chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = opts.ssl_opts().cloned().map(|tls| with_roots(tls, file));
        let opts = OptsBuilder::from_opts(opts)
            .ssl_opts(tls)
            // What an UPDATE counts: rows that it found, as everywhere else, also those that had all the values already.
            .client_found_rows(true)
            // Diesel keeps the prepared statements.
            .stmt_cache_size(0)
            // By default it looks for a socket, and goes another way than the URL says.
            .prefer_socket(false)
            .init(settings(timeout))
            .into();
        Ok(Self { opts, shown: without_password(url), timeout })
    }

    /// As `Unusable`, with the address and without the password.
    pub(crate) fn open_error(&self, unusable: Unusable) -> OpenError {
        let Unusable { advice, source } = unusable;
        OpenError::Database { database: self.shown.clone(), advice, source }
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        self.opts.db_name().unwrap_or_default()
    }

    /// A connection as the server gives it, to the database or to none.
    ///
    /// # Errors
    /// The driver's, with the server's code if it answered.
    pub(crate) async fn reach(
        &self,
        database: Option<&str>,
    ) -> Result<Result<Conn, mysql_async::Error>, tokio::time::error::Elapsed> {
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(database);
        tokio::time::timeout(self.timeout, Conn::new(opts)).await
    }

    /// A connection for the pool.
    ///
    /// # Errors
    /// The driver's.
    async fn connect(&self) -> ConnectionResult<AsyncMysqlConnection> {
        let reached = Conn::new(self.opts.clone()).await;
        AsyncMysqlConnection::try_from(reached.map_err(|error| ConnectionError::BadConnection(error.to_string()))?)
            .await
    }
}

/// The state that the repositories count on. The server gives up a little before the caller does, so that it says why,
/// and nothing goes on that nobody waits for.
///
/// The comments are statements: `/*!80000` to MySQL 8, `/*M!` to MariaDB, since each has variables that the other lacks.
fn settings(timeout: Duration) -> Vec<String> {
    let limit = timeout - timeout / 10;
    let (seconds, millis) = (limit.as_secs().max(1), limit.as_millis().max(1));
    let fraction = limit.as_secs_f64();
    vec![
        // Every statement sees what is committed, and locks only rows that it found. MySQL's default, REPEATABLE READ,
        // locks the gaps between them as well, and deadlocks more often for it.
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
        // Strict: what does not fit is an error, not cut off.
        format!(
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, lc_messages = 'en_US', \
             innodb_lock_wait_timeout = {seconds} /*!80000 , max_execution_time = {millis} */ \
             /*M!100500 , max_statement_time = {fraction}, idle_transaction_timeout = {seconds} */"
        ),
    ]
}

/// A list of ids as a query takes it, with the last one repeated up to 1, 2, 4, ... of them: MySQL has no arrays, each id is
/// a parameter, and a connection would prepare a statement for each number of them. Repeated, an id is found no more often.
pub(crate) fn filled_up(mut ids: Vec<String>) -> Vec<String> {
    let length = ids.len().next_power_of_two();
    let last = ids.last().cloned();
    ids.extend(last.into_iter().cycle().take(length - ids.len()));
    ids
}

/// The certificates of a file, or the system's instead of the driver's own, which only a new build of it renews.
fn with_roots(tls: SslOpts, file: Option<String>) -> SslOpts {
    let roots = match file {
        Some(file) => vec![PathBuf::from(file).into()],
        None => {
            // The driver refuses all of them if there is one that it cannot read.
            let usable = |certificate: &rustls::pki_types::CertificateDer<'static>| {
                RootCertStore::empty().add(certificate.clone()).is_ok()
            };
            let system = rustls_native_certs::load_native_certs().certs.into_iter().filter(usable);
            system.map(|certificate| certificate.to_vec().into()).collect()
        }
    };
    tls.with_root_certs(roots).with_disable_built_in_roots(true)
}
