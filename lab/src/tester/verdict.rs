//! Are the answers the same, ids, times and tokens aside; and if not, in which lines do they differ.

use super::pretty::Shown;
use contract::answer::Answer;
use contract::normalise::Normaliser;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};

/// An answer and its body as it is shown.
pub(crate) struct Compared<'a> {
    pub answer: &'a Answer,
    pub shown: Option<&'a Shown>,
}

/// What differs from the answer that all are compared with; in that one, what differs from any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub status: bool,
    /// Names, in lower case.
    pub headers: BTreeSet<String>,
    /// Headers, as name and value, that another answer has and this one has not.
    pub lacking: BTreeSet<String>,
    /// Places of lines of the body.
    pub lines: BTreeSet<usize>,
    /// Before which line so many lines of another answer are missing.
    pub missing: BTreeMap<usize, usize>,
}

/// How an answer compares with the one that all are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Same,
    /// In so many lines.
    Lines(usize),
    /// The lines that are shown are the same: the difference is in white space, or after what is shown.
    Hidden,
}

/// The comparison of all answers with one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The one that the others are compared with: the first of those that most agree with. If two of three agree, it is
    /// the third that is said to differ, wherever it stands.
    pub reference: usize,
    /// One for each answer.
    pub marks: Vec<Marks>,
    /// One for each answer; the reference is like itself.
    pub likeness: Vec<Likeness>,
}

impl Comparison {
    /// Whether all are the same.
    pub(crate) fn is_same(&self) -> bool {
        self.likeness.iter().all(|likeness| *likeness == Likeness::Same)
    }
}

/// The normalised text of an answer: all of it, and cut into what can be marked.
struct Text {
    whole: String,
    status: String,
    headers: Vec<String>,
    body: Vec<String>,
}

impl Text {
    /// Each answer has names for its ids of its own: the second id of one is the second id of the other.
    fn new(compared: &Compared<'_>) -> Option<Self> {
        let answer = compared.answer;
        let lines: Vec<String> =
            compared.shown.iter().flat_map(|shown| shown.lines.iter().map(super::pretty::Line::text)).collect();
        let text = Normaliser::new().ok()?.answer_with_body(answer, &lines.join("\n"));
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut head = head.split('\n').map(str::to_owned);
        let whole = format!("{}{}", Normaliser::new().ok()?.answer(answer), if answer.is_cut { " cut" } else { "" });
        Some(Self {
            whole,
            status: head.next().unwrap_or_default(),
            headers: head.collect(),
            body: body.split('\n').map(str::to_owned).collect(),
        })
    }
}

/// Compares all answers with the one that most agree with.
pub(crate) fn compare(answers: &[Compared<'_>]) -> Comparison {
    let texts: Vec<Text> = answers.iter().filter_map(Text::new).collect();
    let agreeing = |text: &Text| texts.iter().filter(|other| other.whole == text.whole).count();
    // Of several that are the greatest, `max_by_key` takes the last; the first is wanted.
    let reference = texts.iter().enumerate().rev().max_by_key(|(_, text)| agreeing(text));
    let Some((reference, first)) = reference else { return Comparison::default() };
    let mut first_marks = Marks::default();
    let mut marks = Vec::new();
    let mut likeness = Vec::new();
    for other in &texts {
        let mut own = Marks::default();
        let count = mark(first, &mut first_marks, other, &mut own);
        likeness.push(match count {
            0 if first.whole == other.whole => Likeness::Same,
            0 => Likeness::Hidden,
            count => Likeness::Lines(count),
        });
        marks.push(own);
    }
    // Those that agree with the reference differ from the others in the same lines.
    for (own, likeness) in marks.iter_mut().zip(&likeness) {
        if *likeness == Likeness::Same {
            own.clone_from(&first_marks);
        }
    }
    Comparison { reference, marks, likeness }
}

/// Marks what differs between two answers and counts the lines.
fn mark(first: &Text, first_marks: &mut Marks, other: &Text, marks: &mut Marks) -> usize {
    let is_other_status = first.status != other.status;
    first_marks.status |= is_other_status;
    marks.status = is_other_status;
    usize::from(is_other_status)
        + mark_headers(first, first_marks, other, marks)
        + mark_body(first, first_marks, other, marks)
}

fn mark_headers(first: &Text, first_marks: &mut Marks, other: &Text, marks: &mut Marks) -> usize {
    let name = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let only_in = |one: &Text, other: &Text| -> Vec<String> {
        // A line that stands twice here and once there is one that is only here.
        let mut left = other.headers.clone();
        let is_only_here = |line: &&String| match left.iter().position(|known| known == *line) {
            Some(place) => {
                left.remove(place);
                false
            }
            None => true,
        };
        one.headers.iter().filter(is_only_here).cloned().collect()
    };
    let names = |lines: &[String]| lines.iter().map(|line| name(line)).collect::<BTreeSet<_>>();
    let (here, there) = (only_in(first, other), only_in(other, first));
    let all_names = |text: &Text| names(&text.headers);
    let lacking = |lines: &[String], from: &Text| -> Vec<String> {
        let known = all_names(from);
        lines.iter().filter(|line| !known.contains(&name(line))).cloned().collect()
    };
    first_marks.lacking.extend(lacking(&there, first));
    marks.lacking.extend(lacking(&here, other));
    first_marks.headers.extend(names(&here));
    marks.headers.extend(names(&there));
    names(&here).union(&names(&there)).count()
}

fn mark_body(first: &Text, first_marks: &mut Marks, other: &Text, marks: &mut Marks) -> usize {
    let mut count = 0;
    for operation in capture_diff_slices(Algorithm::Myers, &first.body, &other.body) {
        if matches!(operation, DiffOp::Equal { .. }) {
            continue;
        }
        let (here, there) = (operation.old_range(), operation.new_range());
        count += here.len().max(there.len());
        let lacks = |one: usize, other: usize| other.saturating_sub(one);
        if here.is_empty() {
            *first_marks.missing.entry(here.start).or_default() += lacks(here.len(), there.len());
        }
        if there.is_empty() {
            *marks.missing.entry(there.start).or_default() += lacks(there.len(), here.len());
        }
        first_marks.lines.extend(here);
        marks.lines.extend(there);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{Compared, Comparison, Likeness, compare};
    use crate::tester::pretty::show;
    use contract::answer::Answer;
    use contract::request::Request;

    const ONE: &str = "0198c0de-0000-7000-8000-000000000001";
    const TWO: &str = "0198c0de-0000-7000-8000-000000000002";

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer::new(&Request::new("GET", "/x"), status, headers, body.as_bytes().to_vec())
    }

    fn comparison(answers: &[Answer]) -> Comparison {
        let shown: Vec<_> = answers.iter().map(|answer| show(&answer.body, true, false)).collect();
        let compared: Vec<_> =
            answers.iter().zip(&shown).map(|(answer, shown)| Compared { answer, shown: shown.as_ref() }).collect();
        compare(&compared)
    }

    #[test]
    fn other_ids_times_and_tokens_are_no_difference() {
        let body = |id: &str, time: &str, token: &str| format!(r#"{{"id":"{id}","at":"{time}","token":"{token}"}}"#);
        let headers = |id, ms| [("x-request-id", id), ("Server-Timing", ms), ("Date", id)];
        let one = answer(200, &headers(ONE, "auth;dur=1.0"), &body(TWO, "2025-01-01T12:06:00.000Z", "eyJa.eyJb.c"));
        let two = answer(200, &headers(TWO, "auth;dur=2.25"), &body(ONE, "2026-11-01T12:06:00.000Z", "eyJd.eyJe.f"));
        let comparison = comparison(&[one.clone(), two, one]);
        assert!(comparison.is_same(), "{comparison:?}");
        assert!(comparison.marks.iter().all(|marks| *marks == super::Marks::default()));
    }

    #[test]
    fn a_header_that_changed_is_marked_and_one_that_is_missing_is_named() {
        let one = answer(200, &[("ETag", "\"1\""), ("Link", "x")], "same");
        let two = answer(200, &[("etag", "\"2\"")], "same");
        let comparison = comparison(&[one, two]);
        assert_eq!(comparison.likeness, [Likeness::Same, Likeness::Lines(2)]);
        let names = |place: usize| comparison.marks[place].headers.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!((names(0), names(1)), (vec!["etag", "link"], vec!["etag"]));
        assert!(comparison.marks[1].lacking.contains("link: x") && comparison.marks[0].lacking.is_empty());
    }

    #[test]
    fn a_header_line_that_comes_twice_is_marked() {
        let comparison = comparison(&[
            answer(200, &[("Set-Cookie", "b=2")], ""),
            answer(200, &[("Set-Cookie", "b=2"), ("Set-Cookie", "b=2")], ""),
        ]);
        assert_eq!(comparison.likeness, [Likeness::Same, Likeness::Lines(1)]);
        assert!(comparison.marks[1].headers.contains("set-cookie"));
    }

    #[test]
    fn lines_that_differ_or_are_missing_are_marked_where_they_stand() {
        let one = answer(200, &[], r#"{"a":1,"b":2,"c":3}"#);
        let two = answer(200, &[], r#"{"a":1,"c":4}"#);
        let three = answer(404, &[], r#"{"a":1,"b":2,"c":3}"#);
        let comparison = comparison(&[one, two, three]);
        assert_eq!(comparison.likeness, [Likeness::Same, Likeness::Lines(2), Likeness::Lines(1)]);
        assert!(comparison.marks[0].status && comparison.marks[2].status && !comparison.marks[1].status);
        assert_eq!(comparison.marks[0].lines.iter().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(comparison.marks[1].lines.iter().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_is_the_same_but_for_white_space_is_not_called_the_same() {
        let comparison = comparison(&[answer(200, &[], r#"{"a":1}"#), answer(200, &[], r#"{ "a": 1 }"#)]);
        assert_eq!(comparison.likeness, [Likeness::Same, Likeness::Hidden]);
        assert!(!comparison.is_same());
    }

    #[test]
    fn who_stands_alone_is_the_one_that_differs() {
        let (one, other) = (answer(409, &[], "taken"), answer(201, &[], "made"));
        let comparison = comparison(&[one, other.clone(), other]);
        assert_eq!(comparison.reference, 1);
        assert_eq!(comparison.likeness, [Likeness::Lines(2), Likeness::Same, Likeness::Same]);
        assert_eq!(comparison.marks[1], comparison.marks[2], "those that agree are marked alike");
    }

    #[test]
    fn missing_lines_have_a_place() {
        let comparison = comparison(&[answer(200, &[], "a\nb\nc"), answer(200, &[], "a\nc")]);
        assert_eq!(comparison.marks[1].missing.iter().collect::<Vec<_>>(), [(&1, &1)]);
    }
}
