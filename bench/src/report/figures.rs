//! From runs to figures: the rounds of one and the same become a median with its lowest and highest.
//!
//! Only runs without a failure count, of subjects that did not fail the suite; the others are kept with their reason, so
//! that a report can name them. Nothing here knows HTML.

use super::figure::Identity;
pub use super::figure::{Cost, Figure, Key, Percentiles};

use crate::result::{Kind, Results, Run, Subject, Verified};
use crate::statistics::Summary;
use std::collections::HashMap;

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
        let mut places = HashMap::new();
        let mut left_out = Vec::new();
        for run in &results.runs {
            if let Some(reason) = why_not(results, run) {
                left_out.push(LeftOut { key: Key::of(run), round: run.round, reason });
                continue;
            }
            let place = *places.entry(Identity::of(run)).or_insert(groups.len());
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
        let is_it = |key: &Key| {
            key.is_closed()
                && (&*key.subject, &*key.workload, key.users, key.connections)
                    == (subject, workload, users, connections)
        };
        self.list.iter().find(|figure| is_it(&figure.key))
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

    /// The middle number of connections if it is the same for all workloads.
    #[must_use]
    pub fn common_connections(&self) -> Option<usize> {
        match distinct(self.workloads().into_iter().filter_map(|name| self.middle_connections(name))).as_slice() {
            [connections] => Some(*connections),
            _ => None,
        }
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
