//! Lays the lines of several functions beside each other: each is compared with the first.

use crate::compare::extract::Function;
use crate::compare::lines::{Line, Mark, displayed_lines, rows_of_lines};
use std::ops::Range;

/// How a line in one of several columns compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellMark {
    /// Alike in all columns, or there is nothing to compare it with.
    Same,
    /// It is in the other column too, with other words; in the first column, with other words in any of the others.
    Changed,
    /// The first column has no such line, though another one may fill the row; in the first column, one of the others
    /// has none.
    Only,
}

/// A line in its column. `line.changed` are the words that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How it compares.
    pub mark: CellMark,
    /// The line.
    pub line: Line,
}

/// One row: a cell for each column, none where the column has no such line.
pub type GridRow = Vec<Option<Cell>>;

/// The rows for functions that belong together. A column without the function stays empty and counts for nothing.
#[must_use]
pub fn grid(functions: &[Option<&Function>]) -> Vec<GridRow> {
    let columns: Vec<Vec<Line>> = functions.iter().flatten().map(|function| displayed_lines(function)).collect();
    let rows = merged(&columns).into_iter();
    rows.map(|row| {
        let mut cells = row.into_iter();
        functions.iter().map(|function| function.and_then(|_| cells.next().flatten())).collect()
    })
    .collect()
}

/// What another column has for the lines of the first one, and between them.
struct Beside {
    /// For each line of the first column: how it compares, and both lines with their changed words marked.
    lines: Vec<Option<(Line, Cell)>>,
    /// Before each line of the first column, and after the last: what only the other column has.
    gaps: Vec<Vec<Line>>,
}

fn beside(first: &[Line], other: &[Line]) -> Beside {
    let mut beside = Beside { lines: Vec::new(), gaps: vec![Vec::new()] };
    for row in rows_of_lines(first, other) {
        match (row.left, row.right) {
            (Some(left), right) => {
                beside.lines.push(right.map(|right| marked(row.mark, left, right)));
                beside.gaps.push(Vec::new());
            }
            (None, Some(line)) => beside.gaps.last_mut().into_iter().for_each(|gap| gap.push(line.clone())),
            (None, None) => {}
        }
    }
    beside
}

/// Two lines with no word in common only fill the same row: neither is the other, changed, and to underline all of both
/// would say nothing.
fn marked(mark: Mark, left: Line, right: Line) -> (Line, Cell) {
    let is_whole = |line: &Line| {
        let trimmed = line.text.len() - line.text.trim_start().len()..line.text.len();
        line.changed == [trimmed]
    };
    let plain = |line: Line| Line { changed: Vec::new(), ..line };
    match mark {
        Mark::Same => (left, Cell { mark: CellMark::Same, line: right }),
        _ if is_whole(&left) && is_whole(&right) => (plain(left), Cell { mark: CellMark::Only, line: plain(right) }),
        _ => (left, Cell { mark: CellMark::Changed, line: right }),
    }
}

fn merged(columns: &[Vec<Line>]) -> Vec<GridRow> {
    let Some((first, others)) = columns.split_first() else { return Vec::new() };
    let others: Vec<Beside> = others.iter().map(|other| beside(first, other)).collect();
    let mut rows = Vec::new();
    for index in 0..=first.len() {
        rows.extend(gap_rows(&others, index));
        let Some(line) = first.get(index) else { break };
        let pairs: Vec<Option<&(Line, Cell)>> =
            others.iter().map(|other| other.lines.get(index).and_then(Option::as_ref)).collect();
        let mut row = vec![Some(first_cell(line, &pairs))];
        row.extend(pairs.into_iter().map(|pair| pair.map(|(_, cell)| cell.clone())));
        rows.push(row);
    }
    rows
}

/// What only other columns have, before this line of the first one. These lines are laid beside each other in turn, so
/// that what two of them share stands in one row.
fn gap_rows(others: &[Beside], index: usize) -> Vec<GridRow> {
    let gaps: Vec<Vec<Line>> = others.iter().map(|other| other.gaps.get(index).cloned().unwrap_or_default()).collect();
    if gaps.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let only = |cell: Cell| Cell { mark: CellMark::Only, line: Line { changed: Vec::new(), ..cell.line } };
    merged(&gaps)
        .into_iter()
        .map(|row| std::iter::once(None).chain(row.into_iter().map(|cell| cell.map(only))).collect())
        .collect()
}

/// The cell of the first column: changed if it differs from any of the others.
fn first_cell(line: &Line, pairs: &[Option<&(Line, Cell)>]) -> Cell {
    let changed = pairs.iter().flatten().flat_map(|(left, _)| left.changed.clone()).collect();
    let line = Line { changed: united(changed), ..line.clone() };
    let any = |mark| pairs.iter().flatten().any(|(_, cell)| cell.mark == mark);
    let mark = match any(CellMark::Changed) {
        true => CellMark::Changed,
        false if any(CellMark::Only) || pairs.iter().any(Option::is_none) => CellMark::Only,
        false => CellMark::Same,
    };
    Cell { mark, line }
}

fn united(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut united: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::{CellMark, grid};
    use crate::compare::extract::{Function, functions};
    use crate::compare::source::SourceFile;

    fn function(body: &str) -> Function {
        let file = SourceFile::new("x/src", "x.rs", format!("fn f() {{\n{body}\n}}"));
        functions(&file).unwrap().remove(0)
    }

    /// Each row as text: the cells with their signs, changed words in brackets.
    fn shown(bodies: &[&str]) -> Vec<String> {
        let all: Vec<Function> = bodies.iter().map(|body| function(body)).collect();
        let rows = grid(&all.iter().map(Some).collect::<Vec<_>>());
        let cell = |cell: &Option<super::Cell>| {
            let Some(cell) = cell else { return "-".to_owned() };
            let mut text = cell.line.text.trim().to_owned();
            let indentation = cell.line.text.len() - text.len();
            for range in cell.line.changed.iter().rev() {
                text.insert(range.end - indentation, ']');
                text.insert(range.start - indentation, '[');
            }
            let sign = match cell.mark {
                CellMark::Same => '=',
                CellMark::Changed => '~',
                CellMark::Only => '+',
            };
            format!("{sign}{text}")
        };
        let rows: Vec<String> = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" | ")).collect();
        rows[1..rows.len() - 1].to_vec()
    }

    #[test]
    fn words_are_marked_against_the_first_column_and_there_if_any_differs() {
        let rows = shown(&["    call(one, two);", "    call(one, three);", "    call(four, two);"]);
        assert_eq!(rows, ["~call([one], [two]); | ~call(one, [three]); | ~call([four], two);"]);
    }

    #[test]
    fn lines_that_the_first_lacks_stand_between_its_own_and_alike_ones_in_one_row() {
        let rows = shown(&[
            "    a();\n    z();",
            "    a();\n    extra();\n    z();",
            "    a();\n    other_thing(1);\n    extra();\n    z();",
        ]);
        assert_eq!(
            rows,
            ["=a(); | =a(); | =a();", "- | - | +other_thing(1);", "- | +extra(); | +extra();", "=z(); | =z(); | =z();"]
        );
    }

    #[test]
    fn lines_with_nothing_in_common_are_not_changed_words() {
        assert_eq!(shown(&["    one(1);", "    return Other;"]), ["+one(1); | +return Other;"]);
    }

    #[test]
    fn a_line_that_one_of_the_others_lacks_is_marked_in_the_first() {
        let rows = shown(&["    a();\n    b();\n    c();", "    a();\n    c();", "    a();\n    b();\n    c();"]);
        assert_eq!(rows[1], "+b(); | - | =b();");
    }

    #[test]
    fn indentation_alone_is_no_difference() {
        assert_eq!(shown(&["    a();", "        a();"]), ["=a(); | =a();"]);
    }

    #[test]
    fn a_column_without_the_function_is_empty_and_marks_nothing() {
        let only = function("    a();");
        let rows = grid(&[Some(&only), None, Some(&only)]);
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.len() == 3 && row[1].is_none()));
        assert!(rows.iter().flatten().flatten().all(|cell| cell.mark == CellMark::Same));
        assert!(grid(&[None, None]).is_empty());
    }
}
