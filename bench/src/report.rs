//! One HTML page made of a result file: who was timed, how it went in tables and charts, and how far it can be trusted.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`figures`], [`figure`] | from runs to medians with their spread |
//! | [`ceilings`] | a figure as a fraction of what can be had at most |
//! | [`charts`], [`latency`], [`rankings`], [`start`] | the sections with charts of lines, and of bars |
//! | [`tables`], [`head`] | the rest of the page |
//! | [`mod@text`] | the figures for a terminal |
//! | [`canvas`], [`lines`], [`bars`], [`pens`] | drawing |
//! | [`number`], [`words`], [`parts`] | what all of them say it with |
//!
//! The page needs no script and loads nothing: it can be sent as it is and reads the same in ten years.

pub mod bars;
pub mod canvas;
pub mod ceilings;
pub mod charts;
pub mod figure;
pub mod figures;
mod frame;
pub mod head;
pub mod latency;
pub mod lines;
pub mod number;
pub mod parts;
pub mod pens;
pub mod rankings;
pub mod start;
pub mod tables;
pub mod text;
pub mod words;

use crate::result::{FORMAT, Results};
use askama::Template;
use figures::Figures;
use parts::{Section, Table};
use tables::Timed;

/// No report could be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file was written by another version of this program.
    #[error("the result file has format {found}, and this program reads {FORMAT}: run the benchmark again")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// A chart could not be drawn.
    #[error("a chart could not be drawn: report this as a mistake of the program, with the result file")]
    Draw(#[from] canvas::DrawError),
    /// A template could not be filled in.
    #[error("the page could not be written: report this as a mistake of the program, with the result file")]
    Page(#[from] askama::Error),
}

/// The style sheet of the fragments, those of a comparison too. Not within them: a page may load styles from files alone.
pub const STYLE: &str = include_str!("../templates/report.css");

/// A page around a fragment.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) main: &'a str,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Fragment<'a> {
    title: String,
    results: &'a Results,
    facts: Vec<(&'static str, String)>,
    noise: String,
    warnings: Vec<String>,
    who: Vec<(&'static str, Vec<Timed<'a>>)>,
    left_out: Vec<String>,
    summary: Option<Table>,
    sections: Vec<Section>,
    sizes: Option<Table>,
    round_trips: Option<Table>,
    settings: Vec<(&'static str, String)>,
    all: Option<Table>,
}

/// The whole page, to be kept as a file.
///
/// # Errors
///
/// [`ReportError`].
pub fn html(results: &Results) -> Result<String, ReportError> {
    let main = fragment(results)?;
    Ok(Page { title: &head::title(results), main: &main }.render()?)
}

/// What is inside the page's `<main>`, for a page that has a layout of its own and loads [`STYLE`].
///
/// # Errors
///
/// [`ReportError`].
pub fn fragment(results: &Results) -> Result<String, ReportError> {
    if results.format != FORMAT {
        return Err(ReportError::Format { found: results.format });
    }
    let figures = Figures::of(results);
    let looks = pens::looks(results);
    let sections = [
        charts::throughput(&figures, &looks)?,
        latency::latency(&figures, &looks)?,
        rankings::fractions(&figures, &looks)?,
        rankings::cost(&figures, &looks)?,
        rankings::memory(&figures, &looks)?,
        rankings::growth(&figures, &looks)?,
        start::start(&figures, &looks)?,
    ];
    let fragment = Fragment {
        title: head::title(results),
        results,
        facts: head::facts(results),
        noise: head::noise(&figures),
        warnings: head::warnings(results),
        who: tables::who(&figures),
        left_out: tables::left_out(&figures),
        summary: tables::summary(&figures),
        sections: sections.into_iter().flatten().collect(),
        sizes: tables::facts(results),
        round_trips: tables::round_trips(results),
        settings: tables::settings(results),
        all: tables::all(&figures),
    };
    Ok(fragment.render()?)
}
