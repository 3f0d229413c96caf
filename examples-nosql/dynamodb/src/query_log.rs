//! What is sent, for the query log: the SDK's own hook sees each request as it leaves, attempts that fail included.

use aws_sdk_dynamodb::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::Value;
use shared::context::RequestContext;
use shared::telemetry::Statement;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Reports what one call of a repository sends.
#[derive(Debug)]
pub(crate) struct QueryLog {
    context: RequestContext,
    under_way: Mutex<Option<Attempt>>,
}

impl QueryLog {
    pub(crate) fn new(context: RequestContext) -> Self {
        Self { context, under_way: Mutex::new(None) }
    }

    fn replace(&self, attempt: Option<Attempt>) {
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) = attempt;
    }
}

impl Intercept for QueryLog {
    fn name(&self) -> &'static str {
        "QueryLog"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let (body, parameters) = redacted(request.body().bytes().unwrap_or_default());
        self.replace(Some(Attempt {
            context: self.context.clone(),
            statement: format!("{operation} {body}"),
            parameters,
            started: Instant::now(),
        }));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.replace(None);
        Ok(())
    }
}

/// A request under way. It is reported when it ends: also if nobody waits for the answer any more, in which case the SDK
/// drops this with the rest.
#[derive(Debug)]
struct Attempt {
    context: RequestContext,
    statement: String,
    parameters: Vec<&'static str>,
    started: Instant,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.context.record(Statement {
            statement: std::mem::take(&mut self.statement),
            parameters: std::mem::take(&mut self.parameters),
            duration: self.started.elapsed(),
        });
    }
}

/// The JSON of a request with `"S"` in the place of each `{"S": "a value"}`, and the types of the values.
fn redacted(body: &[u8]) -> (String, Vec<&'static str>) {
    let mut parameters = Vec::new();
    match serde_json::from_slice(body) {
        Ok(mut request) => {
            redact(&mut request, &mut parameters);
            (request.to_string(), parameters)
        }
        Err(_) => (String::new(), parameters),
    }
}

fn redact(value: &mut Value, parameters: &mut Vec<&'static str>) {
    match value {
        Value::Object(members) => {
            if let Some((marker, name)) = attribute_type(members) {
                parameters.push(name);
                *value = Value::from(marker);
                return;
            }
            if let Some(token) = members.get_mut("ClientRequestToken") {
                *token = Value::from("a random UUID");
            }
            // The SDK's maps have no order of their own: the same request would look different each time.
            members.sort_keys();
            members.values_mut().for_each(|member| redact(member, parameters));
        }
        Value::Array(members) => members.iter_mut().for_each(|member| redact(member, parameters)),
        _ => {}
    }
}

/// The type of a value such as `{"N": "1"}`: what DynamoDB writes for it and what it is called. This program writes no
/// others. What is in a map or a list is not shown either: the names of a product's attributes are as much a client's as
/// their values.
fn attribute_type(members: &serde_json::Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
    match (name.as_str(), value) {
        ("S", Value::String(_)) => Some(("S", "string")),
        ("N", Value::String(_)) => Some(("N", "number")),
        ("BOOL", Value::Bool(_)) => Some(("BOOL", "boolean")),
        ("M", Value::Object(_)) => Some(("M", "map")),
        ("L", Value::Array(_)) => Some(("L", "list")),
        _ => None,
    }
}
