//! The load generators: programs of their own, the same for all subjects.
//!
//! `wrk` sends the next request on each connection as soon as the last was answered: what can be done at most. `oha` sends at a
//! fixed rate and counts each answer's time from when its request was due (no coordinated omission): how long one waits. Where it
//! can, it closes the loop, too: a figure that holds with one generator only would be the generator's.

mod oha;
mod tools;
mod wrk;

pub(crate) use oha::{Oha, OhaLoad};
pub(crate) use tools::{find_oha, find_wrk};
pub(crate) use wrk::Wrk;

use crate::result::Latency;

/// What a generator counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    /// How long it took.
    pub seconds: f64,
    /// Answers that say that it was done.
    pub requests: u64,
    /// Other answers, and requests without one.
    pub errors: u64,
    /// Requests with something unique in them that were made, where the generator says: some of them may not have been sent, or
    /// not answered.
    pub unique: Option<u64>,
    /// Of all that were answered.
    pub latency: Option<Latency>,
    /// Processor time of the generator.
    pub cpu_seconds: Option<f64>,
}
