//! Counts and latencies in Prometheus' terms, in a registry of their own: no global recorder.

use crate::repository::PoolStatus;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use std::time::Duration;

/// From 0.1 ms, about what a read by id takes, to 10 s, the longest wait for a body.
const BUCKETS: [f64; 14] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    pool: IntGaugeVec,
    waiting: IntGauge,
}

impl Metrics {
    pub(super) fn new(framework: &str, store: &str) -> prometheus::Result<Self> {
        let named = |name: &str, help: &str| {
            Opts::new(name, help).const_label("framework", framework).const_label("store", store)
        };
        let request_labels = ["method", "route", "status"];
        let requests = IntCounterVec::new(named("http_requests_total", "Requests answered."), &request_labels)?;
        let latency = HistogramOpts {
            common_opts: named("http_request_duration_seconds", "Time from the head of a request to its answer."),
            buckets: BUCKETS.to_vec(),
        };
        let durations = HistogramVec::new(latency, &request_labels)?;
        let pool = IntGaugeVec::new(named("store_pool_connections", "Connections of the store by state."), &["state"])?;
        let waiting = IntGauge::with_opts(named("store_pool_waiting", "Requests that wait for a connection."))?;
        let registry = Registry::new();
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(pool.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        Ok(Self { registry, requests, durations, pool, waiting })
    }

    pub(super) fn observe(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let status = status.to_string();
        let labels = [method, route, &status];
        self.requests.with_label_values(&labels).inc();
        self.durations.with_label_values(&labels).observe(elapsed.as_secs_f64());
    }

    pub(super) fn render(&self, pool: PoolStatus) -> String {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.pool.with_label_values(&["in_use"]).set(gauge(pool.in_use));
        self.pool.with_label_values(&["idle"]).set(gauge(pool.size.saturating_sub(pool.in_use)));
        self.waiting.set(gauge(pool.waiting));
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}
