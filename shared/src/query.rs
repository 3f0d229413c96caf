//! Reading query parameters: all failing ones at once, unknown and repeated ones refused.

use crate::context::RequestContext;
use crate::problem::{FieldError, Problem};
use crate::validation::{ERRORS_MAX, shown};
use std::collections::BTreeMap;

/// What can be read from a query.
pub trait Query: Sized {
    /// Reads a query string (without its `?`).
    ///
    /// # Errors
    /// [`Problem::Validation`] with every failing parameter.
    fn read(context: &RequestContext, query: Option<&str>) -> Result<Self, Problem>;
}

/// The parameters of one query string, taken out one by one.
#[derive(Debug)]
pub struct QueryParameters {
    values: BTreeMap<String, String>,
    errors: Vec<FieldError>,
}

impl QueryParameters {
    /// Splits `query` (without its `?`) as HTML forms are encoded.
    pub fn parse(query: Option<&str>) -> Self {
        let mut parameters = Self { values: BTreeMap::new(), errors: Vec::new() };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if parameters.values.insert(name.to_string(), value.into_owned()).is_some() {
                parameters.fail(&name, "duplicate-parameter", "stands more than once");
            }
        }
        parameters
    }

    /// Takes out `name` and reads its value by `read`, which says `(code, detail)` where it cannot.
    pub fn take<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, (&'static str, String)>) -> Option<T> {
        match read(&self.values.remove(name)?) {
            Ok(value) => Some(value),
            Err((code, detail)) => {
                self.fail(name, code, detail);
                None
            }
        }
    }

    /// Takes out a whole number from `min` to `max`.
    pub fn take_number(&mut self, name: &str, min: u32, max: u32) -> Option<u32> {
        let wrong = |code| Err((code, format!("must be a whole number from {min} to {max}")));
        self.take(name, |text| match text.parse::<i128>() {
            Ok(number) if number < i128::from(min) => wrong("too-small"),
            Ok(number) if number > i128::from(max) => wrong("too-large"),
            Ok(number) if !text.starts_with('+') => u32::try_from(number).or(wrong("too-large")),
            _ => wrong("type"),
        })
    }

    /// Ends the reading: what was not taken out is unknown.
    ///
    /// # Errors
    /// [`Problem::Validation`] with every failing parameter.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.values).into_keys() {
            self.fail(&name, "unknown-parameter", "is not a parameter of this operation");
        }
        self.errors.sort();
        self.errors.truncate(ERRORS_MAX);
        self.errors.dedup_by(|one, other| one.pointer == other.pointer);
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Validation(self.errors)) }
    }

    fn fail(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: format!("?{}", shown(name)), code, detail: detail.into() });
    }
}
