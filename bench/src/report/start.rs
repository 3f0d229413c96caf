//! The charts of the time to the first answer.

use super::ReportError;
use super::bars::{Bar, Fill};
use super::charts::Looks;
use super::figures::{Figures, distinct};
use super::frame::{Entry, Frame};
use super::number::{millis, whole};
use super::parts::{Cell, Group, Section};
use crate::result::{Results, Subject};
use crate::statistics::Summary;

/// From the start of the process to its first answer: one chart for each number of users, since some look through their data
/// before they answer.
///
/// # Errors
///
/// [`ReportError`].
pub fn start(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let results = figures.results;
    let mut sizes = distinct(results.runs.iter().filter(|run| run.start_millis.is_some()).map(|run| run.users));
    sizes.sort_unstable();
    let is_one = sizes.len() == 1;
    let mut charts = Vec::new();
    for users in sizes {
        let caption = "From the start of the process to its first answer";
        let frame = Frame {
            caption: if is_one { caption.to_owned() } else { format!("{caption}, {} users", whole(users)) },
            title: "milliseconds",
            columns: vec!["time", "starts"],
            references: Vec::new(),
            at_least: 0.0,
            highest_first: false,
        };
        let entries = results.subjects.iter().filter_map(|subject| entry(results, looks, subject, users));
        charts.extend(frame.draw(figures, entries.collect(), looks)?);
    }
    let about = "Median of all starts, strokes from the shortest to the longest. Lower is better.".to_owned();
    let groups = vec![Group { title: None, legend: Vec::new(), charts }];
    Ok(Section { id: "start", title: "Time to first answer", about, groups }.if_any())
}

fn entry<'a>(results: &Results, looks: &Looks<'_>, subject: &'a Subject, users: u64) -> Option<Entry<'a>> {
    let runs = results.runs.iter().filter(|run| run.subject == subject.name && run.users == users);
    // The parts of a mix have one start; no other two take the same nanoseconds.
    let time = Summary::of(distinct(runs.filter_map(|run| run.start_millis)))?;
    Some(Entry {
        name: &subject.name,
        size: time.median,
        value: millis(time.median),
        bars: vec![Bar::of(&time, Fill::Solid(looks.get(subject.name.as_str())?.colour))],
        cells: vec![Cell::of(Some(&time), millis), Cell::plain(time.count.to_string())],
    })
}
