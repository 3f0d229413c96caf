//! Code as the templates take it.

use crate::compare::align::{Cell, CellMark};
use crate::compare::counted;
use crate::compare::extract::Function;
use crate::compare::highlight::Token;
use crate::compare::html::{Run, indentation, runs};
use crate::compare::lines::Line;
use crate::compare::way::file_address;
use crate::tester::prose::Prose;

/// A cell of the table.
pub(super) enum CellView {
    /// Nothing stands here.
    Empty,
    /// Above a function.
    Heading(Heading),
    /// A line of code.
    Code(CodeLine),
    /// What there is to say where no code is.
    Note { text: String, links: Vec<(String, String)> },
    /// What the head of a file says of the function below: a question and its answer.
    Fact { question: String, answer: Prose },
    /// What it says besides.
    More { heading: String, paragraphs: Vec<Prose> },
}

/// Where a function comes from.
pub(super) struct Heading {
    pub name: String,
    pub location: String,
    pub href: String,
    pub lines: String,
}

/// A line of code.
pub(super) struct CodeLine {
    pub number: usize,
    /// `same`, `changed` or `only`.
    pub class: &'static str,
    /// The same in the gutter, so that it is not said by colour alone.
    pub sign: &'static str,
    pub indentation: usize,
    pub runs: Vec<Run>,
}

impl Heading {
    pub(super) fn new(function: &Function) -> Self {
        Self {
            name: match &function.owner {
                Some(owner) if function.implements.is_none() || function.module() == "extractors" => {
                    format!("{} · {owner}::{}", function.module(), function.name)
                }
                _ => format!("{} · {}", function.module(), function.name),
            },
            location: function.location(),
            href: file_address(&function.path, Some(function.first_line)),
            lines: counted(function.lines.len(), "line"),
        }
    }
}

impl CodeLine {
    pub(super) fn new(cell: &Cell, tokens: &[Vec<Token>], first_line: usize) -> Self {
        let tokens = cell.line.number.checked_sub(first_line).and_then(|index| tokens.get(index));
        let (class, sign) = match cell.mark {
            CellMark::Same => ("same", ""),
            CellMark::Changed => ("changed", "~"),
            CellMark::Only => ("only", "+"),
        };
        Self { class, sign, ..Self::plain(&cell.line, tokens.map_or(&[][..], Vec::as_slice)) }
    }

    pub(super) fn plain(line: &Line, tokens: &[Token]) -> Self {
        Self { number: line.number, class: "same", sign: "", indentation: indentation(line), runs: runs(line, tokens) }
    }
}
