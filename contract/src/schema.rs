//! `openapi.yaml`, and the question whether an answer is one that it documents.
//!
//! Every answer of every case goes through [`Schema::check`]. That is what keeps the document honest: a status, a
//! media type or a header that a server sends and the document does not know is a failure, as is the reverse.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::answer::{Answer, CaseError};

/// The document as it is written.
pub const OPENAPI_YAML: &str = include_str!("../openapi.yaml");

/// Headers of the transfer or of the body itself, which OpenAPI does not list among a response's headers.
const UNLISTED_HEADERS: [&str; 7] =
    ["connection", "content-length", "content-type", "date", "keep-alive", "server", "transfer-encoding"];

/// An operation of the document that a request was for.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The path template, such as `/api/users/{id}`.
    pub template: String,
    /// Whether the document asks for a token here.
    pub needs_token: bool,
    responses: Value,
}

/// The document, parsed, with its schemas compiled as they are first needed.
pub struct Schema {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schema {
    /// The document that this crate carries: one for the whole process, so that each schema is compiled once, however many
    /// servers are asked.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn embedded() -> Result<Arc<Self>, CaseError> {
        static EMBEDDED: LazyLock<Result<Arc<Schema>, CaseError>> =
            LazyLock::new(|| Schema::new(OPENAPI_YAML).map(Arc::new));
        EMBEDDED.clone()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn new(yaml: &str) -> Result<Self, CaseError> {
        let document = serde_yaml_ng::from_str(yaml);
        let document = document.map_err(|error| CaseError::new(format!("openapi.yaml is no YAML: {error}")))?;
        Ok(Self { document, compiled: Mutex::default() })
    }

    /// The whole document as JSON.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Finds the operation a request is for, or nothing where the document knows no such path or method.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let paths = self.document.get("paths")?.as_object()?;
        // A path that is written out goes before one with a parameter, as OpenAPI demands.
        let (template, item) = paths
            .iter()
            .filter(|(template, _)| matches(template, path))
            .min_by_key(|(template, _)| template.matches('{').count())?;
        let key = method.to_ascii_lowercase();
        let known_as_written = method.chars().all(|letter| letter.is_ascii_uppercase());
        let item = self.resolve(item);
        let operation = match (known_as_written, item.get(&key)) {
            (true, Some(operation)) => operation,
            (true, None) if method == "HEAD" => item.get("get")?,
            _ => return None,
        };
        let security = operation.get("security").or_else(|| self.document.get("security"));
        // `security: []` and `security: [{}]` both mean that no token is needed.
        let needs_token = security
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.as_object().is_some_and(|o| !o.is_empty())));
        let responses = operation.get("responses").cloned().unwrap_or_default();
        Some(Operation { template: template.clone(), needs_token, responses })
    }

    /// Checks that the document allows this answer. An answer to what the document does not know must be the
    /// problem 404 or 405.
    ///
    /// # Errors
    /// What the document says, and the answer.
    pub fn check(&self, answer: &Answer) -> Result<(), CaseError> {
        let Some(operation) = self.operation(&answer.method, &answer.path) else {
            // The files of the page are the one thing that is served and not documented.
            if answer.path.starts_with("/docs/") && answer.status == 200 {
                return Ok(());
            }
            return self.check_unknown(answer);
        };
        let place = format!("{} {}", answer.method, operation.template);
        let status = answer.status.to_string();
        let range = format!("{}XX", answer.status / 100);
        let responses = &operation.responses;
        let response = [status.as_str(), range.as_str(), "default"].iter().find_map(|key| responses.get(key));
        let response = response.ok_or_else(|| {
            let known: Vec<_> = responses.as_object().into_iter().flat_map(|all| all.keys()).collect();
            answer.unexpected(format_args!("a status that openapi.yaml documents for {place}: {known:?}"))
        })?;
        let response = self.resolve(response);
        self.check_body(answer, response, &place)?;
        self.check_headers(answer, response, &place)
    }

    fn check_unknown(&self, answer: &Answer) -> Result<(), CaseError> {
        let expected = "404 or 405, since openapi.yaml knows no such path or method";
        answer.check(matches!(answer.status, 404 | 405), expected)?;
        if answer.method == "HEAD" {
            return answer.check(answer.body.is_empty(), "no body on HEAD").map(|_| ());
        }
        answer.header_is("content-type", "application/problem+json")?;
        self.check_value(&json!({ "$ref": "#/components/schemas/Problem" }), &[answer.json()?], answer, "the body")
    }

    fn check_body(&self, answer: &Answer, response: &Value, place: &str) -> Result<(), CaseError> {
        let contents = response.get("content").and_then(Value::as_object).filter(|all| !all.is_empty());
        let Some(contents) = contents else {
            answer.check(answer.body.is_empty(), format_args!("no body: openapi.yaml documents none for {place}"))?;
            return answer.lacks_header("content-type").map(|_| ());
        };
        let sent = answer.needs_header("content-type")?;
        let exact = contents.iter().find(|(name, _)| name.eq_ignore_ascii_case(sent));
        let media = exact.or_else(|| contents.iter().find(|(name, _)| name.eq_ignore_ascii_case(essence(sent))));
        let (name, media) = media.ok_or_else(|| {
            let known: Vec<_> = contents.keys().collect();
            answer.unexpected(format_args!("a content type that openapi.yaml documents for {place}: {known:?}"))
        })?;
        if answer.method == "HEAD" {
            return answer.check(answer.body.is_empty(), "no body on HEAD").map(|_| ());
        }
        let is_json = essence(name).ends_with("json");
        match media.get("schema") {
            Some(schema) if is_json => self.check_value(schema, &[answer.json()?], answer, "the body"),
            _ => Ok(()),
        }
    }

    fn check_headers(&self, answer: &Answer, response: &Value, place: &str) -> Result<(), CaseError> {
        let none = serde_json::Map::new();
        let listed = response.get("headers").and_then(Value::as_object).unwrap_or(&none);
        for (name, header) in listed {
            let header = self.resolve(header);
            let Some(value) = answer.header(name) else {
                let required = header.get("required").and_then(Value::as_bool).unwrap_or(false);
                answer
                    .check(!required, format_args!("the header `{name}`, which openapi.yaml requires for {place}"))?;
                continue;
            };
            if let Some(schema) = header.get("schema") {
                // A header is text; where its schema says integer, the text is read as one.
                let mut readings = vec![Value::from(value)];
                readings.extend(value.parse::<i64>().ok().map(Value::from));
                self.check_value(schema, &readings, answer, &format!("the header `{name}`"))?;
            }
        }
        for (name, _) in &answer.headers {
            let known = listed.keys().any(|listed| listed.eq_ignore_ascii_case(name))
                || UNLISTED_HEADERS.iter().any(|unlisted| unlisted.eq_ignore_ascii_case(name));
            answer
                .check(known, format_args!("no header `{name}`, which openapi.yaml does not document for {place}"))?;
        }
        Ok(())
    }

    /// Expects at least one reading of the value to be valid.
    fn check_value(&self, schema: &Value, readings: &[Value], answer: &Answer, what: &str) -> Result<(), CaseError> {
        let validator = self.validator(schema)?;
        if readings.iter().any(|reading| validator.is_valid(reading)) {
            return Ok(());
        }
        let first = readings.first().unwrap_or(&Value::Null);
        let faults: Vec<_> =
            validator.iter_errors(first).map(|error| format!("{} at `{}`", error, error.instance_path())).collect();
        Err(answer.unexpected(format_args!("{what} to satisfy {schema}: {}", faults.join("; "))))
    }

    fn validator(&self, schema: &Value) -> Result<Arc<Validator>, CaseError> {
        let key = schema.to_string();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(&key) {
            return Ok(Arc::clone(validator));
        }
        // `#/components/...` is resolved against the schema's own root, so the components travel with it.
        let root = json!({ "allOf": [schema], "components": self.document.get("components") });
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        let validator = options.build(&root);
        let validator = validator
            .map_err(|error| CaseError::new(format!("openapi.yaml: {schema} is no usable schema: {error}")))?;
        let validator = Arc::new(validator);
        compiled.insert(key, Arc::clone(&validator));
        Ok(validator)
    }

    /// Follows `$ref` within the document.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        match reference.and_then(|pointer| self.document.pointer(pointer)) {
            Some(target) => self.resolve(target),
            None => value,
        }
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a path as it was sent is one of this template: segment by segment, each decoded, `{...}` standing for any
/// segment that is not empty.
fn matches(template: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (mut wanted, mut sent) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), sent.next()) {
            (None, None) => return true,
            (Some(wanted), Some(sent)) => {
                let is_parameter = wanted.starts_with('{') && wanted.ends_with('}');
                let fits =
                    if is_parameter { !matches!(sent, "" | "." | "..") } else { decoded(sent) == wanted.as_bytes() };
                if !fits {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Schema, matches};
    use crate::answer::Answer;
    use crate::request::Request;

    const DOCUMENT: &str = "
paths:
  /things/{id}:
    get:
      security: [{ bearer: [] }]
      responses:
        '200':
          headers: { ETag: { required: true, schema: { type: string, pattern: '^\"' } }, Retry-After: { schema: { type: integer } } }
          content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } }
        '404': { $ref: '#/components/responses/Problem' }
  /things/first:
    get: { responses: { '200': { description: none } } }
components:
  responses:
    Problem: { content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } } }
  schemas:
    Thing: { type: object, required: [id], additionalProperties: false, properties: { id: { type: string, format: uuid } } }
    Problem: { type: object, required: [type] }
";

    fn verdict(method: &str, path: &str, status: u16, headers: &[(&str, &str)], body: &str) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = Answer::new(&Request::new(method, path), status, headers, body.as_bytes().to_vec());
        Schema::new(DOCUMENT).is_ok_and(|schema| schema.check(&answer).is_ok())
    }

    #[test]
    fn templates_match_segment_by_segment() {
        assert!(matches("/a/{id}", "/a/x?y=/z"));
        assert!(matches("/a/{id}", "/%61/%FF"));
        assert!(matches("/docs", "/docs"));
        for other in ["/a/", "/a", "/a/x/", "//a/x", "/a%2Fx", "/a/b/c"] {
            assert!(!matches("/a/{id}", other), "{other}");
        }
    }

    #[test]
    fn a_documented_answer_passes_and_each_departure_from_it_fails() {
        let json = ("Content-Type", "application/json");
        let etag = ("ETag", "\"1\"");
        let good = r#"{"id":"0198c0de-0000-7000-8000-000000000000"}"#;
        assert!(verdict("GET", "/things/1", 200, &[json, etag], good));
        assert!(verdict("HEAD", "/things/1", 200, &[json, etag], ""));
        assert!(!verdict("GET", "/things/1", 200, &[json], good), "the ETag is missing");
        assert!(!verdict("GET", "/things/1", 200, &[json, ("ETag", "1")], good), "the ETag is malformed");
        assert!(!verdict("GET", "/things/1", 200, &[json, etag, ("Retry-After", "soon")], good), "no integer");
        assert!(!verdict("GET", "/things/1", 200, &[json, etag, ("X-New", "1")], good), "an unknown header");
        assert!(!verdict("GET", "/things/1", 200, &[("Content-Type", "text/plain"), etag], good), "media type");
        assert!(!verdict("GET", "/things/1", 200, &[json, etag], r#"{"id":"1"}"#), "no UUID");
        assert!(!verdict("GET", "/things/1", 201, &[json, etag], good), "an undocumented status");
        assert!(!verdict("GET", "/things/first", 200, &[json], "{}"), "a body that is not documented");
    }

    #[test]
    fn what_the_document_does_not_know_must_be_a_404_or_405_problem() {
        let problem = ("Content-Type", "application/problem+json");
        assert!(verdict("GET", "/nothing", 404, &[problem], r#"{"type":"x"}"#));
        assert!(verdict("POST", "/things/1", 405, &[problem], r#"{"type":"x"}"#));
        assert!(!verdict("GET", "/nothing", 200, &[problem], r#"{"type":"x"}"#));
        assert!(!verdict("GET", "/nothing", 404, &[problem], "{}"));
        assert!(!verdict("get", "/things/1", 200, &[problem], "{}"), "methods are case-sensitive");
    }

    #[test]
    fn the_embedded_document_can_be_read_and_knows_who_needs_a_token() {
        let needs_token = |method, path| {
            let operation = Schema::embedded().ok().and_then(|schema| schema.operation(method, path));
            operation.map(|operation| operation.needs_token)
        };
        assert_eq!(needs_token("GET", "/api/hello"), Some(false));
        assert_eq!(needs_token("GET", "/api/users?limit=1"), Some(true));
        assert_eq!(needs_token("DELETE", "/api/users/1"), Some(true));
        assert_eq!(needs_token("POST", "/api/auth/login"), Some(false));
        assert_eq!(needs_token("GET", "/api/products?category=x"), Some(false));
        assert_eq!(needs_token("HEAD", "/api/products/1"), Some(false));
        assert_eq!(needs_token("PUT", "/api/products/1"), Some(true));
        assert_eq!(needs_token("GET", "/api/users/1/orders"), Some(true));
        assert_eq!(needs_token("GET", "/api/reports/sales"), Some(true));
        assert_eq!(needs_token("BREW", "/api/hello"), None);
    }
}
