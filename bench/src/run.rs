//! One run of the benchmark from beginning to end: verify, fill, then time in turns.

mod looking;
mod looping;
mod prepare;
mod serving;

use crate::candidate::{Candidate, Launcher, candidates};
use crate::check::Content;
use crate::databases::Databases;
use crate::display::Display;
use crate::error::BenchError;
use crate::files::write_results;
use crate::generator::{Counted, Oha, Wrk};
use crate::progress::Event;
use crate::result::{Kind, Load, Results, Run, Verified};
use crate::settings::{BenchArguments, Plan};
use crate::workload::{Callers, Prepared, Workload, prepare};
use server::Database;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Starting, warming up, looking after it and stopping take about so long beside each run, in seconds.
const AROUND_A_RUN: f64 = 2.5;

/// The connections at which rates are fixed, if they are among those asked for.
const CONNECTIONS_AT_FIXED_RATE: usize = 64;

/// Half of what a subject can do at most: p99 here says how it bears bursts.
const OF_HIGHEST: f64 = 0.5;

/// Everything that a run needs.
pub(crate) struct Runner {
    pub plan: Plan,
    pub candidates: Vec<Candidate>,
    pub results: Results,
    pub display: Display,
    pub launcher: Launcher,
    pub databases: Databases,
    pub wrk: Wrk,
    pub oha: Option<Oha>,
    pub callers: Callers,
    /// A folder that is removed at the end.
    pub folder: PathBuf,
    /// Where the result is kept after each run, so that nothing is lost.
    pub json: PathBuf,
    pub steps: Steps,
    /// Makes what is unique in requests different in each run over one database.
    pub run_number: u64,
    /// What databases held when they were last looked at, by URL.
    pub content: BTreeMap<(String, Workload), Content>,
}

/// How far the run is.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: usize,
    all: usize,
    begun: Option<Instant>,
    expected_seconds: f64,
}

impl Steps {
    /// About how long the rest takes: as long as those that are over took, and at first as was expected.
    fn seconds_left(&self) -> f64 {
        let left = (self.all.saturating_sub(self.done)) as f64;
        match self.begun {
            Some(begun) if self.done >= 3 => begun.elapsed().as_secs_f64() / self.done as f64 * left,
            _ => self.expected_seconds * left,
        }
    }
}

/// One run that is to be timed.
#[derive(Clone, Copy)]
struct Timing {
    workload: Workload,
    users: u64,
    connections: usize,
    round: usize,
}

impl Runner {
    /// Verifies, fills and times, to the end of the plan.
    ///
    /// # Errors
    /// What keeps it from going on. What was timed until then is in the results.
    pub(crate) async fn go(&mut self) -> Result<(), BenchError> {
        self.verify_all().await?;
        self.leave_out_what_failed()?;
        self.plan_steps();
        for users in self.plan.users.clone() {
            let urls = self.fill_all(users).await?;
            self.note_versions(&urls).await;
            self.record_answers(users, &urls).await?;
            for workload in self.plan.workloads_over(users) {
                self.time_workload(workload, users, &urls).await?;
            }
            for url in urls.values() {
                self.databases.remove(url).await;
            }
        }
        Ok(())
    }

    /// Nothing is timed that failed, nor what only it would be measured by.
    fn leave_out_what_failed(&mut self) -> Result<(), BenchError> {
        self.candidates.retain(|candidate| !matches!(candidate.subject.verified, Verified::Failed { .. }));
        let variants = self.candidates.iter().filter(|candidate| candidate.subject.kind == Kind::Variant);
        let databases: Vec<Database> = variants.filter_map(|variant| Some(variant.store?.database())).collect();
        if databases.is_empty() {
            return Err(BenchError::Nothing(
                "no variant is left: each fails the suite, or its database cannot be filled".to_owned(),
            ));
        }
        self.candidates.retain(|candidate| candidate.store.is_none_or(|store| databases.contains(&store.database())));
        Ok(())
    }

    fn plan_steps(&mut self) {
        let mut runs = 0;
        for users in &self.plan.users {
            for workload in self.plan.workloads_over(*users) {
                let takes_part = |candidate: &&Candidate| self.takes_part(candidate, workload, *users);
                let subjects = self.candidates.iter().filter(takes_part).count();
                runs += subjects * self.plan.connections.len() * self.plan.rounds;
                if self.plan.has_fixed_rates && !workload.at_fixed_rate().is_empty() {
                    // Each at half of its own highest rate, and the variants once more, all at the same.
                    let servers = self.candidates.iter().filter(takes_part).filter(|candidate| candidate.is_server());
                    let variants = servers.clone().filter(|candidate| candidate.subject.kind == Kind::Variant);
                    runs += (servers.count() + variants.count()) * self.plan.rounds;
                }
            }
        }
        let expected_seconds = (self.plan.seconds + self.plan.warm_up_seconds) as f64 + AROUND_A_RUN;
        self.steps = Steps { done: 0, all: runs, begun: None, expected_seconds };
        self.display.say(&Event::Plan { steps: runs, seconds: self.steps.seconds_left() });
    }

    /// On the larger databases only the variants are timed: what has no database, or only one question, does not grow.
    fn takes_part(&self, candidate: &Candidate, workload: Workload, users: u64) -> bool {
        let is_first = self.plan.users.first() == Some(&users);
        candidate.serves.contains(&workload) && (is_first || candidate.subject.kind == Kind::Variant)
    }

    async fn time_workload(
        &mut self,
        workload: Workload,
        users: u64,
        urls: &BTreeMap<String, String>,
    ) -> Result<(), BenchError> {
        let requests = prepare(workload, users, &self.callers);
        let file = self.wrk.write(&format!("{}-{users}", workload.name()), &requests)?;
        let places: Vec<usize> = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| self.takes_part(candidate, workload, users))
            .map(|(place, _)| place)
            .collect();
        for connections in self.plan.connections.clone() {
            // A B C A B C: whatever else the machine does meets all of them.
            for round in 1..=self.plan.rounds {
                let timing = Timing { workload, users, connections, round };
                for place in &places {
                    self.time(*place, timing, &requests, &file, urls, Load::Closed).await?;
                }
            }
        }
        if !self.plan.has_fixed_rates || workload.at_fixed_rate().is_empty() || self.oha.is_none() {
            return Ok(());
        }
        self.time_at_fixed_rates(workload, users, urls, &places, &requests, &file).await
    }

    /// Latency at half of each subject's own highest rate, and of all at one round rate that the slowest variant can bear.
    async fn time_at_fixed_rates(
        &mut self,
        workload: Workload,
        users: u64,
        urls: &BTreeMap<String, String>,
        places: &[usize],
        requests: &[Prepared],
        file: &Path,
    ) -> Result<(), BenchError> {
        let highest: Vec<(usize, f64, Kind)> = places
            .iter()
            .filter_map(|place| {
                let candidate = self.candidates.get(*place).filter(|candidate| candidate.is_server())?;
                let rate = self.highest(&candidate.subject.name, workload, users)?;
                Some((*place, rate * OF_HIGHEST, candidate.subject.kind))
            })
            .collect();
        let variants = highest.iter().filter(|(_, _, kind)| *kind == Kind::Variant);
        let Some(common) = variants.map(|(_, rate, _)| *rate).min_by(f64::total_cmp).map(round_rate) else {
            return Ok(());
        };
        let connections = self.plan.connections.iter().copied().find(|count| *count == CONNECTIONS_AT_FIXED_RATE);
        let Some(connections) = connections.or_else(|| self.plan.connections.last().copied()) else { return Ok(()) };
        for round in 1..=self.plan.rounds {
            let timing = Timing { workload, users, connections, round };
            for (place, own, kind) in &highest {
                let own = Load::Open { rate: own.round().max(1.0), of_highest: Some(OF_HIGHEST) };
                self.time(*place, timing, requests, file, urls, own).await?;
                if *kind == Kind::Variant {
                    let common = Load::Open { rate: common, of_highest: None };
                    self.time(*place, timing, requests, file, urls, common).await?;
                }
            }
        }
        Ok(())
    }

    /// The most that a subject did at any number of connections, by the medians.
    fn highest(&self, subject: &str, workload: Workload, users: u64) -> Option<f64> {
        let runs = self.results.runs.iter().filter(|run| {
            let is_it = run.subject == subject && run.workload == workload.name() && run.users == users;
            is_it && run.load == Load::Closed && run.failure.is_none()
        });
        let mut by_connections: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for run in runs {
            by_connections.entry(run.connections).or_default().push(run.requests_per_second);
        }
        let medians = by_connections.into_values().filter_map(crate::statistics::Summary::of);
        medians.map(|summary| summary.median).max_by(f64::total_cmp)
    }

    /// Times one subject once, and keeps what came of it, also a failure: one subject's does not stop the others.
    async fn time(
        &mut self,
        place: usize,
        timing: Timing,
        requests: &[Prepared],
        file: &Path,
        urls: &BTreeMap<String, String>,
        load: Load,
    ) -> Result<(), BenchError> {
        let Some(candidate) = self.candidates.get(place).cloned() else { return Ok(()) };
        let name = candidate.subject.name.clone();
        self.steps.begun.get_or_insert_with(Instant::now);
        self.display.say(&Event::Step {
            done: self.steps.done,
            steps: self.steps.all,
            seconds_left: self.steps.seconds_left(),
            what: format!(
                "{name}: {}, {} connections, round {} of {}",
                timing.workload.title(),
                timing.connections,
                timing.round,
                self.plan.rounds
            ),
        });
        let url = urls.get(&name).cloned().unwrap_or_default();
        let runs = if candidate.is_server() {
            self.time_server(&candidate, place, timing, requests, file, &url, load).await
        } else {
            self.time_loop(&candidate, timing, &url, load).await
        };
        let runs = runs.unwrap_or_else(|error| {
            vec![Run { failure: Some(error.to_string()), ..self.run_of(&name, timing, load, &Counted::default()) }]
        });
        for run in runs {
            self.display.say(&Event::Timed { run: Box::new(run.clone()) });
            self.results.runs.push(run);
        }
        self.note_subjects(&name);
        self.steps.done += 1;
        write_results(&self.results, &self.json)
    }

    fn run_of(&self, subject: &str, timing: Timing, load: Load, counted: &Counted) -> Run {
        let requests = counted.requests as f64;
        Run {
            subject: subject.to_owned(),
            workload: timing.workload.name().to_owned(),
            users: timing.users,
            connections: timing.connections,
            load,
            round: timing.round,
            seconds: counted.seconds,
            requests: counted.requests,
            errors: counted.errors,
            requests_per_second: if counted.seconds > 0.0 { requests / counted.seconds } else { 0.0 },
            latency: counted.latency,
            server_cpu_seconds: None,
            database_cpu_seconds: None,
            generator_cpu_seconds: counted.cpu_seconds,
            peak_memory_bytes: None,
            failure: None,
        }
    }
}

/// The next lower of 1, 2, 5, 10, 20, 50 ...: two runs that differ a little get the same, and can be compared.
fn round_rate(rate: f64) -> f64 {
    let decade = 10_f64.powf(rate.max(1.0).log10().floor());
    [5.0, 2.0].into_iter().map(|step| step * decade).find(|step| *step <= rate).unwrap_or(decade)
}

/// What is to be timed, by the command line.
///
/// # Errors
/// As [`candidates`].
pub(crate) fn chosen(plan: &Plan, arguments: &BenchArguments) -> Result<Vec<Candidate>, BenchError> {
    let mut chosen = candidates(&plan.variants, arguments)?;
    chosen.retain(|candidate| candidate.serves.iter().any(|workload| plan.workloads.contains(workload)));
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::round_rate;

    #[test]
    fn a_common_rate_is_a_round_number() {
        for (rate, expected) in
            [(0.3, 1.0), (1.0, 1.0), (4.9, 2.0), (5.0, 5.0), (999.0, 500.0), (1_000.0, 1_000.0), (17_850.0, 10_000.0)]
        {
            assert_eq!(round_rate(rate), expected, "{rate}");
        }
    }
}
