//! The figures as a table for a terminal: what the page begins with.

use super::ceilings::Of;
use super::figures::Figures;
use crate::result::{Results, Verified};
use std::fmt::{self, Write};

/// The width of a figure of six digits with its share, in characters.
const CELL: usize = "123456 (1.00)".len();

/// The least between two columns.
const BETWEEN: usize = 2;

/// Requests a second of every subject and workload, the medians, with the share of what can be had at most.
#[must_use]
pub fn text(results: &Results) -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = write_to(&mut text, &Figures::of(results));
    text
}

fn write_to(text: &mut String, figures: &Figures<'_>) -> fmt::Result {
    let Some(users) = figures.main_users() else { return writeln!(text, "nothing was timed") };
    let workloads = figures.workloads();
    let workloads: Vec<&str> =
        workloads.into_iter().filter(|workload| figures.middle_connections(workload).is_some()).collect();
    let connections = figures.common_connections().map(|count| format!(", {count} connections")).unwrap_or_default();
    writeln!(
        text,
        "requests/s, medians, and the share of what can be had at most (bare hyper, for login Argon2id alone); {users} users{connections}\n"
    )?;
    let names = figures.results.subjects.iter().map(|subject| subject.name.len());
    let first = names.max().unwrap_or_default();
    let width = workloads.iter().map(|workload| workload.len()).max().unwrap_or_default().max(CELL) + BETWEEN;
    write!(text, "{:first$}", "")?;
    for workload in &workloads {
        write!(text, "{workload:>width$}")?;
    }
    writeln!(text)?;
    for subject in &figures.results.subjects {
        write!(text, "{:first$}", subject.name)?;
        if let Verified::Failed { .. } = subject.verified {
            writeln!(text, "{:BETWEEN$}not timed: it fails the conformance suite", "")?;
            continue;
        }
        for workload in &workloads {
            let figure = figures
                .middle_connections(workload)
                .and_then(|connections| figures.closed(&subject.name, workload, users, connections));
            let cell = figure.map(|figure| {
                let fraction = figures.fraction(figure, Of::Framework);
                let share = fraction.map(|fraction| format!(" ({:.2})", fraction.value.median)).unwrap_or_default();
                format!("{:.0}{share}", figure.requests_per_second.median)
            });
            write!(text, "{:>width$}", cell.unwrap_or_else(|| "-".to_owned()))?;
        }
        writeln!(text)?;
    }
    for left_out in &figures.left_out {
        let key = &left_out.key;
        writeln!(
            text,
            "\nnot counted: {} {}, round {}: {}",
            key.subject, key.workload, left_out.round, left_out.reason
        )?;
    }
    Ok(())
}
