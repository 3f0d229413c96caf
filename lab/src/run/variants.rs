//! The variants: what there is, what runs, and changing that.

use super::databases::answers;
use super::log::Log;
use super::process::{Launch, Process, Secrets};
use super::sample;
use serde::Serialize;
use shared::repository::StoreOptions;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How a database is removed: nobody waits for that with a request.
const REMOVAL: StoreOptions = StoreOptions { connections: 1, timeout: Duration::from_secs(10) };

/// A variant as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Variant {
    /// `axum-diesel-sqlite`, or the name that an attached server was given.
    pub name: String,
    /// `axum`; none for an attached server.
    pub framework: Option<String>,
    /// `diesel-sqlite`; none for an attached server.
    pub store: Option<String>,
    /// Where it listens, while it does.
    pub address: Option<SocketAddr>,
    pub process_id: Option<u32>,
    /// Resident set size.
    pub memory_bytes: Option<u64>,
    /// Requests answered since it started, without the lab's own questions.
    pub requests: Option<u64>,
    pub status: Status,
    /// More about the status, for people: how the process ended, or why it did not start.
    pub detail: Option<String>,
    /// The server that it keeps its data in, as people call it; none if it needs none, or was attached.
    pub database: Option<&'static str>,
}

impl Variant {
    /// Whether the lab runs a process for it.
    pub(crate) fn is_own_process(&self) -> bool {
        self.process_id.is_some()
    }
}

/// How it is with a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub(crate) enum Status {
    /// It and its store answer.
    Ready,
    /// The process runs, but it or its store does not answer.
    NotReady,
    /// It was started and does not listen yet.
    Starting,
    /// It was not started, or was stopped here.
    Stopped,
    /// It ended by itself, or somebody else ended it.
    Ended,
    /// It did not start.
    Failed,
    /// It does not run, and could not: its database does not answer.
    NoDatabase,
}

impl Status {
    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not ready",
            Self::Starting => "starting",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
            Self::Failed => "did not start",
            Self::NoDatabase => "no database",
        }
    }

    /// `good`, `bad`, or neither.
    pub(crate) fn mood(self) -> &'static str {
        match self {
            Self::Ready => "good",
            Self::NotReady | Self::Ended | Self::Failed => "bad",
            Self::Starting | Self::Stopped | Self::NoDatabase => "",
        }
    }
}

impl From<Status> for &'static str {
    fn from(status: Status) -> Self {
        status.word()
    }
}

/// Why a variant could not be started, stopped or started afresh.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangeError {
    /// There is no such variant.
    #[error("there is no variant {0}")]
    Unknown(String),
    /// There is no such change.
    #[error("{0} is none of start, stop and start-afresh")]
    NoSuchChange(String),
    /// The lab did not start it.
    #[error("{0} was attached: whoever started it stops it")]
    Attached(String),
    /// It did not start.
    #[error("{name} did not start: {reason}")]
    Failed {
        /// Its name.
        name: String,
        /// What it said.
        reason: String,
    },
    /// Its data cannot be removed.
    #[error("the data of {name} cannot be removed: {reason}")]
    Data {
        /// Its name.
        name: String,
        /// What the system said.
        reason: String,
    },
}

enum Kind {
    /// Started and stopped by the lab.
    Own(Box<Launch>),
    /// A server that somebody else runs, at this address.
    Attached(SocketAddr),
}

enum State {
    Stopped,
    Starting,
    Running(Box<Process>),
    Ended(String),
    Failed(String),
}

struct Slot {
    name: String,
    kind: Kind,
    log: Arc<Log>,
    /// What is known of it; held for moments only, so that looking never waits for a start.
    state: std::sync::Mutex<State>,
    /// Held while it is being started or stopped: two pages may ask for both at the same time.
    turn: tokio::sync::Mutex<()>,
}

/// All variants: those of the lab, and those that were attached.
pub(crate) struct Variants {
    slots: Vec<Slot>,
    secrets: Secrets,
}

impl Variants {
    /// None of them runs yet.
    pub(crate) fn new(launches: Vec<Launch>, attached: Vec<(String, SocketAddr)>, secrets: Secrets) -> Self {
        let own = launches.into_iter().map(|launch| (launch.name(), Kind::Own(Box::new(launch))));
        let attached = attached.into_iter().map(|(name, address)| (name, Kind::Attached(address)));
        let slot = |(name, kind)| Slot {
            name,
            kind,
            log: Arc::default(),
            state: std::sync::Mutex::new(State::Stopped),
            turn: tokio::sync::Mutex::default(),
        };
        Self { slots: own.chain(attached).map(slot).collect(), secrets }
    }

    /// The variants as they are now, without asking them anything.
    pub(crate) fn list(&self) -> Vec<Variant> {
        self.slots.iter().map(Slot::variant).collect()
    }

    /// The variants as they are now: each that runs is asked whether it is ready and what it has done.
    pub(crate) async fn statuses(&self) -> Vec<Variant> {
        let mut asking = Vec::new();
        let away = self.databases_away().await;
        for mut variant in self.list() {
            if matches!(variant.status, Status::Stopped | Status::Failed) && away.contains(&variant.database) {
                (variant.status, variant.detail) = (Status::NoDatabase, None);
            }
            asking.push(tokio::spawn(async move {
                if let (Some(address), Status::Ready) = (variant.address, variant.status) {
                    let (is_ready, requests) = tokio::join!(sample::is_ready(address), sample::requests(address));
                    if !is_ready {
                        variant.status = Status::NotReady;
                        variant.detail = Some("no 200 at /health/ready: it or its database does not answer".to_owned());
                    }
                    variant.requests = requests;
                    variant.memory_bytes = variant.process_id.and_then(sample::memory);
                }
                variant
            }));
        }
        let mut variants = Vec::new();
        for answer in asking {
            variants.extend(answer.await);
        }
        variants
    }

    /// The databases that do not answer. All variants of one are on the same server.
    async fn databases_away(&self) -> Vec<Option<&'static str>> {
        let mut asked: Vec<(Option<&'static str>, &str)> = Vec::new();
        for slot in &self.slots {
            let Kind::Own(launch) = &slot.kind else { continue };
            let database = launch.server();
            if database.is_some() && !asked.iter().any(|(other, _)| *other == database) {
                asked.push((database, &launch.database_url));
            }
        }
        let ask = async |(database, url): (Option<&'static str>, &str)| (!answers(url).await).then_some(database);
        futures_util::future::join_all(asked.into_iter().map(ask)).await.into_iter().flatten().collect()
    }

    /// Where a variant listens; none if it does not, or there is none of this name.
    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        self.slot(name).and_then(|slot| slot.variant().address)
    }

    /// The log of a variant that the lab starts, and its file.
    pub(crate) fn log(&self, name: &str) -> Option<(Arc<Log>, &Path)> {
        let slot = self.slot(name)?;
        match &slot.kind {
            Kind::Own(launch) => Some((slot.log.clone(), &launch.log_path)),
            Kind::Attached(_) => None,
        }
    }

    /// Starts a variant, unless it runs, and waits until it listens.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub(crate) async fn start(&self, name: &str) -> Result<(), ChangeError> {
        let (slot, launch) = self.own(name)?;
        let _turn = slot.turn.lock().await;
        self.start_in_turn(slot, launch).await
    }

    async fn start_in_turn(&self, slot: &Slot, launch: &Launch) -> Result<(), ChangeError> {
        if slot.variant().process_id.is_some() {
            return Ok(());
        }
        slot.set(State::Starting);
        match Process::start(launch, &self.secrets, slot.log.clone()).await {
            Ok(process) => {
                slot.set(State::Running(Box::new(process)));
                Ok(())
            }
            Err(reason) => {
                slot.set(State::Failed(reason.clone()));
                Err(ChangeError::Failed { name: slot.name.clone(), reason })
            }
        }
    }

    /// Stops a variant, if it runs: it finishes what is in flight.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`], [`ChangeError::Attached`].
    pub(crate) async fn stop(&self, name: &str) -> Result<(), ChangeError> {
        let (slot, _) = self.own(name)?;
        let _turn = slot.turn.lock().await;
        slot.stop().await;
        Ok(())
    }

    /// Starts a variant with nothing but the demo data: what was written to it is gone.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub(crate) async fn start_afresh(&self, name: &str) -> Result<(), ChangeError> {
        let (slot, launch) = self.own(name)?;
        let _turn = slot.turn.lock().await;
        slot.stop().await;
        let removed = launch.store.remove(&launch.database_url, REMOVAL).await;
        removed.map_err(|error| ChangeError::Data { name: name.to_owned(), reason: error.to_string() })?;
        self.start_in_turn(slot, launch).await
    }

    /// [`Variants::start_afresh`] for all that run, side by side.
    ///
    /// # Errors
    /// That of the first that failed; the others are started all the same.
    pub(crate) async fn start_all_afresh(&self) -> Result<(), ChangeError> {
        let running = self.list().into_iter().filter(Variant::is_own_process);
        let names: Vec<String> = running.map(|variant| variant.name).collect();
        let outcomes = futures_util::future::join_all(names.iter().map(|name| self.start_afresh(name))).await;
        outcomes.into_iter().collect()
    }

    /// Stops all that run, side by side; they can be started again.
    pub(crate) async fn stop_running(&self) {
        let running = self.list().into_iter().filter(Variant::is_own_process);
        let names: Vec<String> = running.map(|variant| variant.name).collect();
        futures_util::future::join_all(names.iter().map(|name| self.stop(name))).await;
    }

    /// Ends them all at once.
    pub(crate) async fn stop_all(&self) {
        for slot in &self.slots {
            if let State::Running(process) = &mut *slot.state() {
                process.ask_to_stop();
            }
        }
        futures_util::future::join_all(self.slots.iter().map(Slot::stop)).await;
    }

    fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    fn own(&self, name: &str) -> Result<(&Slot, &Launch), ChangeError> {
        let slot = self.slot(name).ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
        match &slot.kind {
            Kind::Own(launch) => Ok((slot, launch)),
            Kind::Attached(_) => Err(ChangeError::Attached(name.to_owned())),
        }
    }
}

impl Slot {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        *self.state() = state;
    }

    async fn stop(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Stopped);
        if let State::Running(mut process) = state {
            process.stop().await;
        }
    }

    fn variant(&self) -> Variant {
        let (framework, store, database) = match &self.kind {
            Kind::Own(launch) => (Some(launch.framework.to_string()), Some(launch.store.to_string()), launch.server()),
            Kind::Attached(_) => (None, None, None),
        };
        let mut variant = Variant {
            name: self.name.clone(),
            framework,
            store,
            address: None,
            process_id: None,
            memory_bytes: None,
            requests: None,
            status: Status::Stopped,
            detail: None,
            database,
        };
        if let Kind::Attached(address) = self.kind {
            return Variant { address: Some(address), status: Status::Ready, ..variant };
        }
        let mut state = self.state();
        if let State::Running(process) = &mut *state
            && let Some(status) = process.ended()
        {
            *state = State::Ended(status.to_string());
        }
        match &*state {
            State::Stopped => {}
            State::Starting => variant.status = Status::Starting,
            State::Running(process) => {
                variant.status = Status::Ready;
                variant.address = Some(process.address);
                variant.process_id = process.id;
            }
            State::Ended(how) => (variant.status, variant.detail) = (Status::Ended, Some(how.clone())),
            State::Failed(reason) => {
                variant.status = Status::Failed;
                variant.detail = Some(format!("{reason}. If it is its data, Start afresh removes that"));
            }
        }
        variant
    }
}
