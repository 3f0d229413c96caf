//! One figure: the rounds of one and the same.

use crate::result::{Latency, Load, Run};
use crate::statistics::Summary;

/// What was timed once per round.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The subject's name.
    pub subject: String,
    /// The workload's name.
    pub workload: String,
    /// Users in the database.
    pub users: u64,
    /// Connections at the same time.
    pub connections: usize,
    /// How the load came.
    pub load: Load,
}

/// What tells keys apart: rates are alike if they are so to a thousandth of a request a second.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity<'a>(&'a str, &'a str, u64, usize, Rate);

/// A rate is what it is in thousandths of a request a second; that of a share of what a subject can do at most is another one in
/// each run, and means the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Rate {
    AsAnswered,
    Fixed(u64),
    OfHighest(u64),
}

impl<'a> Identity<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        Self(&run.subject, &run.workload, run.users, run.connections, rate(run.load))
    }
}

impl Key {
    /// Of a run.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            subject: run.subject.clone(),
            workload: run.workload.clone(),
            users: run.users,
            connections: run.connections,
            load: run.load,
        }
    }

    /// Whether both are the same.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// Whether requests came as fast as they were answered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.load == Load::Closed
    }

    fn identity(&self) -> Identity<'_> {
        Identity(&self.subject, &self.workload, self.users, self.connections, rate(self.load))
    }
}

fn rate(load: Load) -> Rate {
    let thousandths = |value: f64| (value * 1000.0).round() as u64;
    match load {
        Load::Closed => Rate::AsAnswered,
        Load::Open { of_highest: Some(share), .. } => Rate::OfHighest(thousandths(share)),
        Load::Open { rate, of_highest: None } => Rate::Fixed(thousandths(rate)),
    }
}

/// What the rounds of one [`Key`] gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was timed.
    pub key: Key,
    /// Requests that were answered as they should be, each second.
    pub requests_per_second: Summary,
    /// Milliseconds, where every round has them.
    pub latency: Option<Percentiles>,
    /// Processor seconds of 1,000 requests.
    pub cost: Cost,
    /// The server's highest use of main memory, in bytes.
    pub peak_memory: Option<Summary>,
    /// How much of it held pages of files at the end, in bytes.
    pub file_memory: Option<Summary>,
    /// Requests that were not answered as they should be, of all rounds together.
    pub errors: u64,
}

/// Percentiles of latency, in milliseconds, each over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Half of the requests took no longer.
    pub p50: Summary,
    /// Nine of ten.
    pub p90: Summary,
    /// 99 of 100.
    pub p99: Summary,
    /// 999 of 1,000.
    pub p999: Summary,
    /// The longest.
    pub max: Summary,
}

/// Processor seconds of 1,000 requests, over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Of the server.
    pub server: Option<Summary>,
    /// Of the database's processes.
    pub database: Option<Summary>,
    /// Of the load generator.
    pub generator: Option<Summary>,
    /// Of the server and the database together.
    pub total: Option<Summary>,
}

impl Figure {
    pub(super) fn of(key: Key, runs: &[&Run]) -> Option<Self> {
        Some(Self {
            key,
            requests_per_second: Summary::of(runs.iter().map(|run| run.requests_per_second))?,
            latency: Percentiles::of(runs),
            cost: Cost::of(runs),
            peak_memory: every(runs, |run| run.peak_memory_bytes.map(|bytes| bytes as f64)),
            file_memory: every(runs, |run| run.file_memory_bytes.map(|bytes| bytes as f64)),
            errors: runs.iter().map(|run| run.errors).sum(),
        })
    }
}

impl Percentiles {
    fn of(runs: &[&Run]) -> Option<Self> {
        let of = |read: fn(Latency) -> f64| every(runs, |run| run.latency.map(read));
        Some(Self {
            p50: of(|latency| latency.p50)?,
            p90: of(|latency| latency.p90)?,
            p99: of(|latency| latency.p99)?,
            p999: of(|latency| latency.p999)?,
            max: of(|latency| latency.max)?,
        })
    }
}

impl Cost {
    fn of(runs: &[&Run]) -> Self {
        let thousand = |run: &Run, seconds: Option<f64>| seconds.map(|seconds| seconds * 1000.0 / run.requests as f64);
        let of = |read: fn(&Run) -> Option<f64>| every(runs, |run| thousand(run, read(run)));
        Self {
            server: of(|run| run.server_cpu_seconds),
            database: of(|run| run.database_cpu_seconds),
            generator: of(|run| run.generator_cpu_seconds),
            total: of(|run| match (run.server_cpu_seconds, run.database_cpu_seconds) {
                (Some(server), Some(database)) => Some(server + database),
                (server, database) => server.or(database),
            }),
        }
    }
}

/// A figure of which some rounds do not say it would be one of other rounds than the rest: then there is none.
fn every(runs: &[&Run], read: impl Fn(&Run) -> Option<f64>) -> Option<Summary> {
    Summary::of(runs.iter().map(|run| read(run)).collect::<Option<Vec<f64>>>()?)
}
