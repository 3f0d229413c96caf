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
    /// The class of each token (none for plain text), and its text.
    pub tokens: Vec<(String, String)>,
}

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
        match runs.last_mut().filter(|run| run.changed == changed) {
            Some(run) => match run.tokens.last_mut().filter(|token| token.0 == class) {
                Some(token) => token.1.push_str(text),
                None => run.tokens.push((class, text.to_owned())),
            },
            None => runs.push(Run { changed, tokens: vec![(class, text.to_owned())] }),
        }
    }
    runs
}

/// `t4` for the fourth of the terminal's colours; `tb` and `ti` for bold and italic.
fn class(style: Style) -> String {
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
        let line = line("    let a = \"ü <&\" + x;", &[8..9, 12..18]);
        let tokens = Highlighter::default().tokens([line.text.as_str()]);
        let runs = runs(&line, &tokens[0]);
        let text = |changed: Option<bool>| {
            let chosen = runs.iter().filter(|run| changed.is_none_or(|changed| run.changed == changed));
            chosen.flat_map(|run| &run.tokens).map(|token| token.1.as_str()).collect::<String>()
        };
        assert_eq!(text(None), line.text);
        assert_eq!(text(Some(true)), "a\"ü <&");
        assert!(runs.iter().flat_map(|run| &run.tokens).any(|(class, text)| text == "let" && class.starts_with('t')));
    }

    #[test]
    fn a_line_without_colours_or_without_letters_is_no_trouble() {
        assert_eq!(runs(&line("a < b", &[]), &[])[0].tokens, [(String::new(), "a < b".to_owned())]);
        assert!(runs(&line("", &[]), &[]).is_empty());
        assert_eq!(indentation(&line("        x", &[])), 2);
    }
}
