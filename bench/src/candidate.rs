//! What can be timed: the variants, and what they are measured by.

use crate::check::Keeps;
use crate::error::BenchError;
use crate::facts::{FactError, Workspace, lines_of_code};
use crate::result::{Kind, Subject, Verified};
use crate::settings::{BenchArguments, Variant};
use crate::workload::Workload;
use server::{Database, Store};
use shared::repository::Synchronous;
use std::collections::BTreeMap;

/// How a subject is run.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// A framework over a store: this very executable.
    Variant(Variant),
    /// The same, told to write no line for each request.
    Unlogged(Variant),
    /// Bare hyper with recorded answers.
    Hyper,
    /// Another way to serve the same, by the program `baselines`.
    Peer(&'static str),
    /// The lesson's own: Flask, SQLAlchemy, gunicorn.
    Flask,
    /// A driver's own loop, by the program `baselines`: no server.
    Loop(&'static str),
    /// PostgreSQL's own benchmark.
    Pgbench,
    /// Redis' own benchmark.
    RedisBenchmark,
}

/// Something that can be timed, and what is known of it so far.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub program: Program,
    pub subject: Subject,
    /// Whose schema its database has, if it has one.
    pub store: Option<Store>,
    /// What it can be asked.
    pub serves: Vec<Workload>,
}

/// The peers: name, title, whose schema they are served over.
const PEERS: [(&str, &str, Store); 6] = [
    ("axum-sea-orm-sqlite", "a minimal axum + SeaORM service, as their documentation writes it", Store::SeaOrmSqlite),
    ("actix-diesel-r2d2", "actix-web's own Diesel example: web::block and an r2d2 pool", Store::DieselSqlite),
    ("rocket-diesel-pool", "Rocket with its own synchronous Diesel pool", Store::DieselSqlite),
    ("axum-tokio-postgres", "a minimal axum service over tokio-postgres and deadpool", Store::DieselPostgres),
    (
        "axum-diesel-async-postgres",
        "a minimal axum + diesel-async service with its pool's default check",
        Store::DieselPostgres,
    ),
    ("axum-sea-orm-postgres", "a minimal axum + SeaORM service over PostgreSQL", Store::SeaOrmPostgres),
];

/// Peers that set up SQLite by themselves, and always wait for the disk.
const ALWAYS_FULL: [&str; 2] = ["rocket-diesel-pool", "flask"];

/// The peers that show what a log line costs.
const WITHOUT_LOG: &str = "without-log";

const PEER_SERVES: [Workload; 6] =
    [Workload::Hello, Workload::ReadOne, Workload::List, Workload::Update, Workload::Mix, Workload::Create];

/// The ceilings without HTTP: name, title, the stores whose ceiling it is (none: all), the workload.
const LOOPS: [(&str, &str, &[Store], Workload); 8] = [
    (
        "sqlite-read",
        "prepared SQLite reads by rusqlite, a thread a connection",
        &[Store::DieselSqlite, Store::SeaOrmSqlite],
        Workload::ReadOne,
    ),
    (
        "sqlite-order",
        "the order's transaction written by hand with rusqlite",
        &[Store::DieselSqlite, Store::SeaOrmSqlite],
        Workload::Order,
    ),
    ("argon2id", "Argon2id at the same parameters, one thread a core", &[], Workload::Login),
    (
        "postgres-read",
        "tokio-postgres and deadpool without a server",
        &[Store::DieselPostgres, Store::SeaOrmPostgres],
        Workload::ReadOne,
    ),
    (
        "mysql-read",
        "mysql_async and its own pool without a server",
        &[Store::DieselMysql, Store::SeaOrmMysql],
        Workload::ReadOne,
    ),
    ("redis-read", "the redis crate without a server", &[Store::Redis], Workload::ReadOne),
    ("mongodb-read", "the MongoDB driver without a server", &[Store::Mongodb], Workload::ReadOne),
    ("dynamodb-read", "Amazon's SDK without a server", &[Store::Dynamodb], Workload::ReadOne),
];

impl Candidate {
    fn new(program: Program, name: String, title: &str, kind: Kind, store: Option<Store>) -> Self {
        let subject = Subject {
            name,
            title: title.to_owned(),
            kind,
            framework: None,
            store: store.filter(|_| kind != Kind::Ceiling).map(|store| store.to_string()),
            ceiling_of: Vec::new(),
            verified: Verified::NotApplicable,
            pool_size: None,
            executable_bytes: None,
            build_seconds: None,
            lines_of_code: None,
            direct_dependencies: None,
            round_trips: BTreeMap::new(),
        };
        Self { program, subject, store, serves: Workload::ALL.to_vec() }
    }

    /// A framework over a store.
    pub(crate) fn variant(variant: Variant) -> Self {
        let title = format!("{} over {}", variant.framework, variant.store);
        let mut candidate =
            Self::new(Program::Variant(variant), variant.name(), &title, Kind::Variant, Some(variant.store));
        candidate.subject.framework = Some(variant.framework.to_string());
        candidate
    }

    pub(crate) fn unlogged(variant: Variant) -> Self {
        let (name, title) =
            (format!("{}-without-log", variant.name()), format!("{} without log lines", variant.name()));
        let mut candidate = Self::new(Program::Unlogged(variant), name, &title, Kind::Peer, Some(variant.store));
        candidate.serves = vec![Workload::Hello, Workload::ReadOne];
        candidate
    }

    pub(crate) fn hyper() -> Self {
        let title = "a bare hyper server that answers the same bytes";
        let mut candidate = Self::new(Program::Hyper, "hyper".to_owned(), title, Kind::Ceiling, None);
        candidate.subject.ceiling_of = vec!["*".to_owned()];
        // What it answers is as long as the work of others; it has none of its own.
        candidate.serves.retain(|workload| !matches!(workload, Workload::Login | Workload::LoginMix));
        candidate
    }

    pub(crate) fn of_loop(name: &'static str, title: &str, stores: &[Store], workload: Workload) -> Self {
        let mut candidate =
            Self::new(Program::Loop(name), name.to_owned(), title, Kind::Ceiling, stores.first().copied());
        candidate.subject.ceiling_of = stores.iter().map(ToString::to_string).collect();
        candidate.serves = vec![workload];
        if stores.is_empty() {
            candidate.subject.ceiling_of = vec!["*".to_owned()];
        }
        candidate
    }

    pub(crate) fn peer(name: &'static str, title: &str, store: Store) -> Self {
        let mut candidate = Self::new(Program::Peer(name), format!("peer-{name}"), title, Kind::Peer, Some(store));
        candidate.serves = PEER_SERVES.to_vec();
        // Those over PostgreSQL have no route for it.
        candidate.serves.retain(|workload| *workload != Workload::Create || store.database() == Database::Sqlite);
        candidate
    }

    pub(crate) fn flask() -> Self {
        let title = "the lesson's own: Flask, SQLAlchemy and gunicorn over SQLite";
        let mut candidate =
            Self::new(Program::Flask, "peer-flask".to_owned(), title, Kind::Peer, Some(Store::DieselSqlite));
        candidate.serves = PEER_SERVES.to_vec();
        candidate
    }

    /// Adds what can be said of a variant without starting it.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub(crate) fn describe(&mut self, workspace: &Workspace) -> Result<(), FactError> {
        if let Program::Variant(Variant { framework, store }) = &self.program {
            let (framework, store) = (framework.to_string(), store.to_string());
            self.subject.lines_of_code = Some(lines_of_code(workspace, &framework, &store)?);
            self.subject.direct_dependencies = Some(workspace.direct_dependencies(&framework, &store)?);
        }
        Ok(())
    }

    /// How its answers are looked at.
    pub(crate) fn keeps(&self) -> Keeps {
        match self.program {
            Program::Variant(_) | Program::Unlogged(_) => Keeps::Contract,
            Program::Hyper => Keeps::Recording,
            _ => Keeps::Bodies,
        }
    }

    /// Whether it is a server that is sent requests.
    pub(crate) fn is_server(&self) -> bool {
        !matches!(self.program, Program::Loop(_) | Program::Pgbench | Program::RedisBenchmark)
    }
}

/// Everything that is timed: the variants, and the yardsticks that belong to them.
///
/// # Errors
/// If a peer was asked for that there is not.
pub(crate) fn candidates(variants: &[Variant], arguments: &BenchArguments) -> Result<Vec<Candidate>, BenchError> {
    let stores: Vec<Store> = variants.iter().map(|variant| variant.store).collect();
    let has = |store: &Store| stores.iter().any(|given| given.database() == store.database());
    let mut all: Vec<Candidate> = variants.iter().copied().map(Candidate::variant).collect();
    all.push(Candidate::hyper());
    let loops =
        LOOPS.into_iter().filter(|(_, _, of, _)| of.is_empty() || of.iter().any(|store| stores.contains(store)));
    all.extend(loops.map(|(name, title, of, workload)| Candidate::of_loop(name, title, of, workload)));
    let postgres = [Store::DieselPostgres, Store::SeaOrmPostgres];
    for (program, name, title, of) in [
        (Program::Pgbench, "pgbench", "pgbench -S -M prepared", postgres.as_slice()),
        (
            Program::RedisBenchmark,
            "redis-benchmark",
            "redis-benchmark with HGETALL of a user",
            [Store::Redis].as_slice(),
        ),
    ] {
        if let Some(store) = of.iter().find(|store| stores.contains(store)) {
            let mut candidate = Candidate::new(program, name.to_owned(), title, Kind::Ceiling, Some(*store));
            candidate.subject.ceiling_of = of.iter().map(ToString::to_string).collect();
            candidate.serves = vec![Workload::ReadOne];
            all.push(candidate);
        }
    }
    let wants_all = arguments.peers.iter().any(|name| name == "all");
    let waits_for_less =
        |name: &&str| arguments.sqlite_synchronous == Synchronous::Normal && ALWAYS_FULL.contains(name);
    if let Some(name) = arguments.peers.iter().map(String::as_str).find(waits_for_less) {
        let reason = format!("{name} always waits for the disk: leave it out, or --sqlite-synchronous normal");
        return Err(BenchError::Answer(reason));
    }
    let mut known = vec!["all", "flask", WITHOUT_LOG];
    for (name, title, store) in PEERS {
        known.push(name);
        if arguments.peers.iter().any(|given| given == name) || (wants_all && has(&store) && !waits_for_less(&name)) {
            all.push(Candidate::peer(name, title, store));
        }
    }
    if arguments.peers.iter().any(|given| given == "flask")
        || (wants_all && has(&Store::DieselSqlite) && !waits_for_less(&"flask"))
    {
        all.push(Candidate::flask());
    }
    if wants_all || arguments.peers.iter().any(|given| given == WITHOUT_LOG) {
        // The line costs the same over each store.
        let first = variants.iter().filter(|variant| Some(&variant.store) == stores.first());
        all.extend(first.copied().map(Candidate::unlogged));
    }
    match arguments.peers.iter().find(|given| !known.contains(&given.as_str())) {
        Some(given) => Err(BenchError::Unknown { kind: "peer", given: given.clone(), known: known.join(", ") }),
        None => Ok(all),
    }
}
