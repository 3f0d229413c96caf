//! A request that is filled in for an operation, before anybody edits it.

use crate::operations::{Body, Example, Operation, Parameter, Place};
use serde_json::Value;
use shared::demo;

/// A request as the form shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub method: String,
    /// The path with its parameters filled in, without the query.
    pub path: String,
    pub query: Vec<Pair>,
    pub headers: Vec<Pair>,
    /// None if the operation takes no body.
    pub body: Option<String>,
    /// Whether the token of whoever signed in goes with it.
    pub with_token: bool,
}

/// A name with its value; one whose value is empty is offered, but not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub name: String,
    pub value: String,
    /// What it is for.
    pub description: String,
    /// What it may look like.
    pub example: String,
}

impl Pair {
    /// A pair that needs no explanation.
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), description: String::new(), example: String::new() }
    }

    fn offered(parameter: &Parameter) -> Self {
        let Parameter { name, description, example, .. } = parameter;
        Self { name: name.clone(), value: String::new(), description: description.clone(), example: example.clone() }
    }
}

impl Draft {
    /// A valid request. Of several examples it takes the one of this name, or the first.
    pub(crate) fn new(operation: &Operation, example: Option<&str>) -> Self {
        let body = operation.bodies.first();
        let mut headers: Vec<Pair> = body.iter().map(|body| Pair::new("Content-Type", &body.media_type)).collect();
        headers.extend(operation.parameters_in(Place::Header).map(Pair::offered));
        Self {
            method: operation.method.clone(),
            path: path(operation, |parameter| path_value(operation, parameter)),
            query: operation.parameters_in(Place::Query).map(Pair::offered).collect(),
            headers,
            body: body
                .map(|body| example_of(body, example).map_or_else(String::new, |value| body_text(operation, value))),
            with_token: operation.needs_token,
        }
    }

    /// Gives a header that is offered this value, or adds it.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        match self.headers.iter_mut().find(|pair| pair.name.eq_ignore_ascii_case(name)) {
            Some(pair) => value.clone_into(&mut pair.value),
            None => self.headers.push(Pair::new(name, value)),
        }
    }
}

/// The template with these values in it.
pub(crate) fn path(operation: &Operation, value: impl Fn(&Parameter) -> String) -> String {
    operation.parameters_in(Place::Path).fold(operation.path.clone(), |path, parameter| {
        path.replace(&format!("{{{}}}", parameter.name), &value(parameter))
    })
}

/// Demo users are there, the one of the contract's example is not. Each method that changes something has one of its own:
/// whoever has tried `DELETE` can still try the others.
fn path_value(operation: &Operation, parameter: &Parameter) -> String {
    let is_user = parameter.name == "id" && operation.path.contains("/users/{id}");
    let number = match operation.method.as_str() {
        _ if !is_user => return parameter.example.clone(),
        "PUT" => 2,
        "PATCH" => 3,
        "DELETE" => 4,
        _ => 1,
    };
    demo::user(number, demo::unusable_hash()).id.to_string()
}

fn example_of<'a>(body: &'a Body, name: Option<&str>) -> Option<&'a Value> {
    let named = |example: &&Example| name.is_some_and(|name| example.name == name);
    body.examples.iter().find(named).or(body.examples.first()).map(|example| &example.value)
}

/// The example as text. Whoever signs in is the demo admin: the contract's example is nobody here.
fn body_text(operation: &Operation, value: &Value) -> String {
    let mut value = value.clone();
    if operation.path.ends_with("/login")
        && let Some(email) = value.get_mut("email")
    {
        *email = Value::from(demo::ADMIN_EMAIL);
    }
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use crate::operations::Contract;
    use shared::dto::{CreateUserRequest, LoginRequest, RegisterRequest, ReplaceUserRequest, UpdateUserRequest};

    fn draft(id: &str, example: Option<&str>) -> Draft {
        Draft::new(Contract::embedded().find(id).unwrap(), example)
    }

    #[test]
    fn every_operation_has_a_request_without_gaps() {
        for operation in &Contract::embedded().operations {
            let draft = Draft::new(operation, None);
            assert!(draft.path.starts_with('/') && !draft.path.contains(['{', '}']), "{draft:?}");
            assert_eq!(draft.body.is_some(), !operation.bodies.is_empty());
            assert!(draft.query.iter().all(|pair| pair.value.is_empty() && !pair.description.is_empty()), "{draft:?}");
        }
    }

    #[test]
    fn the_examples_are_what_the_services_take() {
        let body = |id: &str, example| draft(id, example).body.unwrap();
        assert!(serde_json::from_str::<RegisterRequest>(&body("auth.register", None)).is_ok());
        assert!(serde_json::from_str::<LoginRequest>(&body("auth.login", None)).is_ok());
        assert!(serde_json::from_str::<CreateUserRequest>(&body("users.create", None)).is_ok());
        assert!(serde_json::from_str::<ReplaceUserRequest>(&body("users.replace", None)).is_ok());
        for example in ["name", "password", "role"] {
            let body = body("users.update", Some(example));
            assert!(serde_json::from_str::<UpdateUserRequest>(&body).is_ok() && body.contains(example), "{body}");
        }
        assert!(body("auth.login", None).contains("admin@example.com"));
    }

    #[test]
    fn each_method_has_a_demo_user_of_its_own() {
        let mut paths = ["users.find", "users.replace", "users.update", "users.delete"].map(|id| draft(id, None).path);
        assert!(paths[0].starts_with("/api/users/01942"), "{paths:?}");
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{paths:?}");
    }
}
