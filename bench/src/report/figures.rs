//! From runs to figures: the rounds of one and the same become a median with its lowest and highest.
//!
//! Only runs without a failure count, of subjects that did not fail the suite; the others are kept with their reason, so
//! that a report can name them. Nothing here knows HTML.

use crate::result::{Kind, Latency, Load, Results, Run, Subject, Verified};
use crate::statistics::Summary;
use std::collections::HashMap;

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

/// What [`Key`] compares: rates are alike if they are so to a thousandth of a request a second.
type Identity<'a> = (&'a str, &'a str, u64, usize, Option<u64>);

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

    pub(crate) fn identity(&self) -> Identity<'_> {
        (&self.subject, &self.workload, self.users, self.connections, thousandths(self.load))
    }
}

fn thousandths(load: Load) -> Option<u64> {
    match load {
        Load::Closed => None,
        Load::Open { rate } => Some((rate * 1000.0).round() as u64),
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

/// A run that is not part of any figure.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// What was timed.
    pub key: Key,
    /// Which time.
    pub round: usize,
    /// Why it does not count.
    pub reason: String,
}

/// All figures of a result file, in the order in which they were first timed.
#[derive(Clone, Debug)]
pub struct Figures<'a> {
    /// What they are made of.
    pub results: &'a Results,
    /// The figures.
    pub list: Vec<Figure>,
    /// The runs that are part of none.
    pub left_out: Vec<LeftOut>,
}

impl<'a> Figures<'a> {
    /// Of a result file.
    #[must_use]
    pub fn of(results: &'a Results) -> Self {
        let mut groups: Vec<(Key, Vec<&Run>)> = Vec::new();
        let mut places: HashMap<(&str, &str, u64, usize, Option<u64>), usize> = HashMap::new();
        let mut left_out = Vec::new();
        for run in &results.runs {
            if let Some(reason) = why_not(results, run) {
                left_out.push(LeftOut { key: Key::of(run), round: run.round, reason });
                continue;
            }
            let identity = (&*run.subject, &*run.workload, run.users, run.connections, thousandths(run.load));
            let place = *places.entry(identity).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, runs)) => runs.push(run),
                None => groups.push((Key::of(run), vec![run])),
            }
        }
        let list = groups.into_iter().filter_map(|(key, runs)| Figure::of(key, &runs)).collect();
        Self { results, list, left_out }
    }

    /// What is known of a subject.
    #[must_use]
    pub fn subject(&self, name: &str) -> Option<&'a Subject> {
        self.results.subjects.iter().find(|subject| subject.name == name)
    }

    /// One figure.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Figure> {
        self.list.iter().find(|figure| figure.key.is(key))
    }

    /// One figure of a closed loop.
    #[must_use]
    pub fn closed(&self, subject: &str, workload: &str, users: u64, connections: usize) -> Option<&Figure> {
        let wanted = (subject, workload, users, connections, None);
        self.list.iter().find(|figure| figure.key.identity() == wanted)
    }

    /// The workloads that have figures: first those that were asked for, in that order.
    #[must_use]
    pub fn workloads(&self) -> Vec<&str> {
        let asked = self.results.settings.workloads.iter().map(String::as_str);
        let timed: Vec<&str> = distinct(self.list.iter().map(|figure| figure.key.workload.as_str()));
        distinct(asked.chain(timed.iter().copied())).into_iter().filter(|name| timed.contains(name)).collect()
    }

    /// The number of users that most figures were taken with; of several, the smallest.
    #[must_use]
    pub fn main_users(&self) -> Option<u64> {
        let count = |users: u64| self.list.iter().filter(|figure| figure.key.users == users).count();
        let mut all = distinct(self.list.iter().map(|figure| figure.key.users));
        all.sort_unstable();
        all.into_iter().rev().max_by_key(|users| count(*users))
    }

    /// The numbers of connections that a workload was timed with in a closed loop, ascending.
    #[must_use]
    pub fn connections(&self, workload: &str) -> Vec<usize> {
        let of_it = self.list.iter().filter(|figure| figure.key.workload == workload && figure.key.is_closed());
        let mut all = distinct(of_it.map(|figure| figure.key.connections));
        all.sort_unstable();
        all
    }

    /// 64 connections where the workload was timed with them, else the middle of those that it was timed with.
    #[must_use]
    pub fn middle_connections(&self, workload: &str) -> Option<usize> {
        let all = self.connections(workload);
        all.iter().find(|count| **count == 64).or_else(|| all.get(all.len().saturating_sub(1) / 2)).copied()
    }

    /// The share below which a difference means nothing: what the machine varied by itself, or what rounds of the same
    /// usually did, whichever is more.
    #[must_use]
    pub fn noise_floor(&self) -> f64 {
        let spreads = self.list.iter().filter(|figure| figure.key.is_closed() && figure.requests_per_second.count > 1);
        let usual = Summary::of(spreads.map(|figure| figure.requests_per_second.spread()));
        usual.map_or(0.0, |usual| usual.median).max(self.results.noise.spread)
    }

    /// The subjects of a kind.
    pub fn subjects(&self, kind: Kind) -> impl Iterator<Item = &'a Subject> {
        self.results.subjects.iter().filter(move |subject| subject.kind == kind)
    }
}

/// Why a run is part of no figure, if so.
fn why_not(results: &Results, run: &Run) -> Option<String> {
    if let Some(failure) = &run.failure {
        return Some(failure.clone());
    }
    let subject = results.subjects.iter().find(|subject| subject.name == run.subject);
    match subject.map(|subject| &subject.verified) {
        None => Some("The file does not say what was timed.".to_owned()),
        Some(Verified::Failed { .. }) => Some("What was timed had failed the suite.".to_owned()),
        Some(_) if run.requests == 0 => Some("No request was answered as it should be.".to_owned()),
        Some(_) => None,
    }
}

/// Each value once, in the order of their first appearance.
pub(crate) fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    for value in values {
        if !list.contains(&value) {
            list.push(value);
        }
    }
    list
}

impl Figure {
    fn of(key: Key, runs: &[&Run]) -> Option<Self> {
        Some(Self {
            key,
            requests_per_second: Summary::of(runs.iter().map(|run| run.requests_per_second))?,
            latency: Percentiles::of(runs),
            cost: Cost::of(runs),
            peak_memory: every(runs, |run| run.peak_memory_bytes.map(|bytes| bytes as f64)),
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
