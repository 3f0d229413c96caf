//! The query log: what each of the last requests really sent to the database.

use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many requests are remembered.
const REQUESTS_MAX: usize = 1_000;

/// One statement or command, as the driver's own hook reported it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// Its text, with placeholders.
    pub statement: String,
    /// The types of its parameters. Their values stay in the process.
    pub parameters: Vec<&'static str>,
    /// How long the database took.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1_000.0)
}

/// A request with the statements that it sent.
#[derive(Clone, Debug, Serialize)]
pub struct RequestTrace {
    /// As in `X-Request-Id`.
    pub request_id: String,
    /// The method.
    pub method: &'static str,
    /// The template that matched, if any did.
    pub route: Option<String>,
    /// The status code of the answer.
    pub status: u16,
    /// In the order in which they were sent.
    pub statements: Vec<Statement>,
}

#[derive(Default)]
pub(super) struct TraceLog(Mutex<VecDeque<Arc<RequestTrace>>>);

impl TraceLog {
    pub(super) fn keep(&self, trace: RequestTrace) {
        let mut traces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if traces.len() == REQUESTS_MAX {
            traces.pop_front();
        }
        traces.push_back(Arc::new(trace));
    }

    /// The newest request with this id: clients may send one id more than once. Shared, so that copying a long trace does
    /// not hold the lock.
    pub(super) fn find(&self, request_id: &str) -> Option<Arc<RequestTrace>> {
        let traces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        traces.iter().rev().find(|trace| trace.request_id == request_id).cloned()
    }
}
