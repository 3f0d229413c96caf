//! What operators ask: is it alive, is it ready, what does it count, what did a request do.

use crate::context::RequestContext;
use crate::dto::HealthResponse;
use crate::problem::Problem;
use crate::repository::Store;
use crate::telemetry::{RequestTrace, Telemetry};
use std::sync::Arc;

/// Health, metrics and traces.
pub struct SystemService {
    store: Arc<dyn Store>,
    telemetry: Arc<Telemetry>,
}

impl SystemService {
    /// Asks `store` and reads `telemetry`.
    pub fn new(store: Arc<dyn Store>, telemetry: Arc<Telemetry>) -> Self {
        Self { store, telemetry }
    }

    /// `GET /health/live`: the process answers.
    pub fn live(&self, context: &RequestContext) -> HealthResponse {
        context.set_private();
        HealthResponse { status: "live" }
    }

    /// `GET /health/ready`: the store answers too.
    ///
    /// # Errors
    /// [`Problem::StoreUnavailable`].
    pub async fn ready(&self, context: &RequestContext) -> Result<HealthResponse, Problem> {
        context.set_private();
        let answer = context.limited(self.store.ping(context)).await;
        answer.map_err(|error| Problem::StoreUnavailable(Some(Box::new(error))))?;
        Ok(HealthResponse { status: "ready" })
    }

    /// `GET /metrics`, in Prometheus' text format 0.0.4.
    pub fn metrics(&self, context: &RequestContext) -> String {
        context.set_private();
        self.telemetry.metrics(self.store.pool())
    }

    /// `GET /trace/{request_id}`: the statements that a recent request sent.
    ///
    /// # Errors
    /// [`Problem::NotFound`] where tracing is off or the request is not among the last ones.
    pub fn trace(&self, request_id: &str) -> Result<RequestTrace, Problem> {
        self.telemetry.trace(request_id).ok_or(Problem::NotFound)
    }
}
