//! Two result files side by side: which differences are more than noise?
//!
//! | module | what it is |
//! | --- | --- |
//! | [`row`] | one measure in both files, and what the difference means |
//! | [`caution`] | what makes two files hard to compare, or impossible |
//! | [`mod@text`], [`page`] | the comparison for a terminal, and as HTML |
//!
//! A difference counts if there were three rounds on both sides, no round of the one lies within the range of the other, and
//! the medians are further apart than either range is wide. Everything else is said to be noise, or not to be known.

pub mod caution;
pub mod page;
pub mod row;
pub mod text;

pub use page::{fragment, html};
pub use row::{Measure, Row, Verdict};
pub use text::text;

use crate::report::figures::Figures;
use crate::report::number::whole;
use crate::report::words;
use crate::result::Results;

/// Two result files cannot be compared.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// One was written by another version of this program.
    #[error(
        "the result file of commit {commit} has format {found}, and this program reads {expected}: time that commit again"
    )]
    Format {
        /// Whose file.
        commit: String,
        /// What it says.
        found: u32,
        /// [`crate::result::FORMAT`].
        expected: u32,
    },
    /// They have no figure in common.
    #[error(
        "the two result files have no subject, workload, number of users and connections in common: time both with the same options"
    )]
    NothingInCommon,
}

/// Two result files side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The first file: its commit, machine and date.
    pub before: String,
    /// The second.
    pub after: String,
    /// What makes the two hard to compare.
    pub cautions: Vec<String>,
    /// What both have, the largest difference first.
    pub rows: Vec<Row>,
    /// Figures of the first file alone.
    pub only_before: Vec<String>,
    /// Figures of the second file alone.
    pub only_after: Vec<String>,
}

impl Comparison {
    /// The rows of one verdict, the largest difference first.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.verdict == verdict).collect()
    }

    /// What only one of the files has, each with its heading.
    #[must_use]
    pub fn alone(&self) -> [(&'static str, &[String]); 2] {
        [("Only in the first", &self.only_before), ("Only in the second", &self.only_after)]
    }

    /// What there is to say in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let number = |verdict| whole(self.of(verdict).len() as u64);
        format!(
            "Of {} values {} are worse and {} better by more than noise; {} differ by no more than rounds of the same do, and of {} there \
             are too few rounds to tell.",
            whole(self.rows.len() as u64),
            number(Verdict::Worse),
            number(Verdict::Better),
            number(Verdict::Noise),
            number(Verdict::TooFewRounds),
        )
    }
}

/// Compares two result files.
///
/// # Errors
///
/// [`CompareError`]; files that are only hard to compare have [`Comparison::cautions`].
pub fn compare(before: &Results, after: &Results) -> Result<Comparison, CompareError> {
    caution::check_format(before)?;
    caution::check_format(after)?;
    let (first, second) = (Figures::of(before), Figures::of(after));
    let floor = first.noise_floor().max(second.noise_floor());
    let mut rows: Vec<Row> = Vec::new();
    for figure in &first.list {
        let Some(other) = second.get(&figure.key) else { continue };
        let row = |measure: Measure| Row::of(&figure.key, measure, measure.of(figure)?, measure.of(other)?, floor);
        rows.extend(Measure::ALL.into_iter().filter_map(row));
    }
    if rows.is_empty() {
        return Err(CompareError::NothingInCommon);
    }
    rows.sort_by(|one, other| other.size().total_cmp(&one.size()));
    Ok(Comparison {
        before: caution::name(before),
        after: caution::name(after),
        cautions: caution::cautions(before, after),
        rows,
        only_before: missing(&first, &second),
        only_after: missing(&second, &first),
    })
}

/// The figures of one that the other does not have.
fn missing(one: &Figures<'_>, other: &Figures<'_>) -> Vec<String> {
    let alone = one.list.iter().filter(|figure| other.get(&figure.key).is_none());
    alone.map(|figure| format!("{}: {}", figure.key.subject, words::place(&figure.key))).collect()
}
