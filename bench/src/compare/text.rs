//! The comparison for a terminal, or for a file beside it.

use super::{Comparison, Row, Verdict};
use std::fmt::{self, Write};

/// Rows of noise are only counted: there are many, and they say that there is nothing to say.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = write_to(&mut text, comparison);
    text
}

fn write_to(text: &mut String, comparison: &Comparison) -> fmt::Result {
    writeln!(text, "first:  {}\nsecond: {}\n", comparison.before, comparison.after)?;
    for caution in &comparison.cautions {
        writeln!(text, "Caution: {caution}")?;
    }
    if !comparison.cautions.is_empty() {
        writeln!(text)?;
    }
    writeln!(text, "{}", comparison.verdict())?;
    for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Noise) {
        let rows = comparison.of(verdict);
        if rows.is_empty() {
            continue;
        }
        writeln!(text, "\n{}", verdict.title())?;
        for row in rows {
            write_row(text, row)?;
        }
    }
    for (title, list) in comparison.alone().into_iter().filter(|(_, list)| !list.is_empty()) {
        writeln!(text, "\n{title}")?;
        for line in list {
            writeln!(text, "  {line}")?;
        }
    }
    Ok(())
}

fn write_row(text: &mut String, row: &Row) -> fmt::Result {
    writeln!(text, "  {:>9}  {}, {}: {}", row.change(), row.key.subject, row.measure.name(), row.place())?;
    writeln!(text, "             {}, then {}", row.shown(&row.before), row.shown(&row.after))
}
