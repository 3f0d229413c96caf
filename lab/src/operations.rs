//! The operations of the contract, read from its document, so that a new operation appears by itself.

use serde_json::{Map, Value};
use shared::problem::{KINDS, Kind};
use std::sync::LazyLock;

/// Everything that the document says and the page shows.
#[derive(Debug)]
pub struct Contract {
    /// The headings, in the order of the document.
    pub tags: Vec<Tag>,
    /// By heading, within it in the order of the document.
    pub operations: Vec<Operation>,
}

/// A heading.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Its name: `users`.
    pub name: String,
    /// What is under it.
    pub description: String,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `users.create`.
    pub id: String,
    /// `POST`.
    pub method: String,
    /// The template, such as `/api/users/{id}`.
    pub path: String,
    /// The heading that it is under.
    pub tag: String,
    /// What it is for, in a few words.
    pub summary: String,
    /// What there is to know about it, in Markdown.
    pub description: String,
    /// Whether it answers 401 to a request without a token.
    pub needs_token: bool,
    /// Those of the path and those of the operation.
    pub parameters: Vec<Parameter>,
    /// What its body may be, the usual media type first; empty if it takes none.
    pub bodies: Vec<Body>,
    /// The members of its body.
    pub fields: Vec<Field>,
    /// What it may answer, in the order of the document.
    pub responses: Vec<Response>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A header.
    Header,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name: `limit`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What it does.
    pub description: String,
    /// A value for it; empty if the document has none.
    pub example: String,
}

/// A media type of a body, with its examples.
#[derive(Clone, Debug)]
pub struct Body {
    /// `application/json`.
    pub media_type: String,
    /// Valid bodies.
    pub examples: Vec<Example>,
}

/// A valid body.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name in the document; `example` if it is the only one.
    pub name: String,
    /// What it shows.
    pub summary: String,
    /// The body itself.
    pub value: Value,
}

/// A member of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name: `email`.
    pub name: String,
    /// Whether its values are strings.
    pub is_text: bool,
    /// Whether they are whole numbers.
    pub is_whole: bool,
    /// How many elements it may have, if it is a list that is limited.
    pub most: Option<usize>,
}

/// What an answer with this status means for an operation.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What it means for this operation, in Markdown; problems are named by their slugs.
    pub description: String,
}

/// The methods that an item of `paths` may have, in the order in which they are shown.
const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

impl Contract {
    /// The contract that this executable carries. A document that is no JSON has no operations; the tests hold it to have
    /// all of them.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Contract> =
            LazyLock::new(|| Contract::new(&serde_json::from_str(shared::pages::OPENAPI_JSON).unwrap_or(Value::Null)));
        &EMBEDDED
    }

    /// Reads a document.
    #[must_use]
    pub fn new(document: &Value) -> Self {
        let reader = Reader { document };
        let tags = reader.tags();
        let mut operations = reader.operations();
        let heading = |operation: &Operation| tags.iter().position(|tag| tag.name == operation.tag);
        operations.sort_by_key(|operation| heading(operation).unwrap_or(tags.len()));
        Self { tags, operations }
    }

    /// The operation of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The methods that a path takes, by its template.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<&str> {
        self.operations.iter().filter(|other| other.path == path).map(|other| other.method.as_str()).collect()
    }
}

impl Operation {
    /// The first line of a request for it: `POST /api/users`. The doc comment of every handler begins with it.
    #[must_use]
    pub fn request_line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Every problem that it may answer, in the order of the document: the description of a response names their slugs,
    /// in backticks.
    #[must_use]
    pub fn problems(&self) -> Vec<Kind> {
        let of_response = |response: &Response| {
            let words: Vec<&str> = response.description.split('`').skip(1).step_by(2).collect();
            let named = |kind: &Kind| kind.status == response.status && words.contains(&kind.slug);
            KINDS.into_iter().filter(named).collect::<Vec<_>>()
        };
        self.responses.iter().flat_map(of_response).collect()
    }

    /// The parameters of one place.
    pub fn parameters_in(&self, place: Place) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }

    /// Whether the document knows this status for it.
    #[must_use]
    pub fn response(&self, status: u16) -> Option<&Response> {
        self.responses.iter().find(|response| response.status == status)
    }
}

struct Reader<'a> {
    document: &'a Value,
}

impl<'a> Reader<'a> {
    /// Follows `$ref` within the document.
    fn resolve(&self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        reference.and_then(|pointer| self.document.pointer(pointer)).map_or(value, |target| self.resolve(target))
    }

    fn tags(&self) -> Vec<Tag> {
        let tags = self.document.get("tags").and_then(Value::as_array);
        let tag = |tag: &Value| Tag { name: text(tag, "name"), description: text(tag, "description") };
        tags.into_iter().flatten().map(tag).collect()
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in members(self.document.get("paths")) {
            let item = self.resolve(item);
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    operations.push(self.operation(path, method, item, operation));
                }
            }
        }
        operations
    }

    fn operation(&self, path: &str, method: &str, item: &'a Value, operation: &'a Value) -> Operation {
        let security = operation.get("security").or_else(|| self.document.get("security")).and_then(Value::as_array);
        // `security: []` and `security: [{}]` both mean that no token is needed.
        let is_demand = |one: &Value| one.as_object().is_some_and(|one| !one.is_empty());
        let body = operation.get("requestBody").map(|body| self.resolve(body));
        let (bodies, fields) = self.bodies(body.and_then(|body| body.get("content")));
        let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str);
        Operation {
            id: text(operation, "operationId"),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            tag: tag.unwrap_or_default().to_owned(),
            summary: text(operation, "summary"),
            description: text(operation, "description"),
            needs_token: security.is_some_and(|all| !all.is_empty() && all.iter().all(is_demand)),
            parameters: self.parameters(item, operation),
            bodies,
            fields,
            responses: self.responses(operation),
        }
    }

    /// Those of the path, and those of the operation, which go before them.
    fn parameters(&self, item: &'a Value, operation: &'a Value) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for list in [operation, item] {
            for parameter in list.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                let parameter = self.resolve(parameter);
                let place = match text(parameter, "in").as_str() {
                    "path" => Place::Path,
                    "query" => Place::Query,
                    "header" => Place::Header,
                    _ => continue,
                };
                let name = text(parameter, "name");
                if parameters.iter().any(|known| known.name == name && known.place == place) {
                    continue;
                }
                let example = parameter.get("example").map(plain).unwrap_or_default();
                parameters.push(Parameter { name, place, description: text(parameter, "description"), example });
            }
        }
        parameters
    }

    fn bodies(&self, content: Option<&'a Value>) -> (Vec<Body>, Vec<Field>) {
        let mut fields = Vec::new();
        let mut bodies = Vec::new();
        for (media_type, media) in members(content) {
            let schema = media.get("schema").map(|schema| self.resolve(schema));
            for (name, property) in members(schema.and_then(|schema| schema.get("properties"))) {
                let property = self.resolve(property);
                let is_type = |name: &str| property.get("type").and_then(Value::as_str) == Some(name);
                if !fields.iter().any(|field: &Field| field.name == *name) {
                    fields.push(Field {
                        name: name.clone(),
                        is_text: is_type("string"),
                        is_whole: is_type("integer"),
                        most: property.get("maxItems").and_then(Value::as_u64).and_then(|most| most.try_into().ok()),
                    });
                }
            }
            bodies.push(Body { media_type: media_type.clone(), examples: self.examples(media) });
        }
        (bodies, fields)
    }

    fn examples(&self, media: &'a Value) -> Vec<Example> {
        if let Some(value) = media.get("example") {
            return vec![Example { name: "example".to_owned(), summary: String::new(), value: value.clone() }];
        }
        let example = |(name, example): (&String, &'a Value)| {
            let example = self.resolve(example);
            let value = example.get("value").cloned().unwrap_or_default();
            Example { name: name.clone(), summary: text(example, "summary"), value }
        };
        members(media.get("examples")).map(example).collect()
    }

    fn responses(&self, operation: &'a Value) -> Vec<Response> {
        let response = |(status, response): (&String, &'a Value)| {
            let status = status.parse().ok()?;
            Some(Response { status, description: text(self.resolve(response), "description") })
        };
        members(operation.get("responses")).filter_map(response).collect()
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// A value as it stands in a path, a query or a header.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Contract, Place};
    use serde_json::json;

    #[test]
    fn every_operation_of_the_document_is_there() {
        let document: serde_json::Value = serde_json::from_str(shared::pages::OPENAPI_JSON).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let count: usize = paths.values().map(|item| item.as_object().unwrap().len() - 1).sum();
        let contract = Contract::embedded();
        assert_eq!(contract.operations.len(), count, "every member of a path but `parameters` is a method");
        for operation in &contract.operations {
            assert!(!operation.id.is_empty() && !operation.summary.is_empty(), "{operation:?}");
            assert!(!operation.responses.is_empty(), "{operation:?}");
            assert!(contract.tags.iter().any(|tag| tag.name == operation.tag), "{operation:?}");
            let has_body = matches!(operation.method.as_str(), "POST" | "PUT" | "PATCH");
            assert_eq!(operation.bodies.iter().any(|body| !body.examples.is_empty()), has_body, "{operation:?}");
        }
    }

    #[test]
    fn every_operation_says_what_it_refuses() {
        for operation in &Contract::embedded().operations {
            let problems = operation.problems();
            for response in operation.responses.iter().filter(|response| response.status >= 400) {
                let is_known = problems.iter().any(|kind| kind.status == response.status);
                assert!(is_known, "{}: the description of {} names no problem", operation.id, response.status);
            }
        }
        let create = Contract::embedded().find("users.create").unwrap();
        assert_eq!(create.request_line(), "POST /api/users");
    }

    #[test]
    fn tokens_parameters_and_named_examples_are_read() {
        let contract = Contract::embedded();
        let needs_token = |id: &str| contract.find(id).unwrap().needs_token;
        assert!(needs_token("users.list") && !needs_token("auth.login") && !needs_token("hello.show"));
        let update = contract.find("users.update").unwrap();
        let names = |place| update.parameters_in(place).map(|parameter| parameter.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(Place::Path), ["id"]);
        assert_eq!(names(Place::Header), ["If-Match", "X-Request-Id"]);
        let body = &update.bodies[0];
        let examples: Vec<_> = body.examples.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(
            (body.media_type.as_str(), examples),
            ("application/merge-patch+json", vec!["name", "password", "role"])
        );
        assert_eq!(contract.methods("/api/users/{id}"), ["GET", "PUT", "PATCH", "DELETE"]);
        assert!(update.response(412).unwrap().description.contains("If-Match"));
    }

    #[test]
    fn an_operation_that_is_new_appears_by_itself() {
        let document = json!({ "tags": [{ "name": "new" }], "paths": { "/new": { "post": {
            "operationId": "new.make", "tags": ["new"], "summary": "Make it", "responses": { "201": { "description": "Made." } },
            "parameters": [{ "name": "n", "in": "query", "example": 3 }],
            "requestBody": { "content": { "application/json": { "example": { "b": 1, "a": 2 } } } } } } } });
        let contract = Contract::new(&document);
        let operation = contract.find("new.make").unwrap();
        assert_eq!((operation.method.as_str(), operation.parameters[0].example.as_str()), ("POST", "3"));
        assert_eq!(
            operation.bodies[0].examples[0].value.to_string(),
            r#"{"b":1,"a":2}"#,
            "in the order of the document"
        );
    }
}
