//! What comes before the timing, and after it: verifying, filling, recording, building.

use super::Runner;
use super::steps::{SUITES_AT_ONCE, Step};
use crate::candidate::{Candidate, Program};
use crate::check::as_request;
use crate::dataset;
use crate::error::BenchError;
use crate::facts::{self, Build};
use crate::files::write_results;
use crate::launcher::Launcher;
use crate::process::{Server, client};
use crate::progress::Event;
use crate::result::Verified;
use crate::settings::Variant;
use crate::verify::verify;
use crate::workload::{Prepared, UNIQUE, Workload, prepare};
use crate::yardsticks;
use contract::{Credentials, cases};
use futures_util::{StreamExt as _, stream};
use shared::config::Secret;
use shared::demo;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// A server that is to pass the suite, with a database of its own for it.
pub(super) struct Suite {
    place: usize,
    candidate: Candidate,
    url: String,
    /// Texts of which the name of a case must hold one to apply; all do if there are none.
    only: Vec<String>,
}

impl Runner {
    /// The suites that are to be run: one for each variant, and what Flask keeps of it for Flask.
    pub(super) fn suites(&mut self) -> Result<Vec<Suite>, BenchError> {
        let mut suites = Vec::new();
        for (place, candidate) in self.candidates.iter().enumerate() {
            let only = match candidate.program {
                Program::Variant(_) => Vec::new(),
                Program::Flask => kept_by_flask(&self.launcher.root)?,
                _ => continue,
            };
            let Some(store) = candidate.store else { continue };
            let url = self.databases.empty(store, &format!("{}-suite", candidate.subject.name));
            suites.push(Suite { place, candidate: candidate.clone(), url, only });
        }
        Ok(suites)
    }

    /// Runs the suites, some at the same time.
    pub(super) async fn verify_all(&mut self, suites: Vec<Suite>) -> Result<(), BenchError> {
        // Counted beside those who run, who all look at the rest of this.
        let mut steps = std::mem::take(&mut self.steps);
        let runner = &*self;
        let mut outcomes = Vec::new();
        let run = |suite| async move {
            let begun = Instant::now();
            runner.run_suite(suite).await.map(|outcome| (outcome, begun.elapsed()))
        };
        let mut running = stream::iter(&suites).map(run).buffer_unordered(SUITES_AT_ONCE);
        while outcomes.len() < suites.len() {
            let what = format!("the conformance suite: {} of {} are through", outcomes.len(), suites.len());
            runner.display.say(&steps.next(what));
            let Some(outcome) = running.next().await else { break };
            let (outcome, took) = outcome?;
            outcomes.push(outcome);
            steps.end(Step::Suite, took);
        }
        drop(running);
        self.steps = steps;
        for (suite, verified, trips) in outcomes {
            if let Some(candidate) = self.candidates.get_mut(suite.place) {
                candidate.subject.verified = verified;
                candidate.subject.round_trips = trips;
            }
            self.note_subjects(&suite.candidate.subject.name);
        }
        for suite in &suites {
            self.databases.remove(&suite.url).await;
        }
        Ok(())
    }

    /// Runs the suite against one server, and counts a variant's round trips if it passes.
    async fn run_suite<'a>(
        &self,
        suite: &'a Suite,
    ) -> Result<(&'a Suite, Verified, BTreeMap<String, u64>), BenchError> {
        let Suite { candidate, url, only, .. } = suite;
        let name = &candidate.subject.name;
        self.display.note(format!("{name}: running the conformance suite ..."));
        let password = Secret::random(8).map_err(|error| BenchError::Answer(error.to_string()))?;
        let credentials = Credentials {
            admin_email: "admin@stackdiff.example".to_owned(),
            admin_password: password.expose().to_owned(),
            jwt_secret: self.launcher.secret.clone(),
        };
        let mut command = self.launcher.command(candidate, url)?;
        Launcher::make_admin(&mut command, &credentials);
        if matches!(candidate.program, Program::Variant(_)) {
            // A 503 of a busy machine is no failure of the rules.
            command.args(["--store-timeout-ms", "20000"]);
        }
        let cases = cases::chosen(only).map_err(|error| BenchError::Answer(error.to_string()))?;
        let verified = match Server::start(name, command, &self.folder.join(format!("{name}-suite.log"))).await {
            Ok(server) => {
                let verified = verify(server.address, &credentials, cases).await;
                server.stop().await;
                verified?
            }
            Err(error) => Verified::Failed { cases: 0, failures: vec![error.to_string()] },
        };
        let trips = match (&verified, &candidate.program) {
            (Verified::Passed { .. }, Program::Variant(variant)) => {
                let counted = self.round_trips(name, *variant, url, &credentials).await;
                counted.unwrap_or_else(|error| {
                    self.display.note(format!("{name}: its round trips could not be counted: {error}"));
                    BTreeMap::new()
                })
            }
            _ => BTreeMap::new(),
        };
        self.display.say(&Event::Verified { subject: name.clone(), verified: verified.clone() });
        Ok((suite, verified, trips))
    }

    /// What each operation asks the database, of a server that says so; the ones that are timed do not.
    pub(super) async fn round_trips(
        &self,
        name: &str,
        variant: Variant,
        url: &str,
        credentials: &Credentials,
    ) -> Result<BTreeMap<String, u64>, BenchError> {
        let mut command = self.launcher.variant(variant, url);
        Launcher::make_admin(&mut command, credentials);
        command.arg("--trace");
        let server = Server::start(name, command, &self.folder.join(format!("{name}-trace.log"))).await?;
        let address = format!("http://{}", server.address);
        let trips = facts::round_trips(&address, &credentials.admin_email, &credentials.admin_password).await;
        server.stop().await;
        Ok(trips?)
    }

    /// Builds each variant alone, for the size of its executable; from nothing, also for how long that takes.
    ///
    /// # Errors
    /// If one cannot be built.
    pub(crate) async fn build_each(&mut self, is_fresh: bool) -> Result<(), BenchError> {
        for place in 0..self.candidates.len() {
            let Some(Candidate { program: Program::Variant(variant), subject, .. }) = self.candidates.get(place) else {
                continue;
            };
            let (variant, name) = (*variant, subject.name.clone());
            self.display.note(format!("{name}: building it alone ..."));
            let kind = if is_fresh { Build::Fresh } else { Build::Incremental };
            let (framework, store) = (variant.framework.to_string(), variant.store.to_string());
            let built = facts::build(&self.launcher.root, &framework, &store, kind, |_| {}).await?;
            if let Some(candidate) = self.candidates.get_mut(place) {
                candidate.subject.executable_bytes = Some(built.bytes);
                candidate.subject.build_seconds = is_fresh.then_some(built.seconds);
            }
            self.note_subjects(&name);
            write_results(&self.results, &self.json)?;
        }
        Ok(())
    }

    /// The versions of the databases' servers, where they run on this machine and say them.
    pub(super) async fn note_versions(&mut self) {
        for candidate in &self.candidates {
            let service = candidate.store.and_then(|store| store.database().service());
            let Some((service, url)) = service.zip(self.smallest(candidate)) else { continue };
            // Two drivers have the name of their database.
            let server = format!("{service} server");
            if self.results.versions.contains_key(&server) {
                continue;
            }
            let Some(id) = self.database_process(candidate, url) else { continue };
            if let Some(version) = facts::version_of_process(id).await {
                self.results.versions.insert(server, version);
            }
        }
    }

    /// Takes over what is known of a subject by now.
    pub(super) fn note_subjects(&mut self, name: &str) {
        let Some(candidate) = self.candidates.iter().find(|candidate| candidate.subject.name == name) else { return };
        match self.results.subjects.iter_mut().find(|subject| subject.name == name) {
            Some(subject) => *subject = candidate.subject.clone(),
            None => self.results.subjects.push(candidate.subject.clone()),
        }
    }

    /// Its database with the fewest users.
    fn smallest(&self, candidate: &Candidate) -> Option<&String> {
        self.filled.get(&(candidate.subject.name.clone(), *self.plan.users.first()?))
    }

    /// Fills a database with so many users for each that is to have one. Whose cannot be filled is not timed over it; if it is the
    /// smallest, not at all.
    pub(super) async fn fill_all(&mut self, users: u64) -> Result<(), BenchError> {
        let mut empty = Vec::new();
        for candidate in &self.candidates {
            let Some(store) = candidate.store.filter(|_| self.is_filled(candidate, users)) else { continue };
            let name = &candidate.subject.name;
            let last = std::sync::Mutex::new(Instant::now());
            let progress = |done: u64, all: u64| {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() > Duration::from_secs(5) {
                    *last = Instant::now();
                    self.display.note(format!("{name}: {done} of {all} records ..."));
                }
            };
            self.display.say(&self.steps.next(format!("{name}: filling its database with {users} users")));
            let begun = Instant::now();
            match self.databases.filled(store, name, users, &progress).await {
                Ok(url) => drop(self.filled.insert((name.clone(), users), url)),
                Err(error) => empty.push((name.clone(), format!("its database could not be filled: {error}"))),
            }
            self.steps.end(Step::Fill(users), begun.elapsed());
        }
        for (name, reason) in empty {
            self.unfilled.insert((name.clone(), users));
            if !self.plan.is_smallest(users) {
                self.display.note(format!("{name}: not timed on {users} users: {reason}"));
                continue;
            }
            self.display.note(format!("{name}: not timed: {reason}"));
            if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.subject.name == name) {
                candidate.subject.verified = Verified::Failed { cases: 0, failures: vec![reason] };
                self.note_subjects(&name);
            }
            self.candidates.retain(|candidate| candidate.subject.name != name);
        }
        self.leave_out_what_failed()
    }

    /// Records what the first variant answers to each workload, for hyper to answer the same.
    pub(super) async fn record_answers(&self) -> Result<(), BenchError> {
        let first = self.candidates.iter().find(|candidate| matches!(candidate.program, Program::Variant(_)));
        let Some((candidate, url)) = first.and_then(|candidate| Some((candidate, self.smallest(candidate)?))) else {
            return Ok(());
        };
        let Some(users) = self.plan.users.first().copied() else { return Ok(()) };
        let command = self.launcher.command(candidate, url)?;
        let server = Server::start(&candidate.subject.name, command, &self.folder.join("record.log")).await?;
        let mut answers = Vec::new();
        // The mixes are made of others.
        let mixes = [Workload::Mix, Workload::LoginMix];
        let parts = self.plan.workloads.iter().copied().chain([Workload::ReadOne, Workload::Update]);
        let parts: BTreeSet<Workload> = parts.filter(|workload| !mixes.contains(workload)).collect();
        for workload in parts {
            let requests = prepare(workload, users, &self.callers);
            let Some(request) = requests.first() else { continue };
            let unique = Prepared {
                body: request.body.as_ref().map(|body| body.replace(UNIQUE, "000970000000")),
                ..request.clone()
            };
            let client = client(server.address)?;
            answers.push(yardsticks::recorded(&client, &unique, &as_request(&unique)).await?);
            if let (Workload::Update, Some(renamed)) = (workload, unique.user()) {
                // Whoever reads that user later is to find the name of the dataset.
                let name = dataset::user(renamed, &demo::unusable_hash()).name;
                let back = Prepared { body: Some(format!(r#"{{"name":"{name}"}}"#)), ..unique };
                yardsticks::recorded(&client, &back, &as_request(&back)).await?;
            }
        }
        server.stop().await;
        let text = serde_json::Value::Array(answers).to_string();
        std::fs::write(&self.launcher.answers, text).map_err(BenchError::of_file(&self.launcher.answers))
    }
}

/// The cases that Flask keeps, as its own list names them.
fn kept_by_flask(root: &Path) -> Result<Vec<String>, BenchError> {
    let path = root.join("baselines").join("flask").join("cases.txt");
    let text = std::fs::read_to_string(&path).map_err(BenchError::of_file(&path))?;
    Ok(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}
