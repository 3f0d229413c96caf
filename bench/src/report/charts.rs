//! The charts of throughput over connections, and what all charts of lines have in common.

use super::ReportError;
use super::figures::{Figures, distinct};
use super::lines::{Line, LineChart, Scale};
use super::number::{count, whole};
use super::parts::{Cell, Chart, Group, Section, Table, legend, rounds};
use super::pens::{Look, database};
use super::words;
use crate::result::{Kind, Subject};
use crate::statistics::Summary;
use std::collections::HashMap;

/// The subjects' looks by name.
pub type Looks<'a> = HashMap<&'a str, Look>;

/// A line of a chart before it is drawn: its subject, and a value for each place that has one.
pub(super) type Values<'a> = (&'a str, Vec<Option<Summary>>);

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
         Each workload has a range of its own.",
        whole(users),
        rounds_of(figures),
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
    let value =
        |subject: &str, count: &usize| Some(figures.closed(subject, workload, users, *count)?.requests_per_second);
    let lines = lines(subjects, |subject| connections.iter().map(|count| value(subject, count)).collect());
    let highest = highest_shown(figures, workload);
    let name = words::workload(workload);
    let chart = LineChart {
        alternative: format!("{name}: requests a second over connections; the numbers are in the table below."),
        x_title: "connections",
        y_title: "requests/s",
        places: connections.iter().map(|count| ((*count as f64).log2(), count.to_string())).collect(),
        range: 0.0..highest,
        note: beyond(&lines, highest),
        scale: Scale::Linear,
        lines: Vec::new(),
    };
    finish(chart, &lines, looks, name.to_owned(), format!("{name}: requests a second by connections"), count)
}

/// What the frame of a workload must hold, in all charts of it: the variants and peers, and ceilings that are not so far
/// above them that nothing could be told from the rest.
fn highest_shown(figures: &Figures<'_>, workload: &str) -> f64 {
    let highest = |is_ceiling: bool| {
        let of_it = figures.list.iter().filter(move |figure| {
            let subject = figures.subject(&figure.key.subject);
            let is_of_kind = subject.is_some_and(|subject| (subject.kind == Kind::Ceiling) == is_ceiling);
            is_of_kind && figure.key.workload == workload && figure.key.is_closed()
        });
        of_it.map(|figure| figure.requests_per_second.max).fold(0.0, f64::max)
    };
    let (others, ceilings) = (highest(false), highest(true));
    if others > 0.0 && ceilings > others * FAR_ABOVE { others } else { others.max(ceilings) }
}

/// A ceiling that is so many times as high is named below the chart instead of drawn.
const FAR_ABOVE: f64 = 3.0;

/// The lines that do not fit, in words.
fn beyond(lines: &[Values<'_>], highest: f64) -> Option<String> {
    let peak = |values: &[Option<Summary>]| values.iter().flatten().map(|value| value.median).fold(0.0, f64::max);
    let above = lines.iter().map(|(name, values)| (name, peak(values))).filter(|(_, peak)| *peak > highest);
    let above: Vec<String> = above.map(|(name, peak)| format!("{name} (up to {})", count(peak))).collect();
    (!above.is_empty()).then(|| format!("Above the frame: {}.", above.join(", ")))
}

/// The lines of those that have any value.
pub(super) fn lines<'a>(subjects: &[&'a Subject], values: impl Fn(&str) -> Vec<Option<Summary>>) -> Vec<Values<'a>> {
    let all = subjects.iter().map(|subject| (subject.name.as_str(), values(&subject.name)));
    all.filter(|(_, values)| values.iter().any(Option::is_some)).collect()
}

/// Draws the chart with these lines, beside their table; none where there is no line of the variants.
pub(super) fn finish(
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
        let points: Vec<(f64, Summary)> =
            places.zip(values).filter_map(|(place, value)| Some((place, (*value)?))).collect();
        let fits = points.iter().all(|(_, value)| value.median <= chart.range.end);
        chart.lines.extend(looks.get(name).filter(|_| fits).map(|look| Line { look: *look, points }));
    }
    let head = std::iter::once(String::new()).chain(chart.places.iter().map(|(_, name)| name.clone())).collect();
    let row = |(name, values): &Values<'_>| {
        ((*name).to_owned(), values.iter().map(|value| Cell::of(value.as_ref(), show)).collect())
    };
    let table = Table::simple(table, head, lines.iter().map(row).collect());
    let names = lines.iter().map(|(name, _)| (*name).to_owned()).collect();
    let note = chart.note.clone();
    Ok(Some((Chart { caption, svg: chart.draw()?, note, table }, names)))
}

/// Charts with the legend of those that are in one of them.
pub(super) fn group(
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
pub(super) fn families<'a>(figures: &Figures<'a>) -> Vec<(Option<String>, Vec<&'a Subject>)> {
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
        let yardsticks =
            figures.results.subjects.iter().filter(timed).filter(|subject| is_yardstick(subject, database.as_deref()));
        let subjects = of_it.chain(yardsticks).collect();
        (database.filter(|_| !is_one).map(|name| format!("On {}", words::database(&name))), subjects)
    };
    databases.into_iter().map(family).collect()
}

/// Whether it stands beside the variants over this database.
fn is_yardstick(subject: &Subject, database: Option<&str>) -> bool {
    let mut stores = subject.ceiling_of.iter().map(String::as_str);
    match subject.kind {
        Kind::Variant => false,
        // Older files do not say over which store a peer was served.
        Kind::Peer => subject.store.as_deref().is_none_or(|store| Some(self::database(store)) == database),
        Kind::Ceiling => stores.any(|store| store == "*" || Some(self::database(store)) == database),
    }
}

/// How many rounds a figure has, for captions.
pub(super) fn rounds_of(figures: &Figures<'_>) -> String {
    let counts = || figures.list.iter().map(|figure| figure.requests_per_second.count);
    rounds(counts().min().unwrap_or(0), counts().max().unwrap_or(0))
}
