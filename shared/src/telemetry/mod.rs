//! What is known of the requests that were served: one log line each, counts and latencies, and the statements of the
//! last ones.

mod json;
mod lines;
mod logs;
mod metrics;
mod trace;

pub use json::JsonLines;
pub use logs::{LogFormat, LogGuard, start_logs};
pub use trace::{RequestTrace, Statement};

use crate::context::RequestContext;
use crate::repository::PoolStatus;
use metrics::Metrics;
use std::time::Duration;
use trace::TraceLog;
use uuid::Uuid;

/// The route of a request that no route matched, in logs and metrics: paths made up by clients must not become labels.
pub const UNMATCHED: &str = "unmatched";

/// Begins and ends the record of each request.
pub struct Telemetry {
    metrics: Metrics,
    traces: Option<TraceLog>,
    store_timeout: Duration,
}

impl Telemetry {
    /// For a variant of these names, whose calls of the store may take `store_timeout` each. With `trace`, the
    /// statements of the last 1,000 requests are kept.
    ///
    /// # Errors
    /// If a metric cannot be registered, which is a defect.
    pub fn new(framework: &str, store: &str, store_timeout: Duration, trace: bool) -> prometheus::Result<Self> {
        let traces = trace.then(TraceLog::default);
        Ok(Self { metrics: Metrics::new(framework, store)?, traces, store_timeout })
    }

    /// The context of a request to `path` (as sent, without its query). Its id is `request_id` if that is 1 to 64
    /// visible ASCII characters, else a new UUIDv7.
    pub fn begin(&self, request_id: Option<&str>, path: &str) -> RequestContext {
        let given =
            request_id.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
        let request_id = given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        RequestContext::new(request_id, path.to_owned(), self.store_timeout, self.traces.is_some())
    }

    /// Writes the request's log line, counts it, and keeps its trace. `route` is the template that matched, such as
    /// `/api/users/{id}`, or [`UNMATCHED`].
    ///
    /// One event, formatted once: a span around each request would cost a quarter of the throughput.
    pub fn end(&self, context: &RequestContext, method: &str, route: &str, status: u16) {
        let elapsed = context.elapsed();
        let method = known_method(method);
        self.metrics.observe(method, route, status, elapsed);
        if let Some(traces) = &self.traces {
            traces.keep(RequestTrace {
                request_id: context.request_id().to_owned(),
                method,
                route: (route != UNMATCHED).then(|| route.to_owned()),
                status,
                statements: context.statements(),
            });
        }
        let duration_ms = elapsed.as_secs_f64() * 1_000.0;
        let request_id = context.request_id();
        match context.caller() {
            Some(user_id) => tracing::info!(method, route, status, duration_ms, request_id, %user_id, "request"),
            None => tracing::info!(method, route, status, duration_ms, request_id, "request"),
        }
    }

    /// Prometheus' text format, version 0.0.4.
    pub fn metrics(&self, pool: PoolStatus) -> String {
        self.metrics.render(pool)
    }

    /// The trace of a recent request, where tracing is on.
    pub fn trace(&self, request_id: &str) -> Option<RequestTrace> {
        let trace = self.traces.as_ref()?.find(request_id)?;
        Some(RequestTrace::clone(&trace))
    }
}

fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::Telemetry;
    use crate::repository::PoolStatus;
    use std::time::Duration;

    fn telemetry() -> Telemetry {
        Telemetry::new("axum", "memory", Duration::from_secs(2), true).unwrap()
    }

    #[test]
    fn a_request_id_is_taken_over_if_it_is_short_and_visible() {
        let telemetry = telemetry();
        let longest = "x".repeat(64);
        for id in ["a", "!~", &longest] {
            assert_eq!(telemetry.begin(Some(id), "/").request_id(), id);
        }
        for id in ["", "a b", "ä", "a\tb", &format!("{longest}x")] {
            assert_ne!(telemetry.begin(Some(id), "/").request_id(), id);
        }
        assert_eq!(telemetry.begin(None, "/").request_id().len(), 36);
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let telemetry = telemetry();
        let context = telemetry.begin(Some("one"), "/api/users/7");
        telemetry.end(&context, "GET", "/api/users/{id}", 404);
        telemetry.end(&context, "BREW", super::UNMATCHED, 405);
        let text = telemetry.metrics(PoolStatus { size: 4, in_use: 1, waiting: 0 });
        for line in [
            "http_requests_total{framework=\"axum\",method=\"GET\",route=\"/api/users/{id}\",status=\"404\",store=\"memory\"} 1",
            "http_requests_total{framework=\"axum\",method=\"OTHER\",route=\"unmatched\",status=\"405\",store=\"memory\"} 1",
            "store_pool_connections{framework=\"axum\",state=\"idle\",store=\"memory\"} 3",
            "store_pool_connections{framework=\"axum\",state=\"in_use\",store=\"memory\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.contains("http_request_duration_seconds_bucket{"));
        assert_eq!(telemetry.trace("one").map(|trace| trace.status), Some(405));
        assert!(telemetry.trace("two").is_none());
    }
}
