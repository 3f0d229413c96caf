//! To be written.

mod connection;
mod migrations;
mod schema;
mod users;

use connection::{Database, Server};
use migrations::{Durability, Fault};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, TlsCertificates};
use schema::Keys;
use shared::repository::{OpenError, Repositories, StoreOptions, without_password};
use std::sync::Arc;

/// What a URL must look like.
const EXAMPLE: &str = "redis://127.0.0.1:6379/0?prefix=stackdiff";

/// Opens the database of a URL such as `redis://user:password@host:6379/0?prefix=stackdiff`; see the crate's
/// documentation for its options. `options.connections` are shared by all calls.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let address = Address::parse(database_url)?;
    let server = address.server(database_url, options)?;
    let opened = Database::open(server, Keys::new(&address.prefix), options).await;
    let database = Arc::new(opened.map_err(|fault| refused(database_url, fault))?);
    Ok(Repositories { users: Arc::new(users::Users::new(database.clone())), store: database })
}

/// Removes all keys of this URL's prefix.
///
/// # Errors
/// [`OpenError`] with what to do about it; a prefix without keys is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let address = Address::parse(database_url)?;
    let server = address.server(database_url, options)?;
    let removing = async {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(options.timeout));
        migrations::remove(&mut server.connect(config).await?, &Keys::new(&address.prefix)).await
    };
    removing.await.map_err(|fault| refused(database_url, fault))
}

/// The database of this name on the Redis that `infra/services up redis` starts.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("redis://127.0.0.1:42379/0?prefix={database}")
}

fn refused(database_url: &str, fault: Fault) -> OpenError {
    OpenError::Database { database: without_password(database_url), advice: fault.advice(), source: fault.into() }
}

/// A URL, taken apart: the driver knows nothing of the options after the `?`.
struct Address {
    info: redis::ConnectionInfo,
    prefix: String,
    durability: Durability,
    /// The path of a file with the certificates to trust instead of the system's.
    cacert: Option<String>,
}

impl Address {
    fn parse(database_url: &str) -> Result<Self, OpenError> {
        Self::try_parse(database_url)
            .ok_or_else(|| OpenError::Url { expected: EXAMPLE, given: database_url.to_owned() })
    }

    fn try_parse(database_url: &str) -> Option<Self> {
        let mut url = redis::parse_redis_url(database_url)?;
        let (mut prefix, mut durability, mut cacert) = ("stackdiff".to_owned(), Durability::Always, None);
        for (option, value) in url.query_pairs() {
            match &*option {
                "prefix" => prefix = value.into_owned(),
                "durability" => durability = Durability::parse(&value)?,
                "cacert" => cacert = Some(value.into_owned()),
                // One that is misspelt must not be one that does nothing.
                _ => return None,
            }
        }
        // Of these, none means anything in a hash tag or in a pattern for SCAN.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let is_known = match url.scheme() {
            "redis" => cacert.is_none(),
            "rediss" => true,
            _ => false,
        };
        if !is_known || url.fragment().is_some() || prefix.is_empty() || !prefix.bytes().all(is_plain) {
            return None;
        }
        url.set_query(None);
        let info = url.into_connection_info().ok()?;
        // Only this protocol lets the driver tell that a connection was cut.
        let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        // What is sent late is not to wait for the answer to what was sent before.
        let info = info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Some(Self { info, prefix, durability, cacert })
    }

    fn server(&self, database_url: &str, options: StoreOptions) -> Result<Server, OpenError> {
        // `rustls` takes the process's choice of cryptography; whoever chose before is right as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = match &self.cacert {
            None => Client::open(self.info.clone()).map_err(Fault::from),
            Some(path) => trusting(path, self.info.clone()),
        };
        let client = client.map_err(|fault| refused(database_url, fault))?;
        Ok(Server { client, durability: self.durability, timeout: options.timeout, generation: Arc::default() })
    }
}

/// A client that trusts the certificates in this file, and no others.
fn trusting(path: &str, info: redis::ConnectionInfo) -> Result<Client, Fault> {
    let certificates = std::fs::read(path).map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
    let client = certificates.map_err(Into::into).and_then(|certificates| Client::build_with_tls(info, certificates));
    client.map_err(|error| Fault::SetUp {
        found: error.to_string(),
        advice: "name a readable file of certificates in PEM format with ?cacert= in the URL",
    })
}
