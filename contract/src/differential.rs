//! Transcripts of the session, compared step by step, byte for byte.

use std::fmt;

use similar::TextDiff;

use crate::session::Transcript;

pub use crate::session::record;

/// A step that two variants answered differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The step, such as `users 7`.
    pub step: String,
    /// The request line.
    pub request: String,
    /// The variant that the other is compared with, always the first one.
    pub one: String,
    /// The variant that answered otherwise.
    pub other: String,
    /// Both answers as a unified diff.
    pub diff: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "step {}: {}", self.step, crate::answer::shortened(&self.request, 200))?;
        write!(formatter, "{}", self.diff)
    }
}

/// Compares each transcript with the first, step by step. No transcript, or one alone, differs from nothing.
pub fn compare(transcripts: &[Transcript]) -> Vec<Difference> {
    let Some((first, others)) = transcripts.split_first() else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    for other in others {
        // A transcript that is shorter lacks answers: those steps are compared with nothing.
        for place in 0..first.steps.len().max(other.steps.len()) {
            let (left, right) = (first.steps.get(place), other.steps.get(place));
            if left == right {
                continue;
            }
            let either = left.or(right);
            let text = |step: Option<&crate::session::Step>| {
                step.map(|step| format!("{}\n{}\n", step.request, step.answer)).unwrap_or_default()
            };
            differences.push(Difference {
                step: either.map(|step| step.name.clone()).unwrap_or_default(),
                request: either.map(|step| step.request.clone()).unwrap_or_default(),
                one: first.variant.clone(),
                other: other.variant.clone(),
                diff: unified(&first.variant, &text(left), &other.variant, &text(right)),
            });
        }
    }
    differences
}

fn unified(one: &str, left: &str, other: &str, right: &str) -> String {
    TextDiff::from_lines(left, right).unified_diff().context_radius(3).header(one, other).to_string()
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::session::{Step, Transcript};

    fn transcript(variant: &str, answers: &[&str]) -> Transcript {
        let step = |(place, answer): (usize, &&str)| Step {
            name: format!("users {place}"),
            request: "GET /api/users".to_owned(),
            answer: (*answer).to_owned(),
        };
        Transcript { variant: variant.to_owned(), steps: answers.iter().enumerate().map(step).collect() }
    }

    #[test]
    fn transcripts_alike_do_not_differ() {
        let same = ["200\n\nx", "404\n\ny"];
        assert_eq!(compare(&[transcript("a", &same), transcript("b", &same), transcript("c", &same)]), []);
        assert_eq!(compare(&[]), []);
    }

    #[test]
    fn one_byte_is_a_difference_that_names_step_and_variants() {
        let differences =
            compare(&[transcript("a", &["200\n\nx", "200\n\ny"]), transcript("b", &["200\n\nx", "200\n\nz"])]);
        assert_eq!(differences.len(), 1);
        let text = differences.first().map(ToString::to_string).unwrap_or_default();
        for part in ["step users 1: GET /api/users", "--- a", "+++ b", "-y", "+z"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_transcript_that_ends_early_differs() {
        assert_eq!(compare(&[transcript("a", &["x", "y"]), transcript("b", &["x"])]).len(), 1);
        assert_eq!(compare(&[transcript("a", &["x"]), transcript("b", &["x", "y"])]).len(), 1);
    }
}
