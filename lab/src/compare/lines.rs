//! Lays the lines of two functions beside each other and finds the words that differ.

use crate::compare::extract::Function;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// How the two cells of a row compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Alike, indentation aside.
    Same,
    /// Both are there and differ.
    Changed,
    /// Only the left side has the line.
    LeftOnly,
    /// Only the right side has it.
    RightOnly,
}

/// One line of one side, ready to be shown: without the indentation that all lines of its function share, tabs as
/// four spaces, control characters replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// The byte ranges of `text` that the other side has not.
    pub changed: Vec<Range<usize>>,
}

/// Two lines that belong beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How they compare.
    pub mark: Mark,
    /// The left cell.
    pub left: Option<Line>,
    /// The right cell.
    pub right: Option<Line>,
}

/// The rows for two functions, of which one may be missing.
#[must_use]
pub fn rows(left: Option<&Function>, right: Option<&Function>) -> Vec<Row> {
    rows_of_lines(&left.map(displayed_lines).unwrap_or_default(), &right.map(displayed_lines).unwrap_or_default())
}

/// The rows for two runs of lines.
pub(super) fn rows_of_lines(left: &[Line], right: &[Line]) -> Vec<Row> {
    let trimmed = |lines: &[Line]| lines.iter().map(|line| line.text.trim().to_owned()).collect::<Vec<_>>();
    let operations = capture_diff_slices(Algorithm::Patience, &trimmed(left), &trimmed(right));
    let mut rows = Vec::new();
    for operation in operations {
        let (old, new) = (cut(left, operation.old_range()), cut(right, operation.new_range()));
        if matches!(operation, DiffOp::Equal { .. }) {
            rows.extend(old.iter().zip(new).map(|(old, new)| row(Mark::Same, Some(old), Some(new))));
        } else {
            push_replaced(&mut rows, old, new);
        }
    }
    rows
}

/// The lines of a function as they are shown.
#[must_use]
pub fn displayed_lines(function: &Function) -> Vec<Line> {
    let clean = |line: &String| line.replace('\t', "    ").replace(char::is_control, "\u{fffd}");
    let texts: Vec<String> = function.lines.iter().map(clean).collect();
    let indentation = texts.iter().filter(|text| !text.trim().is_empty()).map(|text| indentation(text)).min();
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| Line {
            number: function.first_line + index,
            text: text.get(indentation.unwrap_or(0)..).unwrap_or("").trim_end().to_owned(),
            changed: Vec::new(),
        })
        .collect()
}

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn row(mark: Mark, left: Option<&Line>, right: Option<&Line>) -> Row {
    Row { mark, left: left.cloned(), right: right.cloned() }
}

fn cut<T>(items: &[T], range: Range<usize>) -> &[T] {
    items.get(range).unwrap_or(&[])
}

/// Lines that were exchanged for others: those that share enough words stand beside each other, what is between them
/// is filled from the top.
fn push_replaced(rows: &mut Vec<Row>, left: &[Line], right: &[Line]) {
    let (mut left_done, mut right_done) = (0, 0);
    for (left_index, right_index) in related_lines(left, right) {
        push_unrelated(rows, cut(left, left_done..left_index), cut(right, right_done..right_index));
        if let (Some(old), Some(new)) = (left.get(left_index), right.get(right_index)) {
            rows.push(changed_row(old, new));
        }
        (left_done, right_done) = (left_index + 1, right_index + 1);
    }
    push_unrelated(rows, cut(left, left_done..left.len()), cut(right, right_done..right.len()));
}

fn push_unrelated(rows: &mut Vec<Row>, left: &[Line], right: &[Line]) {
    for index in 0..left.len().max(right.len()) {
        rows.push(match (left.get(index), right.get(index)) {
            (Some(old), Some(new)) => exchanged_row(old, new),
            (Some(old), None) => row(Mark::LeftOnly, Some(old), None),
            (None, new) => row(Mark::RightOnly, None, new),
        });
    }
}

/// Pairs of lines that share at least this part of their letters are the same line, changed.
const RELATED: f64 = 0.4;

/// Which left line belongs beside which right one, in order. A diff over the words of all these lines says which
/// words the lines share; the lines that share most are pairs.
fn related_lines(left: &[Line], right: &[Line]) -> Vec<(usize, usize)> {
    let (left_words, right_words) = (words_of_lines(left), words_of_lines(right));
    let texts = |words: &[(usize, String)]| words.iter().map(|(_, word)| word.clone()).collect::<Vec<_>>();
    let mut shared = vec![vec![0_usize; right.len()]; left.len()];
    for operation in capture_diff_slices(Algorithm::Myers, &texts(&left_words), &texts(&right_words)) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            let (old, new) =
                (cut(&left_words, old_index..old_index + len), cut(&right_words, new_index..new_index + len));
            for ((left_line, word), (right_line, _)) in old.iter().zip(new) {
                if let Some(cell) = shared.get_mut(*left_line).and_then(|cells| cells.get_mut(*right_line)) {
                    *cell += word.len();
                }
            }
        }
    }
    let size = |line: &Line| tokens(&line.text).into_iter().filter(|token| is_word(token)).map(str::len).sum::<usize>();
    let right_sizes: Vec<usize> = right.iter().map(size).collect();
    let mut pairs = Vec::new();
    let mut next_right = 0;
    for (left_index, (line, cells)) in left.iter().zip(&shared).enumerate() {
        let left_size = size(line);
        let best = cells
            .iter()
            .zip(&right_sizes)
            .enumerate()
            .skip(next_right)
            .map(|(index, (shared, right_size))| (index, ratio(*shared, left_size, *right_size)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        if let Some((right_index, likeness)) = best
            && likeness >= RELATED
        {
            pairs.push((left_index, right_index));
            next_right = right_index + 1;
        }
    }
    pairs
}

#[expect(clippy::cast_precision_loss, reason = "lines are shorter than 2^52 letters")]
fn ratio(shared: usize, left: usize, right: usize) -> f64 {
    if left + right == 0 { 0.0 } else { 2.0 * shared as f64 / (left + right) as f64 }
}

fn words_of_lines(lines: &[Line]) -> Vec<(usize, String)> {
    let words = |text| tokens(text).into_iter().filter(|token| is_word(token)).map(ToOwned::to_owned);
    lines.iter().enumerate().flat_map(|(index, line)| words(&line.text).map(move |word| (index, word))).collect()
}

fn changed_row(left: &Line, right: &Line) -> Row {
    let (old, new) = (tokens(&left.text), tokens(&right.text));
    let mut changed = (Vec::new(), Vec::new());
    let (mut old_bytes, mut new_bytes) = (0, 0);
    for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let bytes = |tokens: &[&str], range| cut(tokens, range).iter().map(|token| token.len()).sum::<usize>();
        let old_end = old_bytes + bytes(&old, operation.old_range());
        let new_end = new_bytes + bytes(&new, operation.new_range());
        if !matches!(operation, DiffOp::Equal { .. }) {
            changed.0.push(old_bytes..old_end);
            changed.1.push(new_bytes..new_end);
        }
        (old_bytes, new_bytes) = (old_end, new_end);
    }
    let with = |line: &Line, ranges: Vec<_>| Line { changed: tidy(&line.text, ranges), ..line.clone() };
    Row { mark: Mark::Changed, left: Some(with(left, changed.0)), right: Some(with(right, changed.1)) }
}

/// Two lines that have nothing to do with each other: what they share, a bracket or a `self`, is chance.
fn exchanged_row(left: &Line, right: &Line) -> Row {
    let whole = |line: &Line| Line { changed: tidy(&line.text, std::iter::once(0..line.text.len())), ..line.clone() };
    Row { mark: Mark::Changed, left: Some(whole(left)), right: Some(whole(right)) }
}

/// Ranges that only a space parts become one, and spaces at their ends are left out: a line under a gap is noise.
fn tidy(text: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut tidy: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        let inside = text.get(range.clone()).unwrap_or("");
        let start = range.end - inside.trim_start().len();
        let end = start + inside.trim().len();
        if start == end {
            continue;
        }
        match tidy.last_mut() {
            Some(last) if text.get(last.end..start).is_some_and(|between| between.trim().is_empty()) => last.end = end,
            _ => tidy.push(start..end),
        }
    }
    tidy
}

/// Cuts a line of code into names, runs of spaces and single signs. Words by Unicode's rules would not do: for them
/// `services.users` is one word.
fn tokens(text: &str) -> Vec<&str> {
    let class = |character: char| match character {
        '_' => 0,
        _ if character.is_alphanumeric() => 0,
        _ if character.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match class(first) {
            2 => first.len_utf8(),
            kind => rest.find(|character| class(character) != kind).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(|character: char| character == '_' || character.is_alphanumeric())
}
