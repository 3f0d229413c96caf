//! The charts of lines: throughput over connections, latency over percentiles.

use super::ReportError;
use super::figures::{Figure, Figures, distinct};
use super::lines::{Line, LineChart, Scale};
use super::number::{count, counted, millis, whole};
use super::parts::{Cell, Chart, Group, NOTHING, Section, Table, legend, rounds};
use super::pens::{Look, database};
use super::words;
use crate::result::{Kind, Load, Subject};
use crate::statistics::Summary;
use std::collections::HashMap;

/// The subjects' looks by name.
pub type Looks<'a> = HashMap<&'a str, Look>;

/// A line of a chart before it is drawn: its subject, and a value for each place that has one.
type Values<'a> = (&'a str, Vec<Option<Summary>>);

/// Requests a second over connections: one chart for each workload, and for each database where there are several.
///
/// # Errors
///
/// [`ReportError`].
pub fn throughput(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let Some(users) = figures.main_users() else { return Ok(None) };
    let mut groups = Vec::new();
    for (title, subjects) in families(figures) {
        let mut charts = Vec::new();
        for workload in figures.workloads() {
            charts.extend(throughput_chart(figures, looks, workload, users, &subjects)?);
        }
        groups.push(group(title, charts, &subjects, looks)?);
    }
    let about = format!(
        "Requests answered each second when every connection sends its next request as soon as the last was answered; {} users, {}. \
         Each chart has a range of its own.",
        whole(users),
        rounds(most_rounds(figures)),
    );
    Ok(Section { id: "throughput", title: "Throughput against connections", about, groups }.if_any())
}

fn throughput_chart(
    figures: &Figures<'_>,
    looks: &Looks<'_>,
    workload: &str,
    users: u64,
    subjects: &[&Subject],
) -> Result<Option<(Chart, Vec<String>)>, ReportError> {
    let connections = figures.connections(workload);
    // One place is no line; the table of all workloads has it.
    if connections.len() < 2 {
        return Ok(None);
    }
    let value = |subject: &str, count: &usize| Some(figures.closed(subject, workload, users, *count)?.requests_per_second);
    let lines = lines(subjects, |subject| connections.iter().map(|count| value(subject, count)).collect());
    let of_all = figures.list.iter().filter(|figure| figure.key.workload == workload && figure.key.is_closed());
    let highest = of_all.map(|figure| figure.requests_per_second.max).fold(0.0, f64::max);
    let name = words::workload(workload);
    let chart = LineChart {
        alternative: format!("{name}: requests a second over connections; the numbers are in the table below."),
        x_title: "connections",
        y_title: "requests/s",
        places: connections.iter().map(|count| ((*count as f64).log2(), count.to_string())).collect(),
        range: 0.0..highest,
        scale: Scale::Linear,
        lines: Vec::new(),
    };
    finish(chart, &lines, looks, name.to_owned(), format!("{name}: requests a second by connections"), count)
}

/// Latency over percentiles while requests come at a fixed rate: one chart for each workload and number of connections.
///
/// # Errors
///
/// [`ReportError`].
pub fn latency(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let open: Vec<&Figure> = figures.list.iter().filter(|figure| !figure.key.is_closed() && figure.latency.is_some()).collect();
    let panels = distinct(open.iter().map(|figure| {
        let key = &figure.key;
        (key.workload.as_str(), key.users, key.connections, step(&open, figure))
    }));
    let mut groups = Vec::new();
    for (title, subjects) in families(figures) {
        let mut charts = Vec::new();
        for panel in &panels {
            let of_it = |figure: &&&Figure| {
                let key = &figure.key;
                (key.workload.as_str(), key.users, key.connections, step(&open, figure)) == *panel
            };
            let timed: Vec<&Figure> = open.iter().filter(of_it).copied().collect();
            charts.extend(latency_chart(&timed, looks, &subjects)?);
        }
        groups.push(group(title, charts, &subjects, looks)?);
    }
    let about = format!(
        "Requests come at a fixed rate, whatever is answered, and the time of each counts from when it was due: a server that stalls \
         is not asked less. Lower is better, and a flat line is; {}.",
        rounds(most_rounds(figures)),
    );
    Ok(Section { id: "latency", title: "Latency at a fixed rate", about, groups }.if_any())
}

/// Which of its rates this is for the subject, from the lowest: each may have rates of its own.
fn step(open: &[&Figure], figure: &Figure) -> usize {
    let rate = |load: Load| if let Load::Open { rate } = load { rate } else { 0.0 };
    let alike = open.iter().filter(|other| {
        let (one, other) = (&figure.key, &other.key);
        (&one.subject, &one.workload, one.users, one.connections) == (&other.subject, &other.workload, other.users, other.connections)
    });
    alike.filter(|other| rate(other.key.load) < rate(figure.key.load)).count()
}

fn latency_chart(
    timed: &[&Figure],
    looks: &Looks<'_>,
    subjects: &[&Subject],
) -> Result<Option<(Chart, Vec<String>)>, ReportError> {
    let of = |subject: &str| timed.iter().find(|figure| figure.key.subject == subject);
    let values = |subject: &str| {
        let latency = of(subject).and_then(|figure| figure.latency);
        let parts = latency.map(|latency| [latency.p50, latency.p90, latency.p99, latency.p999]);
        parts.map_or_else(Vec::new, |parts| parts.into_iter().map(Some).collect())
    };
    let lines = lines(subjects, values);
    let Some(key) = timed.first().map(|figure| &figure.key) else { return Ok(None) };
    let rates = distinct(timed.iter().map(|figure| words::load(figure.key.load)));
    let rate = match rates.as_slice() {
        [rate] => format!("{rate} for all"),
        _ => "each at a rate of its own".to_owned(),
    };
    let name = words::workload(&key.workload);
    let caption =
        format!("{name}, {rate}, {}, {} users", counted(key.connections, "connection"), whole(key.users));
    let spans = timed.iter().filter_map(|figure| figure.latency).map(|latency| (latency.p50.min, latency.p999.max));
    let range = spans.fold(f64::MAX..0.0, |range, (low, high)| range.start.min(low)..range.end.max(high));
    let chart = LineChart {
        alternative: format!("{caption}: percentiles of latency; the numbers are in the table below."),
        x_title: "percentile of requests",
        y_title: "milliseconds (each line a step of 2, 2.5 or 10)",
        places: ["p50", "p90", "p99", "p99.9"].into_iter().enumerate().map(|(place, name)| (place as f64, name.to_owned())).collect(),
        range,
        scale: Scale::Logarithmic,
        lines: Vec::new(),
    };
    let mut chart = finish(chart, &lines, looks, caption.clone(), format!("{caption}: latency by percentile"), millis)?;
    if let (Some((chart, _)), true) = (&mut chart, rates.len() > 1) {
        chart.table.head.push("rate".to_owned());
        for (name, cells) in chart.table.bodies.iter_mut().flat_map(|body| &mut body.rows) {
            let rate = of(name).map(|figure| words::load(figure.key.load));
            cells.push(Cell::plain(rate.unwrap_or_else(|| NOTHING.to_owned())));
        }
    }
    Ok(chart)
}

fn lines<'a>(subjects: &[&'a Subject], values: impl Fn(&str) -> Vec<Option<Summary>>) -> Vec<Values<'a>> {
    let all = subjects.iter().map(|subject| (subject.name.as_str(), values(&subject.name)));
    all.filter(|(_, values)| values.iter().any(Option::is_some)).collect()
}

/// Draws the chart with these lines, beside their table; none where there is no line of the variants.
fn finish(
    mut chart: LineChart,
    lines: &[Values<'_>],
    looks: &Looks<'_>,
    caption: String,
    table: String,
    show: fn(f64) -> String,
) -> Result<Option<(Chart, Vec<String>)>, ReportError> {
    if lines.is_empty() {
        return Ok(None);
    }
    for (name, values) in lines {
        let places = chart.places.iter().map(|(place, _)| *place);
        let points = places.zip(values).filter_map(|(place, value)| Some((place, (*value)?))).collect();
        chart.lines.extend(looks.get(name).map(|look| Line { look: *look, points }));
    }
    let head = std::iter::once(String::new()).chain(chart.places.iter().map(|(_, name)| name.clone())).collect();
    let row = |(name, values): &Values<'_>| {
        ((*name).to_owned(), values.iter().map(|value| Cell::of(value.as_ref(), show)).collect())
    };
    let table = Table::simple(table, head, lines.iter().map(row).collect());
    let names = lines.iter().map(|(name, _)| (*name).to_owned()).collect();
    Ok(Some((Chart { caption, svg: chart.draw()?, table }, names)))
}

/// Charts with the legend of those that are in one of them.
fn group(
    title: Option<String>,
    charts: Vec<(Chart, Vec<String>)>,
    subjects: &[&Subject],
    looks: &Looks<'_>,
) -> Result<Group, ReportError> {
    let (charts, names): (Vec<Chart>, Vec<Vec<String>>) = charts.into_iter().unzip();
    let shown = subjects.iter().filter(|subject| names.iter().flatten().any(|name| *name == subject.name));
    let looks = shown.filter_map(|subject| Some((subject.name.as_str(), *looks.get(subject.name.as_str())?)));
    Ok(Group { title, legend: legend(looks, true)?, charts })
}

/// The variants of each database with the yardsticks beside them: more lines than that no one can follow.
fn families<'a>(figures: &Figures<'a>) -> Vec<(Option<String>, Vec<&'a Subject>)> {
    let timed = |subject: &&Subject| figures.list.iter().any(|figure| figure.key.subject == subject.name);
    let variants: Vec<&Subject> = figures.subjects(Kind::Variant).filter(timed).collect();
    let database_of = |subject: &Subject| subject.store.as_deref().map(database).map(str::to_owned);
    let databases = distinct(variants.iter().map(|subject| database_of(subject)));
    if databases.is_empty() {
        return vec![(None, figures.results.subjects.iter().filter(timed).collect())];
    }
    let is_one = databases.len() == 1;
    let family = |database: Option<String>| {
        let of_it = variants.iter().copied().filter(|subject| database_of(subject) == database);
        let yardsticks = figures.results.subjects.iter().filter(timed).filter(|subject| is_yardstick(subject, database.as_deref()));
        let subjects = of_it.chain(yardsticks).collect();
        (database.filter(|_| !is_one).map(|name| format!("On {name}")), subjects)
    };
    databases.into_iter().map(family).collect()
}

/// Whether it stands beside the variants over this database.
fn is_yardstick(subject: &Subject, database: Option<&str>) -> bool {
    let mut stores = subject.ceiling_of.iter().map(String::as_str);
    match subject.kind {
        Kind::Variant => false,
        Kind::Peer => true,
        Kind::Ceiling => stores.any(|store| store == "*" || Some(self::database(store)) == database),
    }
}

/// How many rounds a figure has at most.
pub(super) fn most_rounds(figures: &Figures<'_>) -> usize {
    figures.list.iter().map(|figure| figure.requests_per_second.count).max().unwrap_or(0)
}
