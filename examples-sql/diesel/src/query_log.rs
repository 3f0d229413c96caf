//! The query log: Diesel's hook, which sees every statement that a connection sends.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use shared::context::RequestContext;
use shared::telemetry::Statement;
use std::str::Chars;
use std::time::Instant;

/// Keeps what a connection sends, for these requests. With none, it costs a look at an empty list.
pub(crate) struct Recorder {
    requests: Vec<RequestContext>,
    /// The statement that is under way. Its text and types are taken at its start: at its end, diesel-async does not show
    /// the parameters any more.
    sent: Option<(Statement, Instant)>,
}

impl Recorder {
    pub(crate) fn new(requests: Vec<RequestContext>) -> Self {
        Self { requests, sent: None }
    }
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } if !self.requests.is_empty() => {
                let shown = query.to_string();
                // Diesel shows the values behind the statement, as a list in Rust's Debug format.
                let (statement, values) = shown.split_once(" -- binds: ").unwrap_or((&shown, "[]"));
                let parameters = types(values);
                let statement = Statement { statement: statement.to_owned(), parameters, duration: Default::default() };
                self.sent = Some((statement, Instant::now()));
            }
            InstrumentationEvent::FinishQuery { .. } => {
                if let Some((mut statement, started)) = self.sent.take() {
                    statement.duration = started.elapsed();
                    self.requests.iter().for_each(|request| request.record(statement.clone()));
                }
            }
            _ => {}
        }
    }
}

/// The types in a list such as `["a", Some(1)]`. The values are dropped here.
fn types(values: &str) -> Vec<&'static str> {
    let mut types = Vec::new();
    let mut at_start = true;
    let mut characters = values.strip_prefix('[').and_then(|values| values.strip_suffix(']')).unwrap_or(values).chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => at_start = true,
            ' ' => {}
            '"' => {
                types.push("text");
                at_start = false;
                skip_text(&mut characters);
            }
            // Before a value that may be null.
            'S' if at_start => drop(characters.nth("ome".len())),
            '[' if at_start => {
                types.push("list");
                at_start = false;
                while let Some(inner) = characters.next().filter(|inner| *inner != ']') {
                    if inner == '"' {
                        skip_text(&mut characters);
                    }
                }
            }
            first if at_start => {
                types.push(match first {
                    '0'..='9' | '-' => "integer",
                    'N' => "null",
                    'j' => "json",
                    _ => "other",
                });
                at_start = false;
            }
            _ => {}
        }
    }
    types
}

/// Up to the closing quote; a quote that belongs to the text has a backslash before it.
fn skip_text(characters: &mut Chars<'_>) {
    while let Some(inner) = characters.next().filter(|inner| *inner != '"') {
        if inner == '\\' {
            characters.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::types;

    #[test]
    fn values_are_redacted_to_their_types() {
        let check = |values: &str, expected: &[&str]| assert_eq!(types(values), expected, "{values}");
        check("[]", &[]);
        check(r#"["a", 1, -2, None, "b"]"#, &["text", "integer", "integer", "null", "text"]);
        check(r#"[Some("a"), None, Some(-1), json, 2]"#, &["text", "null", "integer", "json", "integer"]);
        check(r#"[["a", "]"], [], 1, [2, 3]]"#, &["list", "list", "integer", "list"]);
        check(r#"["a, 1", "\"", "\\", "\\\"", "]", 7]"#, &["text", "text", "text", "text", "text", "integer"]);
        check(&format!("{:?}", ["it's \"quoted\"", "\u{0}\n, ", "\\"]), &["text", "text", "text"]);
    }
}
