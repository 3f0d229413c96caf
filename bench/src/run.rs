//! One run of the benchmark from beginning to end: verify, fill, then time in turns.

use crate::candidate::{Candidate, Launcher, Program, candidates};
use crate::check::{Acknowledged, Content, as_request, sample};
use crate::databases::Databases;
use crate::display::Display;
use crate::error::BenchError;
use crate::facts::{self, Build};
use crate::generator::{Counted, FixedRate, Oha, Wrk};
use crate::process::{Server, client};
use crate::progress::Event;
use crate::result::{Kind, Load, Results, Run, Verified};
use crate::settings::{Plan, Variant};
use crate::usage;
use crate::verify::verify;
use crate::workload::{Callers, Prepared, Workload, prepare};
use crate::yardsticks;
use contract::Credentials;
use server::Database;
use shared::config::Secret;
use std::collections::BTreeMap;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    pub keep: Box<dyn Fn(&Results) -> Result<(), BenchError> + Send + Sync>,
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
            return Err(BenchError::Nothing("no variant passes the conformance suite".to_owned()));
        }
        self.candidates.retain(|candidate| candidate.store.is_none_or(|store| databases.contains(&store.database())));
        Ok(())
    }

    async fn verify_all(&mut self) -> Result<(), BenchError> {
        for place in 0..self.candidates.len() {
            let Some(Candidate { program: Program::Variant(variant), subject, .. }) = self.candidates.get(place) else { continue };
            let (variant, name) = (*variant, subject.name.clone());
            self.display.note(format!("{name}: running the conformance suite ..."));
            let url = self.databases.empty(variant.store, &format!("{name}-suite"));
            let random = |bytes| Secret::random(bytes).map(|secret| secret.expose().to_owned());
            let credentials = Credentials {
                admin_email: "admin@stackdiff.example".to_owned(),
                admin_password: random(8).map_err(|error| BenchError::Answer(error.to_string()))?,
                jwt_secret: self.launcher.secret.clone(),
            };
            let mut command = self.launcher.variant(variant, &url);
            command
                // A 503 of a busy machine is no failure of the rules.
                .args(["--store-timeout-ms", "20000"])
                .env("ADMIN_EMAIL", &credentials.admin_email)
                .env("ADMIN_PASSWORD", &credentials.admin_password);
            let verified = match Server::start(&name, command, &self.folder.join("suite.log")).await {
                Ok(server) => {
                    let verified = verify(server.address, &credentials).await;
                    server.stop().await;
                    verified?
                }
                Err(error) => Verified::Failed { cases: 0, failures: vec![error.to_string()] },
            };
            if let Verified::Passed { .. } = verified {
                let trips = self.round_trips(&name, variant, &url, &credentials).await?;
                if let Some(candidate) = self.candidates.get_mut(place) {
                    candidate.subject.round_trips = trips;
                }
            }
            self.databases.remove(&url).await;
            self.display.say(&Event::Verified { subject: name.clone(), verified: verified.clone() });
            if let Some(candidate) = self.candidates.get_mut(place) {
                candidate.subject.verified = verified;
            }
            self.note_subjects(&name);
        }
        Ok(())
    }

    /// What each operation asks the database, of a server that says so; the ones that are timed do not.
    async fn round_trips(
        &self,
        name: &str,
        variant: Variant,
        url: &str,
        credentials: &Credentials,
    ) -> Result<BTreeMap<String, u64>, BenchError> {
        let mut command = self.launcher.variant(variant, url);
        command
            .arg("--trace")
            .env("ADMIN_EMAIL", &credentials.admin_email)
            .env("ADMIN_PASSWORD", &credentials.admin_password);
        let server = Server::start(name, command, &self.folder.join("trace.log")).await?;
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
            (self.keep)(&self.results)?;
        }
        Ok(())
    }

    /// Takes over what is known of a subject by now.
    fn note_subjects(&mut self, name: &str) {
        let Some(candidate) = self.candidates.iter().find(|candidate| candidate.subject.name == name) else { return };
        match self.results.subjects.iter_mut().find(|subject| subject.name == name) {
            Some(subject) => *subject = candidate.subject.clone(),
            None => self.results.subjects.push(candidate.subject.clone()),
        }
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

    /// A filled database for each that has one, by the subject's name.
    async fn fill_all(&mut self, users: u64) -> Result<BTreeMap<String, String>, BenchError> {
        let is_first = self.plan.users.first() == Some(&users);
        let mut urls = BTreeMap::new();
        for candidate in &self.candidates {
            let Some(store) = candidate.store else { continue };
            if !is_first && candidate.subject.kind != Kind::Variant {
                continue;
            }
            let name = &candidate.subject.name;
            let last = std::sync::Mutex::new(Instant::now());
            let progress = |done: u64, all: u64| {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() > Duration::from_secs(5) {
                    *last = Instant::now();
                    self.display.note(format!("{name}: {done} of {all} records ..."));
                }
            };
            self.display.note(format!("{name}: filling its database with {users} users ..."));
            let url = self.databases.filled(store, name, users, &progress).await?;
            urls.insert(name.clone(), url);
        }
        Ok(urls)
    }

    /// Records what the first variant answers to each workload, for hyper to answer the same.
    async fn record_answers(&self, users: u64, urls: &BTreeMap<String, String>) -> Result<(), BenchError> {
        let first = self.candidates.iter().find(|candidate| matches!(candidate.program, Program::Variant(_)));
        let Some((candidate, url)) = first.and_then(|candidate| Some((candidate, urls.get(&candidate.subject.name)?))) else {
            return Ok(());
        };
        let command = self.launcher.command(candidate, url)?;
        let server = Server::start(&candidate.subject.name, command, &self.folder.join("record.log")).await?;
        let mut answers = Vec::new();
        let reads = self.plan.workloads.iter().filter(|workload| **workload != Workload::Mix);
        // The mix is made of these two.
        for workload in reads.copied().chain([Workload::ReadOne, Workload::Update]) {
            let requests = prepare(workload, users, &self.callers);
            let Some(request) = requests.first() else { continue };
            let unique = Prepared {
                body: request.body.as_ref().map(|body| body.replace(crate::workload::UNIQUE, "000970000000")),
                ..request.clone()
            };
            answers.push(yardsticks::recorded(&client(server.address)?, &unique, &as_request(&unique)).await?);
        }
        server.stop().await;
        let text = serde_json::Value::Array(answers).to_string();
        std::fs::write(&self.launcher.answers, text).map_err(BenchError::of_file(&self.launcher.answers))
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
                    self.time(*place, timing, &requests, &file, urls, None).await?;
                }
            }
        }
        if !self.plan.has_fixed_rates || workload.at_fixed_rate().is_empty() || self.oha.is_none() {
            return Ok(());
        }
        self.time_at_fixed_rates(workload, users, urls, &places, &requests, &file).await
    }

    /// Latency at half of each subject's own highest rate, and of all at one rate that the slowest variant can bear.
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
        let Some(common) = variants.map(|(_, rate, _)| *rate).min_by(f64::total_cmp) else { return Ok(()) };
        let connections = self.plan.connections.iter().copied().find(|count| *count == CONNECTIONS_AT_FIXED_RATE);
        let Some(connections) = connections.or_else(|| self.plan.connections.last().copied()) else { return Ok(()) };
        for round in 1..=self.plan.rounds {
            let timing = Timing { workload, users, connections, round };
            for (place, own, kind) in &highest {
                let own = Load::Open { rate: own.round().max(1.0), of_highest: Some(OF_HIGHEST) };
                self.time(*place, timing, requests, file, urls, Some(own)).await?;
                if *kind == Kind::Variant {
                    let common = Load::Open { rate: common.round().max(1.0), of_highest: None };
                    self.time(*place, timing, requests, file, urls, Some(common)).await?;
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
        load: Option<Load>,
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
        let load = load.unwrap_or(Load::Closed);
        let runs = if candidate.is_server() {
            self.time_server(&candidate, place, timing, requests, file, &url, load).await
        } else {
            let seconds = (self.plan.seconds, self.plan.warm_up_seconds);
            let counted = yardsticks::run(&candidate, &self.launcher, &self.folder, &url, timing.users, timing.connections, seconds).await;
            counted.map(|counted| vec![self.run_of(&name, timing, load, &counted)])
        };
        let runs = runs.unwrap_or_else(|error| {
            let nothing = Counted { seconds: 0.0, requests: 0, errors: 0, unique: None, latency: None, cpu_seconds: None };
            vec![Run { failure: Some(error.to_string()), ..self.run_of(&name, timing, load, &nothing) }]
        });
        for run in runs {
            self.display.say(&Event::Timed { run: Box::new(run.clone()) });
            self.results.runs.push(run);
        }
        self.note_subjects(&name);
        self.steps.done += 1;
        (self.keep)(&self.results)
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

    #[allow(clippy::too_many_arguments, reason = "each is a part of what is timed")]
    async fn time_server(
        &mut self,
        candidate: &Candidate,
        place: usize,
        timing: Timing,
        requests: &[Prepared],
        file: &Path,
        url: &str,
        load: Load,
    ) -> Result<Vec<Run>, BenchError> {
        let Timing { workload, users, connections, .. } = timing;
        let name = candidate.subject.name.clone();
        let command = self.launcher.command(candidate, url)?;
        let mut server = Server::start(&name, command, &self.folder.join(format!("{name}.log"))).await?;
        if let Some(candidate) = self.candidates.get_mut(place) {
            candidate.subject.start_millis.push(server.start_millis);
        }
        if self.plan.warm_up_seconds > 0 {
            self.run_number += 1;
            self.wrk.run(server.address, file, connections, self.plan.warm_up_seconds, self.run_number).await?;
        }
        let key = (url.to_owned(), workload);
        let before = match candidate.is_counted() {
            true => {
                let earlier = self.content.remove(&key).unwrap_or_default();
                Some(Content::of(server.address, workload, users, &self.callers, &earlier).await?)
            }
            false => None,
        };
        self.run_number += 1;
        let database = self.database_process(candidate, url);
        let (server_before, database_before) = (server.usage(), database.and_then(usage::of_tree));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let sampling = sample(server.address, workload, requests, candidate.keeps(), self.run_number, stopped);
        let loading = async {
            let counted = self.load(server.address, workload, requests, file, connections, load).await;
            let _ = stop.send(());
            counted
        };
        let (counted, samples) = tokio::join!(loading, sampling);
        let (server_after, database_after) = (server.usage(), database.and_then(usage::of_tree));
        if let Some(words) = server.last_words() {
            return Err(BenchError::Start { subject: name, reason: words });
        }
        let (counted, samples) = (counted?, samples?);
        let cpu = |after: Option<usage::Usage>, before: Option<usage::Usage>| Some(after?.cpu_seconds - before?.cpu_seconds);
        let mut runs: Vec<Run> = Vec::new();
        let counted_parts = counted.len();
        for (part, counted) in &counted {
            let mut run = self.run_of(&name, timing, load, counted);
            // The parts of the mix have latencies of their own; whose the server's time was, nobody can tell.
            if counted_parts > 1 {
                run.workload = format!("{}-{}", workload.name(), part.name());
            }
            if counted_parts == 1 {
                run.server_cpu_seconds = cpu(server_after, server_before);
                run.database_cpu_seconds = cpu(database_after, database_before);
            }
            run.peak_memory_bytes = server_after.map(|usage| usage.peak_memory_bytes);
            run.failure = samples.bad.clone();
            runs.push(run);
        }
        if let Some(before) = before {
            let after = Content::of(server.address, workload, users, &self.callers, &before).await?;
            let acknowledged = Acknowledged::of(workload, &counted, &samples, connections);
            if let Err(reason) = after.holds(&before, workload, &acknowledged) {
                for run in &mut runs {
                    run.failure.get_or_insert_with(|| reason.clone());
                }
            }
            self.content.insert(key, after);
        }
        server.stop().await;
        Ok(runs)
    }

    /// Puts the load on, and says what came of each of its parts.
    async fn load(
        &self,
        address: std::net::SocketAddr,
        workload: Workload,
        requests: &[Prepared],
        file: &Path,
        connections: usize,
        load: Load,
    ) -> Result<Vec<(Workload, Counted)>, BenchError> {
        let (Load::Open { rate, .. }, Some(oha)) = (load, &self.oha) else {
            let counted = self.wrk.run(address, file, connections, self.plan.seconds, self.run_number).await?;
            return Ok(vec![(workload, counted)]);
        };
        let parts = workload.at_fixed_rate();
        let sending = parts.iter().map(|(part, share)| {
            let is_part = |request: &&Prepared| parts.len() == 1 || (request.method == "GET") == (*part == Workload::ReadOne);
            let own: Vec<Prepared> = requests.iter().filter(is_part).cloned().collect();
            let fixed = FixedRate {
                rate: rate * share,
                connections: connections.div_ceil(parts.len()),
                seconds: self.plan.seconds,
                status: part.status(),
                run: self.run_number,
            };
            async move { oha.run(address, part.name(), &own, fixed).await.map(|counted| (*part, counted)) }
        });
        futures_util::future::try_join_all(sending).await
    }

    /// The process of the database, if it is a server on this machine.
    fn database_process(&self, candidate: &Candidate, url: &str) -> Option<u32> {
        let database = candidate.store?.database();
        if matches!(database, Database::Memory | Database::Sqlite) {
            return None;
        }
        let address = server::host_and_port(url)?.to_socket_addrs().ok()?.next()?;
        address.ip().is_loopback().then(|| usage::listening_on(address)).flatten()
    }
}

/// What is to be timed, by the command line.
///
/// # Errors
/// As [`candidates`].
pub(crate) fn chosen(
    plan: &Plan,
    arguments: &crate::settings::BenchArguments,
) -> Result<Vec<Candidate>, BenchError> {
    let mut chosen = candidates(&plan.variants, arguments)?;
    chosen.retain(|candidate| candidate.serves.iter().any(|workload| plan.workloads.contains(workload)));
    Ok(chosen)
}
