//! Code as a page shows it: lines cut into runs of one class each. Escaping is the template's work.

use crate::compare::highlight::Token;
use crate::compare::lines::Line;
use anstyle::{Color, Effects, Style};
use std::ops::Range;

/// Deeper indentation looks like this one where a line is wrapped.
const INDENTATION_MAX: usize = 10;

/// A part of a line that is changed or not, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whether the other column has other words here.
    pub changed: bool,
    /// The parts of it.
    pub tokens: Vec<Part>,
}

/// A part of a line in one colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its class; empty for plain text.
    pub class: String,
    /// Its text, cut where a line may be wrapped.
    pub pieces: Vec<String>,
}

/// Shorter lines are not wrapped, however narrow the column.
const SHORT: usize = 36;

/// The runs of a line.
#[must_use]
pub fn runs(line: &Line, tokens: &[Token]) -> Vec<Run> {
    let length = line.text.len();
    let mut edges: Vec<usize> = vec![0, length];
    let ends = |range: &Range<usize>| [range.start, range.end];
    edges.extend(tokens.iter().flat_map(|token| ends(&token.range)));
    edges.extend(line.changed.iter().flat_map(ends));
    edges.retain(|edge| *edge <= length);
    edges.sort_unstable();
    edges.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for (start, end) in edges.iter().zip(edges.iter().skip(1)) {
        let Some(text) = line.text.get(*start..*end) else { continue };
        let style = tokens.iter().find(|token| token.range.contains(start)).map(|token| token.style);
        let class = style.map(class).unwrap_or_default();
        let changed = line.changed.iter().any(|range| range.contains(start));
        if runs.last().is_none_or(|run| run.changed != changed) {
            runs.push(Run { changed, tokens: Vec::new() });
        }
        let Some(run) = runs.last_mut() else { continue };
        if run.tokens.last().is_none_or(|part| part.class != class) {
            run.tokens.push(Part { class, pieces: vec![String::new()] });
        }
        let Some(part) = run.tokens.last_mut() else { continue };
        let before = line.text.get(..*start).and_then(|before| before.chars().last());
        push_pieces(text, before, length > SHORT, &mut part.pieces);
    }
    runs
}

/// Cuts where a person would break code that has no space: after an opening bracket and before a method's dot.
fn push_pieces(text: &str, mut before: Option<char>, may_wrap: bool, pieces: &mut Vec<String>) {
    for letter in text.chars() {
        let is_place =
            before == Some('(') && letter != ')' || letter == '.' && !matches!(before, None | Some('.' | ' '));
        if may_wrap && is_place {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
        before = Some(letter);
    }
}

/// `t4` for the fourth of the terminal's colours; `tb` and `ti` for bold and italic.
#[must_use]
pub fn class(style: Style) -> String {
    let mut classes = Vec::new();
    if let Some(Color::Ansi(color)) = style.get_fg_color() {
        classes.push(format!("t{}", color as u8));
    }
    for (effect, class) in [(Effects::BOLD, "tb"), (Effects::ITALIC, "ti")] {
        if style.get_effects().contains(effect) {
            classes.push(class.to_owned());
        }
    }
    classes.join(" ")
}

/// How deep a line is indented, in steps of four letters. Where it is wrapped, its next rows hang from there.
#[must_use]
pub fn indentation(line: &Line) -> usize {
    ((line.text.len() - line.text.trim_start_matches(' ').len()) / 4).min(INDENTATION_MAX)
}

#[cfg(test)]
mod tests {
    use super::{indentation, runs};
    use crate::compare::highlight::Highlighter;
    use crate::compare::lines::Line;

    fn line(text: &str, changed: &[std::ops::Range<usize>]) -> Line {
        Line { number: 1, text: text.to_owned(), changed: changed.to_vec() }
    }

    #[test]
    fn every_letter_is_in_one_run_and_changed_words_are_apart() {
        let line = line("    let a = \"ü <&\" + x.long_method(other.method());", &[8..9, 12..18]);
        let tokens = Highlighter::default().tokens([line.text.as_str()]);
        let runs = runs(&line, &tokens[0]);
        let parts = |changed: Option<bool>| {
            let chosen = runs.iter().filter(move |run| changed.is_none_or(|changed| run.changed == changed));
            chosen.flat_map(|run| &run.tokens)
        };
        let text = |changed| parts(changed).flat_map(|part| &part.pieces).map(String::as_str).collect::<String>();
        assert_eq!(text(None), line.text);
        assert_eq!(text(Some(true)), "a\"ü <&");
        assert!(parts(None).any(|part| part.pieces == ["let"] && part.class.starts_with('t')));
        assert!(parts(None).any(|part| part.pieces.len() > 1), "a long line may be wrapped");
    }

    #[test]
    fn a_line_without_colours_or_without_letters_is_no_trouble() {
        assert_eq!(runs(&line("a.b < c", &[]), &[])[0].tokens[0].pieces, ["a.b < c"]);
        assert!(runs(&line("", &[]), &[]).is_empty());
        assert_eq!(indentation(&line("        x", &[])), 2);
    }
}
