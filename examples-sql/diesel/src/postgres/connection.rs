//! The connections: diesel-async's pool, over tokio-postgres and rustls.
//!
//! Nothing here is Diesel's own `PgConnection`: that one blocks a thread a call and needs the system's libpq.

use super::migrations;
use crate::pool::{BoxError, Connections, Session};
use crate::schema::users;
use async_trait::async_trait;
use diesel::prelude::{ConnectionError, ConnectionResult, OptionalExtension, QueryDsl};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError, StoreOptions, without_password};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use crate::pool::failure;

/// What a URL must look like.
const EXAMPLE: &str = "postgres://user:password@host:5432/database, if need be with ?sslmode= and disable, prefer, require, \
                       verify-ca or verify-full, and &sslrootcert=file.pem";

type Manager = AsyncDieselConnectionManager<AsyncPgConnection>;
type TlsStream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;

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
        // The default asks the server before each call whether the connection still works: a round trip more, a third of
        // the throughput. Whether it was closed is known here without asking.
        config.recycling_method = RecyclingMethod::Fast;
        let own = server.clone();
        config.custom_setup = Box::new(move |_| {
            let server = own.clone();
            Box::pin(async move { server.connect().await })
        });
        let pool = Pool::builder(Manager::new_with_config("", config));
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
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) config: Config,
    tls: MakeRustlsConnect,
    shown: String,
    timeout: Duration,
}

impl Server {
    /// Reads a URL. tokio-postgres reads all of it but `verify-ca`, `verify-full` and `sslrootcert`.
    ///
    /// # Errors
    /// [`OpenError::Url`], and [`OpenError::Database`] if there are no certificates.
    pub(crate) fn parse(url: &str, timeout: Duration) -> Result<Self, OpenError> {
        let refused = || OpenError::Url { expected: EXAMPLE, given: shown(url) };
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut rest, mut mode, mut roots) = (Vec::new(), "prefer", None);
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", file)) => {
                    roots = Some(percent_decode_str(file).decode_utf8().map_err(|_| refused())?.into_owned());
                }
                _ => rest.push(option),
            }
        }
        let mut config: Config = format!("{address}?{}", rest.join("&")).parse().map_err(|_| refused())?;
        // Without a scheme, tokio-postgres takes the text for a list of words such as "host=a user=b".
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme));
        if !is_url || config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err(refused());
        }
        let (ssl_mode, trust) = match mode {
            "disable" => (SslMode::Disable, Trust::Anybody),
            "prefer" => (SslMode::Prefer, Trust::Anybody),
            "require" if roots.is_none() => (SslMode::Require, Trust::Anybody),
            "require" | "verify-ca" => (SslMode::Require, Trust::Certified),
            "verify-full" => (SslMode::Require, Trust::CertifiedForThisHost),
            _ => return Err(refused()),
        };
        config.ssl_mode(ssl_mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(timeout);
        }
        let shown = shown(url);
        let tls = tls(trust, roots.as_deref()).map_err(|source| OpenError::Database {
            database: shown.clone(),
            advice: "name a PEM file of certificates with sslrootcert=",
            source,
        })?;
        Ok(Self { config, tls, shown, timeout })
    }

    /// As `Unusable`, with the address and without the password.
    pub(crate) fn open_error(&self, unusable: Unusable) -> OpenError {
        let Unusable { advice, source } = unusable;
        OpenError::Database { database: self.shown.clone(), advice, source }
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The same server's database of this name.
    pub(crate) fn with_database(&self, database: &str) -> Self {
        let mut server = self.clone();
        server.config.dbname(database);
        server
    }

    /// A connection as the server gives it.
    ///
    /// # Errors
    /// The driver's, with the server's code if it answered.
    pub(crate) async fn reach(
        &self,
    ) -> Result<Result<(Client, Connection<Socket, TlsStream>), tokio_postgres::Error>, tokio::time::error::Elapsed>
    {
        tokio::time::timeout(self.timeout, self.config.connect(self.tls.clone())).await
    }

    /// A connection for the pool, in the state that the repositories count on.
    ///
    /// # Errors
    /// The driver's.
    async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let reached = self.config.connect(self.tls.clone()).await;
        let (client, connection) = reached.map_err(|error| ConnectionError::BadConnection(told(&error)))?;
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        let settings = self.settings();
        connection.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    /// The server gives up a little before the caller does, so that it says why, and nothing goes on that nobody waits
    /// for. It may have been set up to wait for no disk at all: an answer here means that it did. What waits for more
    /// than the disk (`remote_apply`) stays.
    fn settings(&self) -> String {
        let limit = (self.timeout - self.timeout / 10).as_millis().max(1);
        format!(
            "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
             SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}; \
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    }
}

/// The URL without its password, also if it is no URL: libpq takes a list of words such as `password=secret`, too.
fn shown(url: &str) -> String {
    if url.contains("://") { without_password(url) } else { "...".to_owned() }
}

/// An error with its causes: tokio-postgres' own words stop at "error connecting to server".
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whom to talk to over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// libpq's `require` means no more than this: nobody listens in, but who is at the other end is not asked.
    Anybody,
    Certified,
    CertifiedForThisHost,
}

/// `ring` by name, so that it does not matter what else the process has for its default.
fn tls(trust: Trust, roots: Option<&str>) -> Result<MakeRustlsConnect, BoxError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut store = RootCertStore::empty();
    match roots {
        _ if trust == Trust::Anybody => {}
        None => drop(store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        Some(file) => {
            let told = |error| format!("{file}: {error}");
            for certificate in CertificateDer::pem_file_iter(file).map_err(told)? {
                store.add(certificate.map_err(told)?)?;
            }
        }
    }
    let webpki = match trust {
        Trust::Anybody => None,
        _ => Some(WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build()?),
    };
    let verifier = Verifier { webpki, trust, schemes: provider.signature_verification_algorithms };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// rustls' own check, with libpq's two exceptions from it.
#[derive(Debug)]
struct Verifier {
    webpki: Option<Arc<WebPkiServerVerifier>>,
    trust: Trust,
    schemes: rustls::crypto::WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(webpki) = &self.webpki else { return Ok(ServerCertVerified::assertion()) };
        let verified = webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last: everything else was found right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.trust == Trust::Certified => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.supported_schemes()
    }
}
