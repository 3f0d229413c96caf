//! The tables: who was timed, all workloads at a glance, what is not a speed, every figure.

use super::ceilings::Of;
use super::figures::{Figure, Figures, distinct};
use super::number::{bytes, count, counted, millis, ratio, seconds, short, three_digits, whole};
use super::parts::{Body, Cell, NOTHING, Table};
use super::words;
use crate::result::{Kind, Results, Subject, Verified};
use crate::statistics::Summary;

const KINDS: [(Kind, &str); 3] = [
    (Kind::Variant, "Variants: a framework over a store"),
    (Kind::Peer, "Peers: other ways that readers know"),
    (Kind::Ceiling, "Ceilings: what can be had at most"),
];

/// A subject and whether it was timed.
pub struct Timed<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub title: &'a str,
    /// `passed 212 cases`.
    pub verdict: String,
    /// Why it was not timed.
    pub failures: Vec<String>,
    /// Whether there are figures of it.
    pub was_timed: bool,
}

/// Who was timed, by kind, and who was not.
#[must_use]
pub fn who<'a>(figures: &Figures<'a>) -> Vec<(&'static str, Vec<Timed<'a>>)> {
    let of_kind =
        |(kind, title)| (title, figures.subjects(kind).map(|subject| timed(figures, subject)).collect::<Vec<_>>());
    KINDS.map(of_kind).into_iter().filter(|(_, list)| !list.is_empty()).collect()
}

fn timed<'a>(figures: &Figures<'_>, subject: &'a Subject) -> Timed<'a> {
    let was_timed = figures.list.iter().any(|figure| figure.key.subject == subject.name);
    let (mut verdict, failures): (String, Vec<String>) = match &subject.verified {
        Verified::Passed { cases } => (format!("passed {}", counted(*cases, "case")), Vec::new()),
        Verified::Failed { cases: 0, failures } => ("not timed".to_owned(), words::told(failures)),
        Verified::Failed { cases, failures } => {
            let verdict = format!("not timed: failed {} of {}", whole(failures.len() as u64), counted(*cases, "case"));
            (verdict, words::told(failures))
        }
        Verified::NotApplicable => ("not of the contract: its answers were sampled".to_owned(), Vec::new()),
    };
    if !was_timed && failures.is_empty() && !matches!(subject.verified, Verified::Failed { .. }) {
        verdict.push_str("; no run of it counts");
    }
    Timed { name: &subject.name, title: &subject.title, verdict, failures, was_timed }
}

/// The runs that count for nothing, those with the same reason in one line.
#[must_use]
pub fn left_out(figures: &Figures<'_>) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for run in &figures.left_out {
        let name = format!("{}: {}: {}", run.key.subject, words::place(&run.key), run.reason);
        match lines.iter_mut().find(|(other, _)| *other == name) {
            Some((_, rounds)) => rounds.push(run.round.to_string()),
            None => lines.push((name, vec![run.round.to_string()])),
        }
    }
    let line = |(name, rounds): (String, Vec<String>)| {
        format!("{name} (round{} {})", if rounds.len() == 1 { "" } else { "s" }, rounds.join(", "))
    };
    lines.into_iter().map(line).collect()
}

/// A row for each subject, a column for each workload.
#[must_use]
pub fn summary(figures: &Figures<'_>) -> Option<Table> {
    let users = figures.main_users()?;
    let columns = figures.workloads().into_iter().filter_map(|name| Some((name, figures.middle_connections(name)?)));
    let columns: Vec<(&str, usize)> = columns.collect();
    let row = |subject: &Subject| {
        let of = |(workload, connections): &(&str, usize)| figures.closed(&subject.name, workload, users, *connections);
        let cells: Vec<Option<&Figure>> = columns.iter().map(of).collect();
        let is_any = cells.iter().any(Option::is_some);
        is_any.then(|| (subject.name.clone(), cells.into_iter().map(|figure| glance(figures, figure)).collect()))
    };
    let bodies = KINDS.map(|(kind, title)| Body {
        title: Some(title.to_owned()),
        rows: figures.subjects(kind).filter_map(row).collect(),
    });
    let bodies: Vec<Body> = bodies.into_iter().filter(|body| !body.rows.is_empty()).collect();
    let common = figures.common_connections();
    let name = |(workload, connections): &(&str, usize)| {
        if common.is_some() { (*workload).to_owned() } else { format!("{workload} ({connections})") }
    };
    let many = || "as many connections as the column’s name says".to_owned();
    let at = common.map_or_else(many, |connections| counted(connections, "connection"));
    let caption = format!(
        "Requests answered each second at {at}, {} users: median, range, fraction of the ceiling",
        whole(users)
    );
    let head = std::iter::once(String::new()).chain(columns.iter().map(name)).collect();
    (!bodies.is_empty()).then_some(Table { caption, head, bodies })
}

fn glance(figures: &Figures<'_>, figure: Option<&Figure>) -> Cell {
    let Some(figure) = figure else { return Cell::plain(NOTHING) };
    let mut cell = Cell::of(Some(&figure.requests_per_second), count);
    for fraction in [Of::Framework, Of::Store].into_iter().filter_map(|of| figures.fraction(figure, of)) {
        cell.notes.push(format!("{} of {}", ratio(fraction.value.median), fraction.ceiling.name));
    }
    cell
}

/// Reads a cell of a subject.
type Read = fn(&Subject) -> Cell;

/// Size, build time, code and dependencies of each subject that says any of it.
#[must_use]
pub fn facts(results: &Results) -> Option<Table> {
    let columns: [(&str, Read); 4] = [
        ("executable", |subject| or_nothing(subject.executable_bytes, |size| bytes(size as f64))),
        ("build from nothing", |subject| or_nothing(subject.build_seconds, seconds)),
        ("lines of code", |subject| or_nothing(subject.lines_of_code, whole)),
        ("direct dependencies", |subject| or_nothing(subject.direct_dependencies, whole)),
    ];
    let said = |read: Read| results.subjects.iter().any(|subject| read(subject).text != NOTHING);
    let columns: Vec<_> = columns.into_iter().filter(|(_, read)| said(*read)).collect();
    let row = |subject: &Subject| {
        let cells: Vec<Cell> = columns.iter().map(|(_, read)| read(subject)).collect();
        cells.iter().any(|cell| cell.text != NOTHING).then(|| (subject.name.clone(), cells))
    };
    let rows: Vec<_> = results.subjects.iter().filter_map(row).collect();
    let head = std::iter::once("").chain(columns.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    let caption = "The stripped executable with this variant alone; lines and dependencies of its framework’s and its store’s crates".to_owned();
    (!rows.is_empty()).then(|| Table::simple(caption, head, rows))
}

fn or_nothing<T>(value: Option<T>, show: fn(T) -> String) -> Cell {
    Cell::plain(value.map_or_else(|| NOTHING.to_owned(), show))
}

/// Round trips to the database: a row for each operation, a column for each store (or subject, where one's differ).
#[must_use]
pub fn round_trips(results: &Results) -> Option<Table> {
    let told: Vec<&Subject> = results.subjects.iter().filter(|subject| !subject.round_trips.is_empty()).collect();
    let column = |subject: &Subject| {
        let store = subject.store.clone()?;
        let is_same = told
            .iter()
            .filter(|other| other.store == subject.store)
            .all(|other| other.round_trips == subject.round_trips);
        is_same.then_some(store)
    };
    let mut columns: Vec<(String, &Subject)> = Vec::new();
    for subject in &told {
        let name = column(subject).unwrap_or_else(|| subject.name.clone());
        if !columns.iter().any(|(other, _)| *other == name) {
            columns.push((name, subject));
        }
    }
    let mut operations: Vec<&String> = distinct(told.iter().flat_map(|subject| subject.round_trips.keys()));
    operations.sort();
    let cell = |subject: &Subject, operation: &str| {
        Cell::plain(subject.round_trips.get(operation).map_or_else(|| NOTHING.to_owned(), |trips| whole(*trips)))
    };
    let row = |operation: &&String| {
        ((*operation).clone(), columns.iter().map(|(_, subject)| cell(subject, operation)).collect())
    };
    let rows: Vec<_> = operations.iter().map(row).collect();
    let head = std::iter::once(String::new()).chain(columns.iter().map(|(name, _)| name.clone())).collect();
    (!rows.is_empty()).then(|| Table::simple("Round trips to the database for each operation".to_owned(), head, rows))
}

/// All that was asked for.
#[must_use]
pub fn settings(results: &Results) -> Vec<(&'static str, String)> {
    let settings = &results.settings;
    let list = |values: Vec<String>| values.join(", ");
    let rounds = match settings.rounds_at_most {
        Some(most) if most > settings.rounds => {
            format!("{}, and up to {most} in a closed loop while those of one differed much", settings.rounds)
        }
        _ => settings.rounds.to_string(),
    };
    vec![
        ("Profile", settings.profile.clone()),
        ("Workers of each server", settings.workers.to_string()),
        ("Pool of each store", pools(results)),
        ("Log", settings.log.clone()),
        ("Rounds", rounds),
        ("Each run", format!("{} s", short(settings.seconds))),
        ("Warm-up before each run, not counted", format!("{} s", short(settings.warm_up_seconds))),
        ("`synchronous` of SQLite", settings.sqlite_synchronous.clone()),
        ("What closed the loop, where both can", settings.generator.clone()),
        ("Threads of the load generator", settings.generator_threads.to_string()),
        ("Connections", list(settings.connections.iter().map(usize::to_string).collect())),
        ("Users", list(settings.users.iter().map(|users| whole(*users)).collect())),
        ("Workloads", list(settings.workloads.clone())),
    ]
}

/// `each store's own: 2 connections of diesel-sqlite, sqlite-read; 16 connections of mongodb`.
fn pools(results: &Results) -> String {
    if let Some(size) = results.settings.pool_size {
        return counted(size, "connection");
    }
    let sized = |subject: &Subject| {
        let owner = subject.store.clone().unwrap_or_else(|| subject.name.clone());
        subject.pool_size.map(|size| (size, owner))
    };
    let mut pools: Vec<(usize, String)> = distinct(results.subjects.iter().filter_map(sized));
    pools.sort_by_key(|(size, _)| *size);
    let of = |size: usize| {
        let owners = pools.iter().filter(|(other, _)| *other == size).map(|(_, owner)| owner.as_str());
        format!("{} of {}", counted(size, "connection"), owners.collect::<Vec<_>>().join(", "))
    };
    let told: Vec<String> = distinct(pools.iter().map(|(size, _)| *size)).into_iter().map(of).collect();
    if told.is_empty() { "each store's own".to_owned() } else { format!("each store's own: {}", told.join("; ")) }
}

/// Every figure with everything that is known about it.
#[must_use]
pub fn all(figures: &Figures<'_>) -> Option<Table> {
    let head = [
        "",
        "users",
        "conn.",
        "load",
        "rounds",
        "requests/s",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "server s",
        "database s",
        "generator s",
        "peak memory",
        "of it files",
        "errors",
    ];
    let of_workload = |workload: &str| Body {
        title: Some(format!("{} ({workload})", words::workload(workload))),
        rows: figures.list.iter().filter(|figure| figure.key.workload == workload).map(row).collect(),
    };
    let bodies: Vec<Body> = figures.workloads().into_iter().map(of_workload).collect();
    let caption = "The median of each figure, on a screen with its range; seconds are processor time of 1,000 requests"
        .to_owned();
    (!bodies.is_empty()).then(|| Table { caption, head: head.map(str::to_owned).to_vec(), bodies })
}

fn row(figure: &Figure) -> (String, Vec<Cell>) {
    let (key, cost) = (&figure.key, &figure.cost);
    let latency = figure.latency.as_ref();
    let mut cells = vec![
        Cell::plain(whole(key.users)),
        Cell::plain(key.connections.to_string()),
        Cell::plain(if key.is_closed() { "closed".to_owned() } else { words::load(key.load) }),
        Cell::plain(figure.requests_per_second.count.to_string()),
        Cell::of(Some(&figure.requests_per_second), count),
    ];
    let percentiles: [Option<&Summary>; 5] = match latency {
        Some(latency) => [&latency.p50, &latency.p90, &latency.p99, &latency.p999, &latency.max].map(Some),
        None => [None; 5],
    };
    cells.extend(percentiles.map(|value| Cell::of(value, millis)));
    cells.extend([&cost.server, &cost.database, &cost.generator].map(|value| Cell::of(value.as_ref(), three_digits)));
    cells.extend([&figure.peak_memory, &figure.file_memory].map(|value| Cell::of(value.as_ref(), bytes)));
    cells.push(Cell::plain(whole(figure.errors)));
    (key.subject.clone(), cells)
}
