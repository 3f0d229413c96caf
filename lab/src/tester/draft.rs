//! A request that is filled in for an operation, before anybody edits it.

use crate::operations::{Body, Example, Operation, Parameter, Place};
use crate::tester::samples;
use serde_json::{Value, json};
use shared::demo;
use shared::domain::OrderStatus;

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
        // The category of the contract's example has nothing in it here.
        let example = if name == "category" { samples::product(1).category } else { example.clone() };
        Self { name: name.clone(), value: String::new(), description: description.clone(), example }
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

/// What is in the demo data is there, what the contract's examples name is not. Each method that changes something has one
/// of its own: whoever has tried `DELETE` can still try the others.
fn path_value(operation: &Operation, parameter: &Parameter) -> String {
    let collection = operation.path.split("/{").next().and_then(|path| path.rsplit('/').next());
    let method = operation.method.as_str();
    let number = match method {
        "PUT" => 2,
        "PATCH" => 3,
        _ => 1,
    };
    match (collection, method) {
        _ if parameter.name != "id" => parameter.example.clone(),
        (Some("users"), "DELETE") => samples::user_without_orders().to_string(),
        (Some("users"), _) if operation.path.ends_with("/orders") => samples::user_with_orders().to_string(),
        (Some("users"), _) => samples::user(number).id.to_string(),
        // What is ordered is none of those that are replaced and deleted.
        (Some("products"), "DELETE") => samples::product(3).id.to_string(),
        (Some("products"), _) => samples::product(number).id.to_string(),
        // Whatever the first example makes of it, it can be made of one that nobody has paid yet.
        (Some("orders"), "PATCH") => samples::order(OrderStatus::Pending).id.to_string(),
        (Some("orders"), _) => samples::order(OrderStatus::Shipped).id.to_string(),
        _ => parameter.example.clone(),
    }
}

fn example_of<'a>(body: &'a Body, name: Option<&str>) -> Option<&'a Value> {
    let named = |example: &&Example| name.is_some_and(|name| example.name == name);
    body.examples.iter().find(named).or(body.examples.first()).map(|example| &example.value)
}

/// The example as text, with what is there: whoever signs in is the demo admin, and who orders, orders demo products.
fn body_text(operation: &Operation, value: &Value) -> String {
    let mut value = value.clone();
    if operation.path.ends_with("/login")
        && let Some(email) = value.get_mut("email")
    {
        *email = Value::from(demo::ADMIN_EMAIL);
    }
    let lines = value.get_mut("lines").and_then(Value::as_array_mut).into_iter().flatten();
    for (line, number) in lines.zip(samples::ORDERED_FROM..) {
        if let Some(product_id) = line.get_mut("product_id") {
            *product_id = json!(samples::product(number).id.to_string());
        }
    }
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use crate::operations::Contract;
    use crate::tester::samples;
    use shared::domain::OrderStatus;
    use shared::dto::{
        CreateOrderRequest, CreateUserRequest, LoginRequest, ProductRequest, RegisterRequest, ReplaceUserRequest,
        UpdateOrderRequest, UpdateUserRequest,
    };
    use std::collections::BTreeSet;

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
        for id in ["products.create", "products.replace"] {
            assert!(serde_json::from_str::<ProductRequest>(&body(id, None)).is_ok(), "{id}");
        }
        for (example, status) in [("pay", "paid"), ("ship", "shipped"), ("cancel", "cancelled")] {
            let body = body("orders.update", Some(example));
            assert!(serde_json::from_str::<UpdateOrderRequest>(&body).is_ok() && body.contains(status), "{body}");
        }
    }

    #[test]
    fn an_order_names_products_that_are_there_and_are_neither_replaced_nor_deleted() {
        let body = draft("orders.create", None).body.unwrap();
        let order: CreateOrderRequest = serde_json::from_str(&body).unwrap();
        let ordered: BTreeSet<&str> = order.lines.iter().map(|line| line.0.product_id.as_str()).collect();
        assert_eq!(ordered.len(), order.lines.len());
        for line in &order.lines {
            let product = (1..=shared::demo::PRODUCTS).map(samples::product);
            let mut product = product.filter(|product| product.id.to_string() == line.0.product_id);
            assert!(product.next().is_some_and(|product| product.stock >= 2 * line.0.quantity), "{line:?}");
        }
        for id in ["products.replace", "products.delete"] {
            assert!(ordered.iter().all(|product| !draft(id, None).path.contains(product)), "{id}");
        }
        let paid = draft("orders.update", None).path;
        assert!(paid.ends_with(&samples::order(OrderStatus::Pending).id.to_string()), "{paid}");
    }

    #[test]
    fn each_method_that_changes_something_has_a_demo_user_or_product_of_its_own() {
        for kind in ["users", "products"] {
            let paths = ["find", "replace", "delete"].map(|name| draft(&format!("{kind}.{name}"), None).path);
            assert!(paths[0].starts_with(&format!("/api/{kind}/01942")), "{paths:?}");
            assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), 3, "{paths:?}");
        }
        let update = draft("users.update", None).path;
        assert!(["find", "replace", "delete"].iter().all(|name| draft(&format!("users.{name}"), None).path != update));
        assert_ne!(draft("orders.find", None).path, draft("orders.update", None).path);
        assert!(draft("orders.list", None).path.ends_with("/orders"));
    }
}
