//! What a variant sent to its database, laid out to be read: SQL with a line for each clause, documents with a line for
//! each part. White space alone is moved, but for the members of DynamoDB's items: the SDK sends them in another order each
//! time, so they are sorted.

use super::pretty::{Line, coloured};
use super::send::Statement;
use super::view::{Exchange, milliseconds};
use crate::compare::counted;
use crate::compare::highlight::Highlighter;
use clap::ValueEnum;
use serde_json::Value;
use server::Store;
use std::sync::LazyLock;

/// A document that fits into a line of this length stays in one.
const LINE: usize = 44;

static SQL: LazyLock<Highlighter> = LazyLock::new(|| Highlighter::of("sql"));
static JSON: LazyLock<Highlighter> = LazyLock::new(|| Highlighter::of("json"));

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct SentStatement {
    pub lines: Vec<Line>,
    /// The types of what stood in the places of the text: `text × 6, integer × 4`. Empty where the text itself says them in
    /// those places.
    pub types: String,
    pub took: String,
}

/// All that a request was answered with.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub statements: Vec<SentStatement>,
    /// `2 statements in 0.61 ms`.
    pub total: String,
}

impl Sent {
    pub(crate) fn new(statements: &[Statement]) -> Self {
        let total: f64 = statements.iter().map(|statement| statement.duration_ms).sum();
        Self {
            statements: statements.iter().map(SentStatement::new).collect(),
            total: format!("{} in {}", counted(statements.len(), "statement"), milliseconds(total)),
        }
    }
}

impl SentStatement {
    fn new(statement: &Statement) -> Self {
        let (lines, is_document) = laid_out(&statement.statement);
        Self {
            lines,
            types: if is_document { String::new() } else { types(&statement.parameters) },
            took: milliseconds(statement.duration_ms),
        }
    }
}

fn types(parameters: &[String]) -> String {
    let runs = parameters.chunk_by(|one, next| one == next);
    let run = |run: &[String]| match (run.first(), run.len()) {
        (Some(name), 1) => name.clone(),
        (Some(name), count) => format!("{name} × {count}"),
        (None, _) => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

/// What the variants of one store sent, where they sent the same.
pub(crate) struct SentByStore {
    /// `diesel-postgres`; for an attached server, its name.
    pub store: String,
    /// `PostgreSQL`.
    pub database: &'static str,
    /// The frameworks under which it was sent; none for an attached server.
    pub frameworks: Vec<String>,
    pub sent: Sent,
}

impl SentByStore {
    /// `PostgreSQL under axum, rocket: 2 statements in 0.61 ms`.
    pub(crate) fn about(&self) -> String {
        let under = if self.frameworks.is_empty() { "" } else { " under " };
        let count = if self.sent.statements.is_empty() { "nothing" } else { &self.sent.total };
        let who = format!("{}{under}{}", self.database, self.frameworks.join(", "));
        if who.is_empty() { count.to_owned() } else { format!("{who}: {count}") }
    }
}

/// What each store sent, if there are several and at least one of them was asked anything: one store's statements are the
/// same under each framework.
pub(crate) fn by_store(exchanges: &[Exchange]) -> Vec<SentByStore> {
    let mut groups: Vec<(Vec<String>, SentByStore)> = Vec::new();
    for exchange in exchanges {
        let Some(statements) = exchange.outcome.as_ref().ok().and_then(|received| received.trace.as_ref()) else {
            continue;
        };
        let sent = Sent::new(statements);
        // Each variant has a database of its own, whose name stands in keys and tables.
        let own = exchange.variant.replace('-', "_");
        let text = |statement: &SentStatement| statement.lines.iter().map(Line::text).collect::<String>();
        let texts: Vec<String> = sent.statements.iter().map(|statement| text(statement).replace(&own, "")).collect();
        let store = exchange.store.as_ref().unwrap_or(&exchange.variant);
        let framework = exchange.variant.strip_suffix(store.as_str()).map(|rest| rest.trim_end_matches('-'));
        let framework = framework.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        match groups.iter_mut().find(|(known, group)| *known == texts && group.store == *store) {
            Some((_, group)) => group.frameworks.extend(framework),
            None => groups.push((
                texts,
                SentByStore {
                    store: store.clone(),
                    database: database_of(store),
                    frameworks: framework.into_iter().collect(),
                    sent,
                },
            )),
        }
    }
    let is_asked = groups.iter().any(|(texts, _)| !texts.is_empty());
    let first = groups.first().map(|(_, group)| group.store.clone());
    let are_several = groups.iter().any(|(_, group)| Some(&group.store) != first.as_ref());
    if !is_asked || !are_several {
        return Vec::new();
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn database_of(store: &str) -> &'static str {
    Store::from_str(store, false).map_or("", |store| store.database().title())
}

/// The lines of a statement, and whether it is a document: MongoDB's commands are, and DynamoDB's requests after their
/// name.
fn laid_out(text: &str) -> (Vec<Line>, bool) {
    if let Some((head, mut document)) = document(text) {
        if !head.is_empty() {
            sort_items(&mut document);
        }
        let mut lines = Vec::new();
        push_json(&document, 0, "", "", &mut lines);
        let mut lines = coloured(&lines, Some(&JSON));
        if let (Some(first), false) = (lines.first_mut(), head.is_empty()) {
            first.push_front(&format!("{head} "));
        }
        return (lines, true);
    }
    let is_sql = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| begins_with_word(text, verb));
    let lines = if is_sql { sql(text) } else { text.lines().map(ToOwned::to_owned).collect() };
    (coloured(&lines, is_sql.then_some(&SQL)), false)
}

/// What stands before a document, and the document.
fn document(text: &str) -> Option<(&str, Value)> {
    let (head, rest) = text.split_at(text.find('{')?);
    let value: Value = serde_json::from_str(rest).ok()?;
    Some((head.trim_end(), value)).filter(|(head, _)| head.chars().all(|letter| letter.is_ascii_alphanumeric()))
}

/// Sorts the members of what holds nothing but values: an item or a key.
fn sort_items(document: &mut Value) {
    match document {
        Value::Object(members) if is_flat(members.values()) => members.sort_keys(),
        Value::Object(members) => members.values_mut().for_each(sort_items),
        Value::Array(parts) => parts.iter_mut().for_each(sort_items),
        _ => {}
    }
}

fn is_flat<'a>(mut parts: impl Iterator<Item = &'a Value>) -> bool {
    parts.all(|part| !part.is_object() && !part.is_array())
}

/// Writes a value in one line if it fits or has no depth, else with a line for each of its parts.
fn push_json(value: &Value, depth: usize, before: &str, after: &str, lines: &mut Vec<String>) {
    let indentation = "  ".repeat(depth);
    let in_one = inline(value);
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, part)| (format!("{}: ", quoted(name)), part)).collect(),
        Value::Array(parts) => parts.iter().map(|part| (String::new(), part)).collect(),
        _ => Vec::new(),
    };
    let is_flat = depth > 0 && is_flat(parts.iter().map(|(_, part)| *part));
    if parts.is_empty() || is_flat || indentation.len() + before.len() + in_one.len() + after.len() <= LINE {
        lines.push(format!("{indentation}{before}{in_one}{after}"));
        return;
    }
    let (open, close) = if value.is_array() { ("[", "]") } else { ("{", "}") };
    lines.push(format!("{indentation}{before}{open}"));
    let last = parts.len() - 1;
    for (place, (name, part)) in parts.into_iter().enumerate() {
        push_json(part, depth + 1, &name, if place < last { "," } else { "" }, lines);
    }
    lines.push(format!("{indentation}{close}{after}"));
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members: Vec<String> =
                members.iter().map(|(name, part)| format!("{}: {}", quoted(name), inline(part))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(parts) => format!("[{}]", parts.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

/// What a line of SQL begins with. Inside brackets nothing begins a line.
const CLAUSES: [&str; 14] = [
    "FROM",
    "WHERE",
    "SET",
    "VALUES",
    "ORDER BY",
    "GROUP BY",
    "LIMIT",
    "RETURNING",
    "FOR UPDATE",
    "LEFT JOIN",
    "INNER JOIN",
    "ON CONFLICT",
    "ON DUPLICATE KEY",
    "AND",
];

fn sql(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut depth, mut quote, mut before) = (0_usize, None, ' ');
    for (place, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(end), letter) if letter == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {
                let rest = text.get(place..).unwrap_or_default();
                let begins = depth == 0 && before.is_whitespace() && place > 0;
                if begins && CLAUSES.iter().any(|clause| begins_with_word(rest, clause)) {
                    lines.push(String::new());
                }
            }
        }
        if let Some(line) = lines.last_mut() {
            line.push(letter);
        }
        before = letter;
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn begins_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

#[cfg(test)]
mod tests {
    use super::{Line, laid_out};

    fn text(statement: &str) -> (String, bool) {
        let (lines, is_document) = laid_out(statement);
        (lines.iter().map(Line::text).collect::<Vec<_>>().join("\n"), is_document)
    }

    #[test]
    fn sql_has_a_line_for_each_clause_and_loses_no_letter() {
        for (statement, expected) in [
            (
                "SELECT `id`, \"a FROM b\" FROM users WHERE (id > ? AND role = ?) AND x IN (SELECT y FROM z) LIMIT ?",
                "SELECT `id`, \"a FROM b\"\nFROM users\nWHERE (id > ? AND role = ?)\nAND x IN (SELECT y FROM z)\nLIMIT ?",
            ),
            (
                "INSERT INTO users (id, settings) VALUES ($1, 'VALUES ') RETURNING id",
                "INSERT INTO users (id, settings)\nVALUES ($1, 'VALUES ')\nRETURNING id",
            ),
            ("BEGIN", "BEGIN"),
            ("UPDATE t SET from_it = 1", "UPDATE t\nSET from_it = 1"),
        ] {
            assert_eq!(text(statement), (expected.to_owned(), false));
        }
    }

    #[test]
    fn a_document_has_a_line_for_each_part_that_does_not_fit_into_one() {
        let (shown, is_document) = text(
            r#"{ "find": "users", "filter": { "email_key": "string" }, "limit": 1, "collation": { "locale": "en", "strength": 2, "caseLevel": false } }"#,
        );
        let expected = "{\n  \"find\": \"users\",\n  \"filter\": { \"email_key\": \"string\" },\n  \"limit\": 1,\n  \"collation\": { \"locale\": \"en\", \"strength\": 2, \"caseLevel\": false }\n}";
        assert_eq!((shown.as_str(), is_document), (expected, true));
        assert_eq!(
            text(r#"GetItem {"TableName":"stackdiff_test","Key":{"pk":"S"}}"#).0,
            "GetItem {\n  \"TableName\": \"stackdiff_test\",\n  \"Key\": { \"pk\": \"S\" }\n}"
        );
        assert_eq!(
            text(r#"Put {"TransactItems":[{"Put":{"Item":{"b":"S","a":"N"}}}],"ClientRequestToken":"t"}"#).0,
            "Put {\n  \"TransactItems\": [\n    {\n      \"Put\": {\n        \"Item\": { \"a\": \"N\", \"b\": \"S\" }\n      }\n    }\n  ],\n  \"ClientRequestToken\": \"t\"\n}"
        );
        assert_eq!(text(r#"GetItem {"TableName":"t"}"#).0, r#"GetItem { "TableName": "t" }"#);
    }

    #[test]
    fn types_that_follow_each_other_are_counted() {
        let types = |names: &[&str]| super::types(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(types(&["text", "text", "integer", "text"]), "text × 2, integer, text");
        assert_eq!(types(&[]), "");
    }

    #[test]
    fn what_is_neither_stays_as_it_is() {
        for statement in ["EVALSHA insert 3 {stackdiff}:users", "", "{", "nonsense {\"a\":1", "SELECTED x FROM y"] {
            assert_eq!(text(statement), (statement.to_owned(), false));
        }
    }
}
