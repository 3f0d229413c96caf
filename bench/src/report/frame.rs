//! What the charts of bars have in common: rows in order, an axis that fits the variants, a table beside it.

use super::ReportError;
use super::bars::{Bar, BarChart, Row};
use super::charts::Looks;
use super::figures::{Figure, Figures};
use super::number::counted;
use super::parts::{Cell, Chart, Group, Table};
use super::words;
use crate::result::Kind;

/// A subject's bars before they are drawn.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    /// What the rows are sorted by.
    pub(super) size: f64,
    pub(super) value: String,
    pub(super) bars: Vec<Bar>,
    pub(super) cells: Vec<Cell>,
}

/// What all rows of a chart have in common.
pub(super) struct Frame {
    pub(super) caption: String,
    /// Below the axis.
    pub(super) title: &'static str,
    /// The columns of its table.
    pub(super) columns: Vec<&'static str>,
    pub(super) references: Vec<f64>,
    pub(super) at_least: f64,
    /// Whether the highest value is the best.
    pub(super) highest_first: bool,
}

/// Peers and ceilings that are so many times as long as the longest variant are cut off.
const FAR_BEYOND: f64 = 3.0;

/// Where the bars are cut off, if some are.
fn limit(figures: &Figures<'_>, entries: &[Entry<'_>]) -> Option<f64> {
    let longest = |wanted: bool| {
        let is_variant = |name: &str| figures.subject(name).is_some_and(|subject| subject.kind == Kind::Variant);
        let entries = entries.iter().filter(|entry| is_variant(entry.name) == wanted);
        entries.flat_map(|entry| &entry.bars).map(Bar::end).fold(0.0, f64::max)
    };
    let (variants, others) = (longest(true), longest(false));
    (variants > 0.0 && others > variants * FAR_BEYOND).then_some(variants * 1.2)
}

impl Frame {
    pub(super) fn draw(
        self,
        figures: &Figures<'_>,
        mut entries: Vec<Entry<'_>>,
        looks: &Looks<'_>,
    ) -> Result<Option<Chart>, ReportError> {
        if entries.is_empty() {
            return Ok(None);
        }
        entries.sort_by(|one, other| one.size.total_cmp(&other.size));
        if self.highest_first {
            entries.reverse();
        }
        let limit = limit(figures, &entries);
        let head = std::iter::once("").chain(self.columns).map(str::to_owned).collect();
        let cells = entries.iter().map(|entry| (entry.name.to_owned(), entry.cells.clone())).collect();
        let table = Table::simple(format!("{}: {}", self.caption, self.title), head, cells);
        let row = |entry: Entry<'_>| {
            let look = *looks.get(entry.name)?;
            Some(Row { name: entry.name.to_owned(), look, value: entry.value, bars: entry.bars })
        };
        let chart = BarChart {
            alternative: format!("{}: {}; the numbers are in the table below.", self.caption, self.title),
            title: self.title,
            rows: entries.into_iter().filter_map(row).collect(),
            references: self.references,
            at_least: self.at_least,
            limit,
        };
        let note = limit.map(|_| "Bars with a torn end go on beyond the frame.".to_owned());
        Ok(Some(Chart { caption: self.caption, svg: chart.draw()?, note, table }))
    }
}

/// One chart for each workload at the middle number of connections.
pub(super) fn by_workload<'a>(
    figures: &'a Figures<'_>,
    looks: &Looks<'_>,
    frame: impl Fn(String) -> Frame,
    entry: impl Fn(&'a Figure) -> Option<Entry<'a>>,
) -> Result<Vec<Group>, ReportError> {
    let mut charts = Vec::new();
    let has_common = figures.common_connections().is_some();
    for workload in figures.workloads() {
        let (Some(users), Some(connections)) = (figures.main_users(), figures.middle_connections(workload)) else {
            continue;
        };
        let all = figures.results.subjects.iter();
        let entries =
            all.filter_map(|subject| entry(figures.closed(&subject.name, workload, users, connections)?)).collect();
        let mut caption = words::workload(workload).to_owned();
        if !has_common {
            caption.push_str(&format!(", {}", counted(connections, "connection")));
        }
        charts.extend(frame(caption).draw(figures, entries, looks)?);
    }
    Ok(vec![Group { title: None, legend: Vec::new(), charts }])
}
