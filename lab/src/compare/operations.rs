//! The operations of the contract: their names, and what each may answer.

use serde_json::Value;
use shared::problem::{KINDS, Kind};

/// One operation, as `contract/openapi.yaml` has it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`: `users.create`.
    pub id: String,
    /// `POST`.
    pub method: String,
    /// `/api/users`.
    pub path: String,
    /// What it is for, in a few words.
    pub summary: String,
    /// Whether it answers 401 to a request without a token.
    pub needs_token: bool,
    /// Every problem that it may answer, in the order of their status.
    pub problems: Vec<Kind>,
}

impl Operation {
    /// The first line of a request for it: `POST /api/users`. The doc comment of every handler begins with it.
    #[must_use]
    pub fn request_line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The operations in an `OpenAPI` document (3.1), in its order.
#[must_use]
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            // Beside the methods there are the parameters that they share; only operations have an id.
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
            let security = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
            operations.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                summary: operation.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned(),
                needs_token: security.is_some_and(|ways| !ways.is_empty()),
                problems: problems(document, operation),
            });
        }
    }
    operations
}

/// The problems among the responses of an operation. The description of such a response names their slugs, in backticks.
fn problems(document: &Value, operation: &Value) -> Vec<Kind> {
    let mut problems = Vec::new();
    let responses = operation.get("responses").and_then(Value::as_object);
    for (status, response) in responses.into_iter().flatten() {
        let description = resolved(document, response).get("description").and_then(Value::as_str).unwrap_or_default();
        let words: Vec<&str> = description.split('`').skip(1).step_by(2).collect();
        problems
            .extend(KINDS.into_iter().filter(|kind| kind.status.to_string() == *status && words.contains(&kind.slug)));
    }
    problems
}

/// What a `$ref` points at, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::operations;
    use serde_json::Value;

    #[test]
    fn every_operation_of_the_contract_says_what_it_refuses() {
        let document: Value = serde_json::from_str(shared::pages::OPENAPI_JSON).unwrap();
        let operations = operations(&document);
        let create = operations.iter().find(|operation| operation.id == "users.create").unwrap();
        assert_eq!((create.request_line().as_str(), create.needs_token), ("POST /api/users", true));
        assert!(!operations.iter().find(|operation| operation.id == "hello.show").unwrap().needs_token);
        for operation in &operations {
            let responses = document["paths"][&operation.path][operation.method.to_lowercase()]["responses"].clone();
            for status in responses.as_object().unwrap().keys().filter(|status| status.as_str() >= "400") {
                let is_known = operation.problems.iter().any(|kind| kind.status.to_string() == *status);
                assert!(is_known, "{}: the description of {status} names no problem", operation.id);
            }
        }
    }
}
