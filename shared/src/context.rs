//! What belongs to one request, passed on explicitly from the framework to the store.
//!
//! Task-locals and thread-locals would save a parameter and fail where it matters: Rocket's fairings cannot wrap a
//! handler, actix runs handlers on several runtimes, and a store may answer from a thread of its own.

use crate::domain::UserId;
use crate::repository::StoreError;
use crate::telemetry::Statement;
use std::fmt::Write;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The layers that a request goes through, in their order; the metric names of `Server-Timing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The token check, with its own look at the store if its cache had none.
    Auth,
    /// Reading and checking the body or the query.
    Validation,
    /// Permission and business rules, without the store's share.
    Service,
    /// Waiting for the store.
    Store,
}

const LAYERS: [(Layer, &str); 4] =
    [(Layer::Auth, "auth"), (Layer::Validation, "validation"), (Layer::Service, "service"), (Layer::Store, "store")];

/// So many statements of one request are kept: no operation needs as many, but one that is tried again and again would.
pub const STATEMENTS_MAX: usize = 100;

/// One request's id, timing, caller and trace. Cloning it is cheap and gives the same request.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Request>);

#[derive(Debug)]
struct Request {
    request_id: String,
    path: String,
    started: Instant,
    store_timeout: Duration,
    /// Nanoseconds by layer; 0 is a layer that was not reached.
    layers: [AtomicU64; 4],
    private: AtomicBool,
    caller: OnceLock<UserId>,
    statements: Option<Mutex<Vec<Statement>>>,
}

impl RequestContext {
    /// A context for a request to `path` (as sent, without its query), whose calls of the store may each take
    /// `store_timeout`. With `traced`, the statements sent for it are kept.
    pub fn new(request_id: String, path: String, store_timeout: Duration, traced: bool) -> Self {
        Self(Arc::new(Request {
            request_id,
            path,
            started: Instant::now(),
            store_timeout,
            layers: Default::default(),
            private: AtomicBool::new(false),
            caller: OnceLock::new(),
            statements: traced.then(Mutex::default),
        }))
    }

    /// A context for work that no client asked for: migrations, seeding, the first admin.
    pub fn internal(purpose: &str) -> Self {
        Self::new(purpose.to_owned(), String::new(), Duration::from_secs(60), false)
    }

    /// The id that the client sent or that was made for it.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The request's path as sent, without its query.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The longest wait for one call of the store, and for a turn to call it.
    pub fn store_timeout(&self) -> Duration {
        self.0.store_timeout
    }

    /// The time since the request came in.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Who sent it, once the token was checked.
    pub fn caller(&self) -> Option<UserId> {
        self.0.caller.get().copied()
    }

    /// Notes who sent it; the first note stays.
    pub fn set_caller(&self, id: UserId) {
        let _ = self.0.caller.set(id);
    }

    /// Notes that the answer must not be kept by any cache (RFC 9111 `no-store`).
    pub fn set_private(&self) {
        self.0.private.store(true, Ordering::Relaxed);
    }

    /// Whether the answer must not be kept by any cache.
    pub fn is_private(&self) -> bool {
        self.0.private.load(Ordering::Relaxed)
    }

    /// Counts the time until the guard is dropped as `layer`'s. [`Layer::Service`] is counted without what
    /// [`Layer::Store`] took meanwhile.
    #[must_use = "the time is counted until the guard is dropped"]
    pub fn enter(&self, layer: Layer) -> LayerTimer {
        LayerTimer { context: self.clone(), layer, started: Instant::now(), store_before: self.nanos(Layer::Store) }
    }

    /// Awaits a call of a repository: counts its time as [`Layer::Store`] and gives it up at the time limit.
    ///
    /// # Errors
    /// The repository's, or [`StoreError::TimedOut`]. A write that was given up may still happen.
    pub async fn store<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let _timer = self.enter(Layer::Store);
        self.limited(call).await
    }

    /// Like [`RequestContext::store`], for a call whose time the present layer answers for.
    ///
    /// # Errors
    /// The repository's, or [`StoreError::TimedOut`].
    pub async fn limited<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.0.store_timeout, call).await.unwrap_or(Err(StoreError::TimedOut))
    }

    /// Whether statements are kept; a store need not prepare them if not.
    pub fn is_traced(&self) -> bool {
        self.0.statements.is_some()
    }

    /// Keeps a statement that was sent to the database for this request; the first [`STATEMENTS_MAX`] of them.
    pub fn record(&self, statement: Statement) {
        if let Some(statements) = &self.0.statements {
            let mut statements = statements.lock().unwrap_or_else(PoisonError::into_inner);
            if statements.len() < STATEMENTS_MAX {
                statements.push(statement);
            }
        }
    }

    /// The statements sent so far, in order.
    pub fn statements(&self) -> Vec<Statement> {
        let statements = self.0.statements.as_ref();
        statements.map_or_else(Vec::new, |kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The value of `Server-Timing` (W3C Server Timing): the layers that ran, in order, in milliseconds; none if no
    /// layer was reached.
    pub fn server_timing(&self) -> Option<String> {
        // Room for four layers: each answer has this header, and growing step by step would cost more than writing it.
        let mut value = String::with_capacity(96);
        for (layer, name) in LAYERS {
            let nanos = self.nanos(layer);
            if nanos > 0 {
                value.push_str(if value.is_empty() { "" } else { ", " });
                value.push_str(name);
                let micros = nanos / 1_000;
                let _ = write!(value, ";dur={}.{:03}", micros / 1_000, micros % 1_000);
            }
        }
        (!value.is_empty()).then_some(value)
    }

    /// The headers that every answer to this request carries, whatever framework sends it.
    pub fn response_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers =
            vec![("x-request-id", self.0.request_id.clone()), ("x-content-type-options", "nosniff".to_owned())];
        if self.is_private() {
            headers.push(("cache-control", "no-store".to_owned()));
        }
        headers.extend(self.server_timing().map(|value| ("server-timing", value)));
        headers
    }

    fn counter(&self, layer: Layer) -> &AtomicU64 {
        let [auth, validation, service, store] = &self.0.layers;
        match layer {
            Layer::Auth => auth,
            Layer::Validation => validation,
            Layer::Service => service,
            Layer::Store => store,
        }
    }

    fn nanos(&self, layer: Layer) -> u64 {
        self.counter(layer).load(Ordering::Relaxed)
    }
}

/// Counts time for a layer until it is dropped; see [`RequestContext::enter`].
#[derive(Debug)]
pub struct LayerTimer {
    context: RequestContext,
    layer: Layer,
    started: Instant,
    store_before: u64,
}

impl Drop for LayerTimer {
    fn drop(&mut self) {
        let mut nanos = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if self.layer == Layer::Service {
            nanos = nanos.saturating_sub(self.context.nanos(Layer::Store) - self.store_before);
        }
        // At least 1: a layer that ran is never mistaken for one that did not, however coarse the clock.
        self.context.counter(self.layer).fetch_add(nanos.max(1), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, RequestContext};
    use crate::repository::StoreError;
    use std::time::Duration;

    fn context() -> RequestContext {
        RequestContext::new("request".into(), "/".into(), Duration::from_millis(20), true)
    }

    #[test]
    fn layers_that_did_not_run_are_absent() {
        let context = context();
        assert_eq!(context.server_timing(), None);
        drop(context.enter(Layer::Validation));
        drop(context.enter(Layer::Auth));
        let timing = context.server_timing().unwrap();
        assert!(timing.starts_with("auth;dur=0.0") && timing.contains(", validation;dur=0.0"), "{timing}");
        assert!(!timing.contains("store") && !timing.contains("service"), "{timing}");
    }

    #[tokio::test]
    async fn the_service_is_timed_without_the_store() {
        let context = context();
        let service = context.enter(Layer::Service);
        let wait = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        };
        context.store(wait).await.unwrap();
        drop(service);
        assert!(context.nanos(Layer::Store) >= 10_000_000);
        assert!(context.nanos(Layer::Service) < context.nanos(Layer::Store));
    }

    #[tokio::test]
    async fn a_store_that_hangs_is_given_up() {
        let answer = context().store(std::future::pending::<Result<(), StoreError>>()).await;
        assert!(matches!(answer, Err(StoreError::TimedOut)));
    }
}
