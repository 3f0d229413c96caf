//! A body as lines of coloured pieces.
//!
//! JSON is laid out by moving white space alone: members stay in their order, numbers and escapes as they were sent, since
//! whoever compares two servers wants to see what they wrote. Reading it into values and writing those would hide it.

use crate::compare::highlight::{Highlighter, Token};
use crate::compare::html::class;
use std::sync::LazyLock;

/// At most so much of a body is shown.
pub(crate) const SHOWN_BYTES: usize = 64 * 1024;
/// At most so many lines of it.
pub(crate) const SHOWN_LINES: usize = 2_000;

/// A line longer than this stays without colours: it is no reading matter.
const COLOURED_BYTES: usize = 2_000;

/// Deeper indentation looks like this one where a line is wrapped.
const INDENTATION_MAX: usize = 8;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its CSS class; empty for plain text.
    pub class: String,
    pub text: String,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub pieces: Vec<Piece>,
}

impl Line {
    /// Its text.
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// The class of its indentation: where it is wrapped, it goes on further in than it began.
    pub(crate) fn indentation(&self) -> String {
        let spaces = self.text().bytes().take_while(|byte| *byte == b' ').count();
        format!("i{}", (spaces / 2).min(INDENTATION_MAX))
    }

    /// Adds plain text before it.
    pub(super) fn push_front(&mut self, text: &str) {
        self.pieces.insert(0, Piece { class: String::new(), text: text.to_owned() });
    }
}

/// A body ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub lines: Vec<Line>,
    pub is_json: bool,
    /// Whether there is more of it than these lines.
    pub is_shortened: bool,
    /// Whether some bytes are no UTF-8 and stand here as U+FFFD.
    pub is_lossy: bool,
}

/// Lays out a body; none if it is no text at all. `is_text` says whether its media type calls it text: then it is shown
/// even if some of its bytes are no UTF-8. `is_cut` says whether it went on: then its last character may be half of one.
pub(crate) fn show(body: &[u8], is_text: bool, is_cut: bool) -> Option<Shown> {
    let (text, is_lossy) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(error) if is_cut && error.error_len().is_none() => (String::from_utf8_lossy(body).into_owned(), false),
        Err(_) if is_text => (String::from_utf8_lossy(body).into_owned(), true),
        Err(_) => return None,
    };
    if !is_text && text.contains('\0') {
        return None;
    }
    let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
    let mut writer = Writer::default();
    let is_shortened = if is_json { !writer.json(&text) } else { !writer.plain(&text) };
    Some(Shown { lines: coloured(&writer.lines, is_json.then_some(&*JSON)), is_json, is_shortened, is_lossy })
}

static JSON: LazyLock<Highlighter> = LazyLock::new(|| Highlighter::of("json"));

/// The lines in pieces of one colour each.
pub(super) fn coloured(lines: &[String], highlighter: Option<&Highlighter>) -> Vec<Line> {
    let plain = |line: &String| Line { pieces: vec![Piece { class: String::new(), text: line.clone() }] };
    let Some(highlighter) = highlighter else { return lines.iter().map(plain).collect() };
    // No value goes over a line's end, so one that is left out changes nothing for the others.
    let texts = lines.iter().map(|line| if line.len() > COLOURED_BYTES { "" } else { line.as_str() });
    let of_line = |(line, tokens): (&String, Vec<Token>)| {
        let mut pieces: Vec<Piece> = Vec::new();
        for token in tokens {
            let (class, text) = (class(token.style), line.get(token.range).unwrap_or_default());
            // Signs that follow each other are one piece.
            match pieces.last_mut() {
                Some(last) if last.class == class => last.text.push_str(text),
                _ => pieces.push(Piece { class, text: text.to_owned() }),
            }
        }
        if pieces.is_empty() { plain(line) } else { Line { pieces } }
    };
    lines.iter().zip(highlighter.tokens(texts)).map(of_line).collect()
}

#[derive(Default)]
struct Writer {
    lines: Vec<String>,
    bytes: usize,
}

impl Writer {
    /// Adds to the last line. What no screen shows becomes visible.
    fn push(&mut self, text: &str) {
        let text = text.replace(|character: char| character.is_control() && character != '\t', "\u{fffd}");
        self.bytes += text.len();
        match self.lines.last_mut() {
            Some(line) => line.push_str(&text),
            None => self.lines.push(text),
        }
    }

    fn is_full(&self) -> bool {
        self.bytes >= SHOWN_BYTES || self.lines.len() >= SHOWN_LINES
    }

    fn line_break(&mut self, depth: usize) {
        self.lines.push(String::new());
        if depth > 0 {
            self.push(&"  ".repeat(depth));
        }
    }

    /// Lines as they came; false if not all of them are shown.
    fn plain(&mut self, text: &str) -> bool {
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if self.is_full() {
                return false;
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            let room = floor_boundary(line, SHOWN_BYTES - self.bytes);
            self.lines.push(String::new());
            self.push(line.get(..room).unwrap_or_default());
            if room < line.len() {
                return false;
            }
        }
        true
    }

    /// JSON, which must be valid, with a line for each member; false if not all of it is shown.
    fn json(&mut self, text: &str) -> bool {
        let mut depth = 0_usize;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            if self.is_full() {
                return false;
            }
            let end = token_end(rest, first);
            let (token, after) = rest.split_at(end);
            let after = after.trim_start();
            match first {
                '{' | '[' => {
                    self.push(token);
                    if after.starts_with(['}', ']']) {
                        self.push(after.get(..1).unwrap_or_default());
                        rest = after.get(1..).unwrap_or_default().trim_start();
                        continue;
                    }
                    depth += 1;
                    self.line_break(depth);
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    self.line_break(depth);
                    self.push(token);
                }
                ',' => {
                    self.push(token);
                    self.line_break(depth);
                }
                ':' => self.push(": "),
                _ => {
                    let room = floor_boundary(token, SHOWN_BYTES - self.bytes);
                    self.push(token.get(..room).unwrap_or_default());
                    if room < token.len() {
                        return false;
                    }
                }
            }
            rest = after;
        }
        true
    }
}

/// Where the token ends that begins a text.
fn token_end(text: &str, first: char) -> usize {
    match first {
        '"' => {
            let mut is_escaped = false;
            let end = text.char_indices().skip(1).find(|(_, character)| {
                let is_end = *character == '"' && !is_escaped;
                is_escaped = *character == '\\' && !is_escaped;
                is_end
            });
            end.map_or(text.len(), |(place, _)| place + 1)
        }
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        _ => {
            let is_end = |character: char| matches!(character, ',' | '}' | ']' | ':') || character.is_whitespace();
            text.find(is_end).unwrap_or(text.len())
        }
    }
}

/// The last place at or before this one where a character ends.
fn floor_boundary(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{SHOWN_BYTES, SHOWN_LINES, show};

    fn text(body: &str) -> String {
        show(body.as_bytes(), true, false).unwrap().lines.iter().map(super::Line::text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn json_is_laid_out_and_nothing_but_white_space_changes() {
        let body = r#"{"b":[1.50,{"a":"\u0041,{\"}"} ,[]],"e":{},"n":null}"#;
        let expected = "{\n  \"b\": [\n    1.50,\n    {\n      \"a\": \"\\u0041,{\\\"}\"\n    },\n    []\n  ],\n  \"e\": {},\n  \"n\": null\n}";
        assert_eq!(text(body), expected);
        assert_eq!(text("\"x\\\\\""), "\"x\\\\\"");
        let lines = show(body.as_bytes(), true, false).unwrap().lines;
        let classes = |line: usize| lines[line].pieces.iter().filter(|piece| !piece.class.is_empty()).count();
        assert!(classes(2) > 0 && classes(4) > 1, "numbers and strings have colours: {lines:?}");
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        assert_eq!(text("one\r\n<two>\n"), "one\n<two>");
        assert_eq!(text("{\"a\":1,}"), "{\"a\":1,}");
        assert!(!show(b"x\x1b[31m", true, false).unwrap().lines[0].text().contains('\u{1b}'));
    }

    #[test]
    fn no_text_is_told_from_text_with_wrong_bytes() {
        assert_eq!(show(b"\x89PNG\xff\x00", false, false), None);
        assert!(show(b"caf\xe9!", true, false).unwrap().is_lossy);
        assert!(!show("caf\u{e9}".as_bytes(), true, false).unwrap().is_lossy);
    }

    #[test]
    fn neither_many_lines_nor_a_long_one_are_shown_whole() {
        let many = show("x\n".repeat(10_000).as_bytes(), true, false).unwrap();
        assert!(many.is_shortened && many.lines.len() == SHOWN_LINES);
        let array = show(format!("[{}1]", "1,".repeat(10_000)).as_bytes(), true, false).unwrap();
        assert!(array.is_json && array.is_shortened && array.lines.len() == SHOWN_LINES);
        let long = show(format!("\"{}\"", "\u{e9}".repeat(100_000)).as_bytes(), true, false).unwrap();
        assert!(long.is_shortened && long.lines[0].text().len() <= SHOWN_BYTES);
        assert!(!show("x\n".repeat(SHOWN_LINES).as_bytes(), true, false).unwrap().is_shortened);
    }
}
