//! An answer, what was asked for it, and the small assertions the cases are made of.
//!
//! A failed assertion is a [`CaseError`], never a panic: it carries the request (without the token), what was
//! expected and what came, so that a reader needs neither a debugger nor this source.

use std::fmt;

use serde_json::Value;

use crate::request::Request;

/// What a case comes to.
pub type Outcome = Result<(), CaseError>;

/// Why a case failed, as text for a person.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(pub String);

impl CaseError {
    /// A failure that belongs to no single answer.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same failure with a secret cut out, which a log must not hold.
    #[must_use]
    pub fn without(self, secret: &str) -> Self {
        Self(self.0.replace(secret, "<not shown>"))
    }
}

/// Fails with this sentence unless the condition holds.
///
/// # Errors
/// The sentence.
pub fn ensure(condition: bool, sentence: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(CaseError::new(sentence())) }
}

/// An answer together with the request it belongs to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The method that was sent.
    pub method: String,
    /// Path and query that were sent.
    pub path: String,
    /// The header lines that were sent, tokens cut out.
    pub sent_headers: Vec<(String, String)>,
    /// The body that was sent, shortened.
    pub sent_body: String,
    /// The status code.
    pub status: u16,
    /// The header lines in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
    /// Whether the body goes on after what is held of it: it was over the client's limit.
    pub is_cut: bool,
}

impl Answer {
    /// Puts an answer beside its request.
    pub fn new(request: &Request, status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let shown = |(name, value): &(String, Vec<u8>)| {
            let value = if name.eq_ignore_ascii_case("authorization") {
                format!("<{} bytes, not shown>", value.len())
            } else {
                String::from_utf8_lossy(value).into_owned()
            };
            (name.clone(), value)
        };
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            sent_headers: request.headers.iter().map(shown).collect(),
            sent_body: shortened(&String::from_utf8_lossy(&request.pieces.concat()), 300),
            status,
            headers,
            body,
            is_cut: false,
        }
    }

    /// The first header line of this name.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    }

    /// The body as text, whatever bytes it holds.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A failure that shows this answer and its request.
    pub fn unexpected(&self, expected: impl fmt::Display) -> CaseError {
        CaseError(format!("expected: {expected}\n{self}"))
    }

    /// Fails with the expectation unless the condition holds.
    ///
    /// # Errors
    /// The expectation, the request and the answer.
    pub fn check(&self, condition: bool, expected: impl fmt::Display) -> Result<&Self, CaseError> {
        if condition { Ok(self) } else { Err(self.unexpected(expected)) }
    }

    /// Expects this status.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn status(&self, status: u16) -> Result<&Self, CaseError> {
        self.check(self.status == status, format_args!("status {status}"))
    }

    /// Expects the problem of this slug. Its status and members are held by the rules that every answer goes through.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn problem(&self, slug: &str) -> Result<&Self, CaseError> {
        let wanted = format!("/problems/{slug}");
        let found = serde_json::from_slice::<Value>(&self.body).ok();
        let found = found.as_ref().and_then(|body| body.get("type")).and_then(Value::as_str);
        self.check(found == Some(wanted.as_str()), format_args!("the problem `{slug}`"))
    }

    /// Expects 422 with these pointers and codes, all of them, in this order.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn invalid(&self, expected: &[(&str, &str)]) -> Result<&Self, CaseError> {
        self.status(422)?.problem("validation")?;
        let body = self.json()?;
        let errors = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |error: &Value, member: &str| error.get(member).and_then(Value::as_str).unwrap_or("?").to_owned();
        let found: Vec<_> = errors.iter().map(|error| (text(error, "pointer"), text(error, "code"))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect();
        self.check(found == expected, format_args!("errors {expected:?}, found {found:?}"))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value, CaseError> {
        serde_json::from_slice(&self.body).map_err(|error| self.unexpected(format_args!("a JSON body ({error})")))
    }

    /// The value at an RFC 6901 pointer of the body.
    ///
    /// # Errors
    /// When the body is no JSON or has nothing there.
    pub fn at(&self, pointer: &str) -> Result<Value, CaseError> {
        let found = self.json()?.pointer(pointer).cloned();
        found.ok_or_else(|| self.unexpected(format_args!("a body with something at {pointer}")))
    }

    /// The text at an RFC 6901 pointer of the body.
    ///
    /// # Errors
    /// When there is none.
    pub fn text_at(&self, pointer: &str) -> Result<String, CaseError> {
        let found = self.at(pointer)?;
        found.as_str().map(str::to_owned).ok_or_else(|| self.unexpected(format_args!("a string at {pointer}")))
    }

    /// Expects this value at an RFC 6901 pointer of the body.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn has(&self, pointer: &str, value: impl Into<Value>) -> Result<&Self, CaseError> {
        let value = value.into();
        self.check(self.at(pointer)? == value, format_args!("{value} at {pointer}"))
    }

    /// Expects a header line with exactly this value.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn header_is(&self, name: &str, value: &str) -> Result<&Self, CaseError> {
        self.check(self.header(name) == Some(value), format_args!("the header `{name}: {value}`"))
    }

    /// Expects no header line of this name.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn lacks_header(&self, name: &str) -> Result<&Self, CaseError> {
        self.check(self.header(name).is_none(), format_args!("no header `{name}`"))
    }

    /// The value of a header line that must be there.
    ///
    /// # Errors
    /// See [`Answer::check`].
    pub fn needs_header(&self, name: &str) -> Result<&str, CaseError> {
        self.header(name).ok_or_else(|| self.unexpected(format_args!("a header `{name}`")))
    }

    /// The layers that `Server-Timing` names, in order.
    pub fn layers(&self) -> Vec<String> {
        let entries = self.header("server-timing").unwrap_or_default().split(',');
        let name = |entry: &str| entry.split(';').next().unwrap_or_default().trim().to_owned();
        entries.map(name).filter(|name| !name.is_empty()).collect()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "request:  {} {}", self.method, shortened(&self.path, 300))?;
        for (name, value) in &self.sent_headers {
            writeln!(formatter, "          {name}: {}", shortened(value, 200))?;
        }
        if !self.sent_body.is_empty() {
            writeln!(formatter, "          {}", self.sent_body)?;
        }
        write!(formatter, "received: {}", self.status)?;
        for (name, value) in &self.headers {
            write!(formatter, "\n          {name}: {}", shortened(value, 200))?;
        }
        if !self.body.is_empty() {
            write!(formatter, "\n          {}", hide_tokens(&shortened(&self.text(), 600)))?;
        }
        Ok(())
    }
}

/// Cuts a text to this many characters and says how much is missing.
pub fn shortened(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let start: String = text.chars().take(limit).collect();
    format!("{start}… ({} more characters)", total - limit)
}

/// A failed sign-in case must not print the token that it got.
fn hide_tokens(text: &str) -> String {
    match text.split_once("\"access_token\":\"") {
        Some((before, after)) => {
            let rest = after.split_once('"').map_or("", |(_, rest)| rest);
            format!("{before}\"access_token\":\"<not shown>\"{rest}")
        }
        None => text.to_owned(),
    }
}
