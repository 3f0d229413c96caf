//! Looking after the load: whether answers are what they should be while it runs, and whether what was acknowledged is in the
//! database afterwards.
//!
//! | module | what is looked at |
//! | --- | --- |
//! | `samples` | an answer four times a second, from its status to each user and cent in it |
//! | `statuses` | what a variant says itself that it answered, beside what the generator counted |
//! | `content` | what the database holds, beside what was acknowledged |
//!
//! `wrk` takes a redirection for an answer like any other, so `statuses` is asked. Only the variants count their answers; of all
//! other servers the samples are all there is: one that redirected now and then, between two samples, would be believed, but where
//! its workload writes.

mod content;
mod samples;
mod statuses;

pub(crate) use content::{Acknowledged, Content};
pub(crate) use samples::{Samples, sample};
pub(crate) use statuses::Statuses;

use crate::error::BenchError;
use crate::workload::Prepared;
use contract::request::Request;

/// What is known of a subject's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The whole contract: its schema is held against each sample.
    Contract,
    /// The contract's bodies.
    Bodies,
    /// It answers what was recorded, whatever was asked.
    Recording,
}

/// What is sent for it by the client that asks beside the load.
pub(crate) fn as_request(prepared: &Prepared) -> Request {
    let request = Request::new(prepared.method, &prepared.path);
    let request = match &prepared.token {
        Some(token) => request.bearer(token),
        None => request,
    };
    match &prepared.body {
        Some(body) => request.json_text(body.as_bytes()),
        None => request,
    }
}

fn unanswered(error: impl std::fmt::Display) -> BenchError {
    BenchError::Answer(format!("a question beside the load was not answered: {error}"))
}
