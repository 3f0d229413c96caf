//! The charts of bars: fraction of the ceiling, cost, memory, growth with data.

use super::ReportError;
use super::bars::{Bar, Fill, range};
use super::ceilings::Of;
use super::charts::{Looks, rounds_of};
use super::figures::{Figures, distinct};
use super::frame::{Entry, Frame, by_workload};
use super::number::{bytes, counted, ratio, three_digits, whole};
use super::parts::{Cell, Group, Section};
use super::words;
use crate::result::Subject;

/// Where all these charts were timed, in words.
fn at(figures: &Figures<'_>) -> String {
    let users = figures.main_users().map(|users| format!("{} users", whole(users)));
    let connections = figures.common_connections().map(|connections| counted(connections, "connection"));
    users.into_iter().chain(connections).collect::<Vec<_>>().join(", ")
}

/// Requests a second as a fraction of what was possible.
///
/// # Errors
///
/// [`ReportError`].
pub fn fractions(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let frame = |caption| Frame {
        caption,
        title: "fraction of the ceiling's requests/s",
        columns: vec!["of the framework’s ceiling", "of the store’s ceiling"],
        references: vec![1.0],
        at_least: 1.0,
        highest_first: true,
    };
    let groups = by_workload(figures, looks, frame, |figure| {
        let all = [Of::Framework, Of::Store].map(|of| figures.fraction(figure, of));
        let colour = looks.get(figure.key.subject.as_str())?.colour;
        let fills = [Fill::Solid(colour), Fill::Hollow(colour)];
        let bars = all.iter().zip(fills).filter_map(|(fraction, fill)| Some(Bar::of(&fraction.as_ref()?.value, fill)));
        let shown = all.iter().flatten().map(|fraction| ratio(fraction.value.median)).collect::<Vec<_>>();
        Some(Entry {
            name: &figure.key.subject,
            size: all.iter().flatten().next()?.value.median,
            value: shown.join(" · "),
            bars: bars.collect(),
            cells: all
                .iter()
                .map(|fraction| {
                    let mut cell = Cell::of(fraction.as_ref().map(|fraction| &fraction.value), ratio);
                    cell.notes.extend(fraction.map(|fraction| format!("of {}", fraction.ceiling.name)));
                    cell
                })
                .collect(),
        })
    })?;
    let at = at(figures);
    let about = format!(
        "How much is left of what is possible on this machine: the full bar is the fraction of the framework’s ceiling (the same \
                 bytes without a framework or a database), the outlined one, where there is one, of the store’s own (the database without a \
                 server); {at}. The range is the worst: lowest over highest to highest over lowest."
    );
    Ok(Section { id: "fraction", title: "Fraction of the ceiling", about, groups }.if_any())
}

/// Processor time of 1,000 requests.
///
/// # Errors
///
/// [`ReportError`].
pub fn cost(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let frame = |caption| Frame {
        caption,
        title: "CPU seconds per 1,000 requests",
        columns: vec!["server, s", "database, s", "together, s"],
        references: Vec::new(),
        at_least: 0.0,
        highest_first: false,
    };
    let groups = by_workload(figures, looks, frame, |figure| {
        let cost = &figure.cost;
        let total = cost.total.as_ref()?;
        let colour = looks.get(figure.key.subject.as_str())?.colour;
        let parts = [(cost.server, Fill::Solid(colour)), (cost.database, Fill::Hollow(colour))];
        let parts: Vec<(f64, Fill)> = parts.iter().filter_map(|(part, fill)| Some(((*part)?.median, *fill))).collect();
        let shown: Vec<String> = parts.iter().map(|(part, _)| three_digits(*part)).collect();
        Some(Entry {
            name: &figure.key.subject,
            size: total.median,
            value: format!("{} s", shown.join(" + ")),
            bars: vec![Bar { parts, range: range(total) }],
            cells: [cost.server, cost.database, cost.total]
                .iter()
                .map(|part| Cell::of(part.as_ref(), three_digits))
                .collect(),
        })
    })?;
    let about = format!(
        "Processor time that 1,000 requests take: full, the server’s; outlined, the database’s where it is a process of its own; {}, {}. \
         Lower is better.",
        at(figures),
        rounds_of(figures),
    );
    Ok(Section { id: "cost", title: "Cost of 1,000 requests", about, groups }.if_any())
}

/// The highest use of main memory.
///
/// # Errors
///
/// [`ReportError`].
pub fn memory(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let frame = |caption| Frame {
        caption,
        title: "MB at the peak",
        columns: vec!["peak memory", "of it files"],
        references: Vec::new(),
        at_least: 0.0,
        highest_first: false,
    };
    let groups = by_workload(figures, looks, frame, |figure| {
        let peak = figure.peak_memory.as_ref()?;
        let in_megabytes = peak.times(1e-6);
        let colour = looks.get(figure.key.subject.as_str())?.colour;
        Some(Entry {
            name: &figure.key.subject,
            size: peak.median,
            value: bytes(peak.median),
            bars: vec![Bar::of(&in_megabytes, Fill::Solid(colour))],
            cells: vec![Cell::of(Some(peak), bytes), Cell::of(figure.file_memory.as_ref(), bytes)],
        })
    })?;
    let about = format!(
        "The most main memory that the server had in use since its start (resident set size); {}, {}. Lower is better. Part of \
         it holds pages of files, most of all of the executable: those of the variants and of the minimal services hold all of \
         them, so that one that is built alone needs less of that part.",
        at(figures),
        rounds_of(figures),
    );
    Ok(Section { id: "memory", title: "Peak memory", about, groups }.if_any())
}

/// What more data costs: the largest database beside the smallest.
///
/// # Errors
///
/// [`ReportError`].
pub fn growth(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let mut sizes =
        distinct(figures.list.iter().filter(|figure| figure.key.is_closed()).map(|figure| figure.key.users));
    sizes.sort_unstable();
    let (Some(smallest), Some(largest)) = (sizes.first().copied(), sizes.last().copied()) else { return Ok(None) };
    let mut charts = Vec::new();
    for workload in figures.workloads() {
        let subjects = figures.results.subjects.iter();
        let entries = subjects.filter_map(|subject| grown(figures, subject, workload, smallest, largest)).collect();
        let frame = Frame {
            caption: words::workload(workload).to_owned(),
            title: "cost as a multiple",
            columns: vec!["multiple", "connections"],
            references: vec![1.0, 1.3],
            at_least: 1.5,
            highest_first: false,
        };
        charts.extend(frame.draw(figures, entries, looks)?);
    }
    let about = format!(
        "Processor time of a request (where that is not known: time) with {} users as a multiple of that with {}. The dashed lines stand \
         at 1.0, where data costs nothing, and at 1.3. The range is the worst: lowest over highest to highest over lowest.",
        whole(largest),
        whole(smallest),
    );
    let groups = vec![Group { title: None, legend: Vec::new(), charts }];
    Ok(Section { id: "growth", title: "Growth with data", about, groups }.if_any())
}

fn grown<'a>(
    figures: &Figures<'_>,
    subject: &'a Subject,
    workload: &str,
    smallest: u64,
    largest: u64,
) -> Option<Entry<'a>> {
    if smallest == largest {
        return None;
    }
    let pair = |connections: usize| {
        let of = |users: u64| figures.closed(&subject.name, workload, users, connections);
        Some((connections, of(smallest)?, of(largest)?))
    };
    let pairs: Vec<_> = figures.connections(workload).into_iter().filter_map(pair).collect();
    let middle = pairs.get(pairs.len().saturating_sub(1) / 2);
    let (connections, small, large) = pairs.iter().find(|(connections, ..)| *connections == 64).or(middle)?;
    let multiple = match (&small.cost.total, &large.cost.total) {
        (Some(small), Some(large)) => large.over(small)?,
        // Half as many in a second: twice the time.
        _ => small.requests_per_second.over(&large.requests_per_second)?,
    };
    Some(Entry {
        name: &subject.name,
        size: multiple.median,
        value: format!("× {}", ratio(multiple.median)),
        bars: vec![Bar::of(&multiple, Fill::Marker)],
        cells: vec![Cell::of(Some(&multiple), ratio), Cell::plain(connections.to_string())],
    })
}
