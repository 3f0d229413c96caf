//! One run of the benchmark from beginning to end: verify, fill, then time in turns.

mod looking;
mod looping;
mod prepare;
mod rates;
mod rounds;
mod serving;
mod steps;

pub(crate) use steps::Steps;

use crate::candidate::{Candidate, candidates};
use crate::check::Content;
use crate::databases::Databases;
use crate::display::Display;
use crate::error::BenchError;
use crate::files::write_results;
use crate::generator::{Counted, Oha, Wrk};
use crate::launcher::Launcher;
use crate::progress::Event;
use crate::report::number::whole;
use crate::result::{Kind, Load, Results, Run, Verified};
use crate::settings::{BenchArguments, Plan};
use crate::workload::{Callers, Prepared, Workload, prepare};
use rounds::why_once_more;
use server::Database;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;
use steps::Step;

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
    /// Where the filled databases are, by the subject's name and the number of users.
    pub filled: BTreeMap<(String, u64), String>,
    /// Whose database could not be filled with how many users: the smaller ones are timed.
    pub unfilled: BTreeSet<(String, u64)>,
}

/// One run that is to be timed.
#[derive(Clone, Copy)]
struct Timing {
    workload: Workload,
    users: u64,
    connections: usize,
    round: usize,
}

/// One workload over the databases of one size: what is sent, and to whom.
struct Series {
    workload: Workload,
    users: u64,
    requests: Vec<Prepared>,
    /// The requests as wrk takes them.
    file: PathBuf,
    /// Of candidates.
    places: Vec<usize>,
}

impl Runner {
    /// Verifies, fills and times, to the end of the plan.
    ///
    /// # Errors
    /// What keeps it from going on. What was timed until then is in the results.
    pub(crate) async fn go(&mut self) -> Result<(), BenchError> {
        let suites = self.suites()?;
        self.expect_rest();
        self.steps.expect(Step::Suite, suites.len());
        self.display.say(&self.steps.plan());
        self.verify_all(suites).await?;
        self.leave_out_what_failed()?;
        self.expect_rest();
        // All sizes before the first run, since they take turns.
        for users in self.plan.users.clone() {
            self.fill_all(users).await?;
        }
        // Some may have failed to be filled.
        self.expect_runs();
        self.note_versions().await;
        self.record_answers().await?;
        for workload in self.plan.workloads.clone() {
            self.time_workload(workload).await?;
        }
        for url in std::mem::take(&mut self.filled).into_values() {
            self.databases.remove(&url).await;
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

    /// Expects what is left to do once the suites are over.
    fn expect_rest(&mut self) {
        self.expect_runs();
        for users in self.plan.users.clone() {
            let fills = self.candidates.iter().filter(|candidate| self.is_filled(candidate, users)).count();
            self.steps.expect(Step::Fill(users), fills);
        }
    }

    /// Expects what is left to do once the databases are filled.
    fn expect_runs(&mut self) {
        self.steps.forget_rest();
        for users in self.plan.users.clone() {
            for workload in self.plan.workloads_over(users) {
                let takes_part = |candidate: &&Candidate| self.takes_part(candidate, workload, users);
                let subjects = self.candidates.iter().filter(takes_part).count();
                let mut runs = subjects * self.plan.connections.len() * self.plan.rounds;
                if self.plan.has_fixed_rates && !workload.at_fixed_rate().is_empty() {
                    // Each at half of its own highest rate, and the variants once more, all at the same.
                    let servers = self.candidates.iter().filter(takes_part).filter(|candidate| candidate.is_server());
                    let variants = servers.clone().filter(|candidate| candidate.subject.kind == Kind::Variant);
                    runs += (servers.count() + variants.count()) * self.plan.rounds;
                }
                self.steps.expect(Step::Run, runs);
            }
        }
    }

    /// On the larger databases only the variants are timed: what has no database, or only one question, does not grow.
    fn is_over(&self, candidate: &Candidate, users: u64) -> bool {
        self.plan.is_smallest(users) || candidate.subject.kind == Kind::Variant
    }

    /// Whether it has a database of its own with so many users.
    fn is_filled(&self, candidate: &Candidate, users: u64) -> bool {
        candidate.store.is_some() && self.is_over(candidate, users)
    }

    fn takes_part(&self, candidate: &Candidate, workload: Workload, users: u64) -> bool {
        let could_be_filled = !self.unfilled.contains(&(candidate.subject.name.clone(), users));
        candidate.serves.contains(&workload) && self.is_over(candidate, users) && could_be_filled
    }

    async fn time_workload(&mut self, workload: Workload) -> Result<(), BenchError> {
        let mut all = Vec::new();
        for users in self.plan.users.clone() {
            if self.plan.workloads_over(users).contains(&workload) {
                all.push(self.series(workload, users)?);
            }
        }
        // The sizes of one subject follow each other: whatever the machine does meanwhile, it does to both.
        let turns = all.iter().flat_map(|series| series.places.iter().map(move |place| (*place, series)));
        let mut turns: Vec<(usize, &Series)> = turns.collect();
        turns.sort_by_key(|(place, series)| (*place, series.users));
        for connections in self.plan.connections.clone() {
            let begun = self.results.runs.len();
            // A B C A B C: whatever else the machine does meets all of them.
            for round in 1..=self.plan.rounds_at_most {
                if round > self.plan.rounds {
                    let runs = self.results.runs.get(begun..).unwrap_or_default();
                    let Some(reason) = why_once_more(runs) else { break };
                    self.display.note(reason);
                    self.steps.expect(Step::Run, turns.len());
                }
                for (place, series) in &turns {
                    self.time(*place, series, connections, round, Load::Closed).await?;
                }
            }
        }
        if self.plan.has_fixed_rates && !workload.at_fixed_rate().is_empty() && self.oha.is_some() {
            for series in &all {
                self.time_at_fixed_rates(series).await?;
            }
        }
        Ok(())
    }

    fn series(&self, workload: Workload, users: u64) -> Result<Series, BenchError> {
        let requests = prepare(workload, users, &self.callers);
        let file = self.wrk.write(&format!("{}-{users}", workload.name()), &requests)?;
        let candidates = self.candidates.iter().enumerate();
        let takes_part = candidates.filter(|(_, candidate)| self.takes_part(candidate, workload, users));
        let places = takes_part.map(|(place, _)| place).collect();
        Ok(Series { workload, users, requests, file, places })
    }

    /// Times one subject once, and keeps what came of it, also a failure: one subject's does not stop the others.
    async fn time(
        &mut self,
        place: usize,
        series: &Series,
        connections: usize,
        round: usize,
        load: Load,
    ) -> Result<(), BenchError> {
        let Some(candidate) = self.candidates.get(place).cloned() else { return Ok(()) };
        let name = candidate.subject.name.clone();
        let begun = Instant::now();
        let Series { workload, users, requests, file, .. } = series;
        let timing = Timing { workload: *workload, users: *users, connections, round };
        let planned = self.plan.rounds;
        let of = if round > planned { format!("at most {}", self.plan.rounds_at_most) } else { planned.to_string() };
        let size = if self.plan.users.len() > 1 { format!(" of {} users", whole(*users)) } else { String::new() };
        let what = format!("{name}: {}{size}, {connections} connections, round {round} of {of}", workload.title());
        self.display.say(&self.steps.next(what));
        let url = self.filled.get(&(name.clone(), *users)).cloned().unwrap_or_default();
        let runs = if candidate.is_server() {
            self.time_server(&candidate, timing, requests, file, &url, load).await
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
        self.steps.end(Step::Run, begun.elapsed());
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
            file_memory_bytes: None,
            start_millis: None,
            failure: None,
        }
    }
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
