//! The way to DynamoDB: a client of its HTTP interface, time limits, and what its errors mean.
//!
//! There is no session and no transaction that stays open: each request is one HTTP request, complete in itself. So a
//! call that is given up leaves nothing behind; its connection, on which the answer is still to come, is closed and never
//! used again.

use crate::address::Address;
use crate::query_log::QueryLog;
use crate::queues::Queues;
use crate::schema::admins_key;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError, StoreOptions};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{RwLock, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Reads and transactions are sent so often at most if no answer comes, with pauses that grow from the first to the last.
const ATTEMPTS_MAX: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// A client for an address. It connects when it has something to send.
///
/// # Errors
/// [`OpenError::Database`] if there are no credentials.
pub(crate) fn connect(address: &Address, options: StoreOptions) -> Result<Client, OpenError> {
    let credentials = address.credentials(|name| std::env::var(name).ok())?;
    let http = aws_smithy_http_client::Builder::new().pool_max_idle_per_host(options.connections.max(1));
    let http = match &address.endpoint {
        // Reading the system's certificates takes longer than all the rest.
        Some(endpoint) if endpoint.starts_with("http://") => http.build_http(),
        _ => http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    };
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LAST_PAUSE);
    let mut config = Config::builder()
        // Named, not `latest`: a new version of the SDK may bring other defaults.
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(address.region.clone()))
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(retries)
        .timeout_config(time_limits(options.timeout))
        // That is for downloads that take minutes; here every attempt has its limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(address.endpoint.clone());
    Ok(Client::from_conf(config.build()))
}

/// An attempt has half of the time, so that a second one, on another connection, can make up for a first one whose
/// connection had died unnoticed.
fn time_limits(limit: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limit / 2)
        .read_timeout(limit)
        .operation_attempt_timeout(limit / 2)
        .operation_timeout(limit)
        .build()
}

/// For a request that must not be sent twice, because DynamoDB could not tell the second one from the first: if the
/// first one had been carried out and its answer was lost, the condition of the second would fail. The caller would be
/// told of a conflict with itself. So the caller is told that there was no answer, which is true.
pub(crate) fn sent_once() -> Builder {
    Config::builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().disable_operation_attempt_timeout().build())
}

/// The table, and the right to so many requests to it at once.
pub(crate) struct Database {
    client: Client,
    pub(crate) table: String,
    timeout: Duration,
    /// HTTP/1.1 takes one connection for each request under way, and the SDK's pool opens as many as it is asked for.
    permits: Semaphore,
    permits_max: usize,
    waiting: AtomicUsize,
    queues: Queues,
    /// Shared by the calls that are in a queue or have had their turn, so that the store's end waits for them.
    accepted: RwLock<()>,
}

impl Database {
    pub(crate) fn new(client: Client, table: String, options: StoreOptions) -> Self {
        let permits_max = options.connections.max(1);
        Self {
            client,
            table,
            timeout: options.timeout,
            permits: Semaphore::new(permits_max),
            permits_max,
            waiting: AtomicUsize::new(0),
            queues: Queues::default(),
            accepted: RwLock::new(()),
        }
    }

    /// The client, for one call of a repository. A traced request gets one of its own, whose interceptor knows the
    /// request; both share their connections. A request that is not traced pays nothing.
    pub(crate) fn client(&self, context: &RequestContext) -> Client {
        if !context.is_traced() {
            return self.client.clone();
        }
        let log = QueryLog::new(context.clone());
        Client::from_conf(self.client.config().to_builder().interceptor(log).build())
    }

    /// Runs one call of a repository when one of the connections is free, and gives both up at the time limit.
    ///
    /// # Errors
    /// The call's, [`StoreError::Overloaded`] if none was free in time, or [`StoreError::TimedOut`].
    pub(crate) async fn run<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.run_until(Instant::now() + self.timeout, call).await
    }

    /// As [`Database::run`], but after all calls of this process that came before and write one of the same items. They
    /// wait without a connection: reads, and those who write something else, go past them.
    ///
    /// # Errors
    /// As [`Database::run`]; a turn that does not come in time is [`StoreError::Overloaded`].
    pub(crate) async fn run_in_turn<T>(
        &self,
        keys: BTreeSet<String>,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let (_accepted, _turn) = {
            let _counted = Counted::new(&self.waiting);
            let turn = async { (self.accepted.read().await, self.queues.turn(keys).await) };
            timeout_at(deadline, turn).await.map_err(|_| StoreError::Overloaded)?
        };
        self.run_until(deadline, call).await
    }

    async fn run_until<T>(
        &self,
        deadline: Instant,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let permit = {
            let _counted = Counted::new(&self.waiting);
            timeout_at(deadline, self.permits.acquire()).await.map_err(|_| StoreError::Overloaded)?
        };
        let _permit = permit.map_err(|closed| StoreError::Unavailable(closed.into()))?;
        timeout_at(deadline, call).await.unwrap_or(Err(StoreError::TimedOut))
    }
}

#[async_trait]
impl Store for Database {
    /// Reads an item, there or not. `DescribeTable` would ask another part of DynamoDB, which may answer while the one
    /// that holds the items does not, and is not meant to be asked often.
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        let client = self.client(context);
        self.run(async {
            let read = client.get_item().table_name(&self.table).set_key(Some(admins_key()));
            read.send().await.map_err(failure)?;
            Ok(())
        })
        .await
    }

    fn pool(&self) -> PoolStatus {
        PoolStatus {
            size: self.permits_max,
            in_use: self.permits_max.saturating_sub(self.permits.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    async fn close(&self) {
        // Queues behind the calls that were accepted, each of which has its time limit.
        let _after_all_turns = self.accepted.write().await;
        let all = u32::try_from(self.permits_max).unwrap_or(u32::MAX);
        drop(self.permits.acquire_many(all).await);
        self.permits.close();
    }
}

/// Counts one until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What DynamoDB or the way to it reported, as text.
///
/// Not the SDK's own error: its `Debug` shows the whole answer, and the message about a wrong signature repeats the
/// headers that were signed, a session token among them.
#[derive(Debug)]
pub(crate) struct Failure {
    /// DynamoDB's name of the error; none if it did not answer.
    pub(crate) code: Option<String>,
    text: String,
}

impl Failure {
    pub(crate) fn new(code: &str, text: String) -> Self {
        Self { code: Some(code.to_owned()), text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Error for Failure {}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E>> for Failure {
    fn from(error: SdkError<E>) -> Self {
        if let (Some(code), message) = (error.code(), error.message()) {
            let message = message.filter(|_| !code.contains("Signature"));
            let text = message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
            return Self::new(code, text);
        }
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self { code: None, text }
    }
}

/// What an error means to a service.
pub(crate) fn failure<E: ProvideErrorMetadata + Error + 'static>(error: SdkError<E>) -> StoreError {
    match &error {
        SdkError::TimeoutError(_) => StoreError::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => StoreError::TimedOut,
        // A request that is none is this program's defect.
        SdkError::ConstructionFailure(_) => StoreError::Internal(Failure::from(error).into()),
        _ if error.code() == Some("ValidationException") => StoreError::Internal(Failure::from(error).into()),
        _ => StoreError::Unavailable(Failure::from(error).into()),
    }
}
