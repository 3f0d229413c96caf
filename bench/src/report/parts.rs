//! What the page is made of: sections of charts with the table of their numbers. The templates only print these.

use super::canvas::{DrawError, svg};
use super::number::counted;
use super::pens::Look;
use crate::statistics::Summary;

/// A heading with charts below it.
pub struct Section {
    /// For links.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What is shown, in a sentence or two.
    pub about: String,
    /// Charts that share a legend.
    pub groups: Vec<Group>,
}

/// Charts that share a legend.
pub struct Group {
    /// Where there are several groups: what this one shows.
    pub title: Option<String>,
    /// Who is who; empty where the names stand in the charts.
    pub legend: Vec<Entry>,
    /// The charts.
    pub charts: Vec<Chart>,
}

/// A line of a legend.
pub struct Entry {
    /// The marker on its line.
    pub svg: String,
    /// The subject's name.
    pub name: String,
}

/// A chart with its numbers.
pub struct Chart {
    /// What it shows.
    pub caption: String,
    /// The drawing.
    pub svg: String,
    /// What is not in it.
    pub note: Option<String>,
    /// The same in numbers.
    pub table: Table,
}

/// Rows of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the table is, for those who do not see what is above it.
    pub caption: String,
    /// The names of the columns; the first is the rows'.
    pub head: Vec<String>,
    /// The rows, in groups that may have a heading.
    pub bodies: Vec<Body>,
}

/// Rows that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Their heading.
    pub title: Option<String>,
    /// The rows: a name, and cells.
    pub rows: Vec<(String, Vec<Cell>)>,
}

/// A cell: a value, and smaller words below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The value.
    pub text: String,
    /// What is said about it.
    pub notes: Vec<String>,
}

/// What is not there, in tables.
pub const NOTHING: &str = "–";

impl Cell {
    /// A text alone.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), notes: Vec::new() }
    }

    /// A median with its lowest and highest below it.
    #[must_use]
    pub fn of(value: Option<&Summary>, show: fn(f64) -> String) -> Self {
        let Some(value) = value else { return Self::plain(NOTHING) };
        let range = (value.count > 1).then(|| format!("{} to {}", show(value.min), show(value.max)));
        Self { text: show(value.median), notes: range.into_iter().collect() }
    }
}

impl Table {
    /// One without groups.
    #[must_use]
    pub fn simple(caption: String, head: Vec<String>, rows: Vec<(String, Vec<Cell>)>) -> Self {
        Self { caption, head, bodies: vec![Body { title: None, rows }] }
    }
}

impl Section {
    /// This section if it has anything to show; charts and groups without anything are never part of one.
    #[must_use]
    pub fn if_any(mut self) -> Option<Self> {
        self.groups.retain(|group| !group.charts.is_empty());
        (!self.groups.is_empty()).then_some(self)
    }
}

/// The legend's lines for these subjects.
///
/// # Errors
///
/// [`DrawError`].
pub fn legend<'a>(
    subjects: impl IntoIterator<Item = (&'a str, Look)>,
    with_line: bool,
) -> Result<Vec<Entry>, DrawError> {
    let entries = subjects.into_iter().map(|(name, look)| {
        let svg = svg((if with_line { 40 } else { 14 }, 14), "", |canvas| {
            if with_line {
                canvas.line(&[(0, 7), (40, 7)], look.colour, look.dash, 2)?;
            }
            canvas.marker((if with_line { 20 } else { 7 }, 7), look)
        });
        Ok(Entry { svg: svg?, name: name.to_owned() })
    });
    entries.collect()
}

/// `medians of 3 to 6 rounds`, for captions; of one round a range would say nothing.
#[must_use]
pub fn rounds(least: usize, most: usize) -> String {
    let range = if least < most { format!("{least} to ") } else { String::new() };
    match most {
        0 | 1 => "one round, so no spread is known".to_owned(),
        _ => format!("medians of {range}{}, strokes from the lowest to the highest", counted(most, "round")),
    }
}
