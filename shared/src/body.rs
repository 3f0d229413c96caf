//! Reading a JSON body: one function, called from each framework's own extractor.
//!
//! The frameworks' own JSON extractors disagree in status and text, stop at the first failure and some repeat the
//! value sent; so they only bring the bytes here.

use crate::context::{Layer, RequestContext};
use crate::problem::{FieldError, Problem};
use crate::validation::{ERRORS_MAX, field_errors, pointer, shown};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::Segment;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use validator::{Validate, ValidationErrors};

/// The largest body taken, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// What can be read from a body.
pub trait Body: DeserializeOwned + Validate {
    /// Whether the operation takes a merge patch (RFC 7396), that is, whether it is a `PATCH`.
    const PATCH: bool = false;

    /// A valid body with every field in it, and an element in every array: what stands in for a failing field while the
    /// others are checked.
    fn example() -> Value;

    /// Rules that `validator` cannot tell with a pointer: of names that a client chooses, and between elements.
    fn cross_check(&self) -> Vec<FieldError> {
        Vec::new()
    }
}

/// An object within a body. Serde alone would also take an array for the fields in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

impl<T: Validate> Validate for Object<T> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        self.0.validate()
    }
}

/// The headers that describe a body, as the client sent them.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyHeaders<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// `Content-Length`.
    pub content_length: Option<&'a str>,
}

impl BodyHeaders<'_> {
    /// Refuses a body that says itself that it is too large, before any of it is read.
    ///
    /// Whatever comes of it is private from here on: each operation with a body needs a token or takes a password.
    ///
    /// # Errors
    /// [`Problem::PayloadTooLarge`].
    pub fn check_length(&self, context: &RequestContext) -> Result<(), Problem> {
        context.set_private();
        match self.content_length.map(str::parse::<u64>) {
            Some(Ok(length)) if length > BODY_LIMIT as u64 => Err(Problem::PayloadTooLarge { limit: BODY_LIMIT }),
            _ => Ok(()),
        }
    }

    fn check_media_type(&self, patch: bool) -> Result<(), Problem> {
        // White space may stand on both sides of a semicolon (RFC 9110, section 5.6.6); `mime` takes it behind only.
        let tidy = |text: &str| text.split(';').map(str::trim).collect::<Vec<_>>().join(";");
        let media_type = self.content_type.and_then(|text| tidy(text).parse::<mime::Mime>().ok());
        let accepted = media_type.is_some_and(|media_type| {
            let essence = media_type.essence_str();
            let utf8 = media_type.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8);
            utf8 && (essence == "application/json" || (patch && essence == "application/merge-patch+json"))
        });
        let plain = self.content_encoding.is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
        if accepted && plain { Ok(()) } else { Err(Problem::UnsupportedMediaType { patch }) }
    }
}

/// Reads a body of at most [`BODY_LIMIT`] bytes: media type, then JSON syntax, then shape and values.
///
/// # Errors
/// [`Problem::UnsupportedMediaType`], [`Problem::MalformedJson`], or [`Problem::Validation`] with all failing fields.
pub fn read<T: Body>(context: &RequestContext, headers: BodyHeaders<'_>, bytes: &[u8]) -> Result<T, Problem> {
    let _timer = context.enter(Layer::Validation);
    if bytes.is_empty() {
        return Err(Problem::MalformedJson("The body is empty: it must be a JSON object".to_owned()));
    }
    headers.check_media_type(T::PATCH)?;

    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let shaped: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let mut errors = match shaped {
        // Serde would take an array for the fields in order.
        Ok(body) if deserializer.end().is_ok() && bytes.trim_ascii_start().starts_with(b"{") => {
            let errors = wrong_values(&body);
            if errors.is_empty() {
                return Ok(body);
            }
            errors
        }
        _ => {
            // Syntax comes before shape: the whole text must be JSON before a field of it is judged.
            let document: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
            let mut errors = failing_fields::<T>(document);
            // Of a field that is not known it does not matter how often it stands.
            let unknown =
                |pointer: &str| errors.iter().any(|told| told.pointer == *pointer && told.code == "unknown-field");
            let twice: Vec<FieldError> =
                duplicate_fields(bytes).into_iter().filter(|error| !unknown(&error.pointer)).collect();
            errors.extend(twice);
            errors
        }
    };
    // Where there is too much of something, its parts do not matter yet.
    let crowded: Vec<String> =
        errors.iter().filter(|error| error.code == "too-many").map(|error| error.pointer.clone()).collect();
    errors.retain(|error| !crowded.iter().any(|whole| is_within(&error.pointer, whole)));
    errors.sort();
    errors.dedup_by(|one, other| one.pointer == other.pointer);
    errors.truncate(ERRORS_MAX);
    Err(Problem::Validation(errors))
}

/// Whether a pointer is of a part of what the other one is of.
fn is_within(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('/'))
}

fn malformed(error: &serde_json::Error) -> Problem {
    // serde_json's message may quote the text; the place is all a client needs.
    Problem::MalformedJson(format!("The body is not valid JSON (line {}, column {})", error.line(), error.column()))
}

/// Values that are of the right type and still wrong.
fn wrong_values<T: Body>(body: &T) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = body.validate().err().iter().flat_map(field_errors).collect();
    errors.extend(body.cross_check());
    errors
}

/// Every failing field of a document that is JSON but no `T`.
///
/// Serde stops at the first failure. So each one is noted and mended with the example's value, until the rest reads
/// as a `T`, whose values are then checked too: a client corrects a form once, not once a field.
fn failing_fields<T: Body>(mut document: Value) -> Vec<FieldError> {
    let whole = |detail: &str| FieldError { pointer: String::new(), code: "type", detail: detail.to_owned() };
    if !document.is_object() {
        return vec![whole("must be a JSON object")];
    }
    let example = T::example();
    let mut errors = Vec::new();
    while errors.len() < ERRORS_MAX {
        let failure = match serde_path_to_error::deserialize::<_, T>(&document) {
            Ok(body) => {
                // Elements that were mended are all alike.
                let mended = |whole: &str| errors.iter().any(|part: &FieldError| is_within(&part.pointer, whole));
                let is_ours = |error: &FieldError| error.code == "duplicate-product" && mended(&error.pointer);
                let wrong: Vec<FieldError> = wrong_values(&body).into_iter().filter(|error| !is_ours(error)).collect();
                errors.extend(wrong);
                break;
            }
            Err(failure) => failure,
        };
        let message = failure.inner().to_string();
        // The last one ends the name: a name may hold this text itself, the list of what was expected does not.
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "));
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let mut path = segments(failure.path());
        let (code, detail) = if let Some((field, _)) = unknown {
            if path.last().is_none_or(|last| last != field) {
                path.push(field.to_owned());
            }
            ("unknown-field", "is not a field of this request".to_owned())
        } else if let Some(field) = missing {
            path.push(field.to_owned());
            ("required", "is required".to_owned())
        } else {
            mismatch(&message)
        };
        if !mend(&mut document, &path, unknown.is_none(), &example) {
            errors.push(whole("is not as expected"));
            break;
        }
        let shown: Vec<&str> = path.iter().map(|segment| shown(segment)).collect();
        errors.push(FieldError { pointer: pointer(&shown), code, detail });
    }
    errors
}

/// A path's names and indexes.
fn segments(path: &serde_path_to_error::Path) -> Vec<String> {
    let text = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        // No body has variants with fields in them: whoever sends one has sent another type.
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(text).collect()
}

/// Puts the example's value in a place, or takes away a field that is not known. Every element of an array is like the
/// example's first, and so is every member of an object whose names the client chooses. Whether there was anything to do.
fn mend(document: &mut Value, path: &[String], is_known: bool, example: &Value) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let (mut place, mut example) = (document, Some(example));
    for segment in parents {
        example = example.and_then(|example| example.get(segment).or_else(|| example.get(0)));
        let next = match place {
            Value::Object(fields) => fields.get_mut(segment),
            Value::Array(elements) => segment.parse().ok().and_then(|index: usize| elements.get_mut(index)),
            _ => None,
        };
        let Some(next) = next else { return false };
        place = next;
    }
    match place {
        Value::Object(fields) if is_known => {
            let first = || example.and_then(Value::as_object).and_then(|members| members.values().next());
            let value = example.and_then(|example| example.get(last)).or_else(first);
            value.is_some_and(|value| fields.insert(last.clone(), value.clone()).as_ref() != Some(value))
        }
        Value::Object(fields) => fields.remove(last).is_some(),
        Value::Array(elements) => {
            let element = last.parse().ok().and_then(|index: usize| elements.get_mut(index));
            element.zip(example.and_then(|example| example.get(0))).is_some_and(|(element, value)| {
                element.clone_from(value);
                true
            })
        }
        _ => false,
    }
}

/// What serde expected, without what it found: that may be a password.
fn mismatch(message: &str) -> (&'static str, String) {
    let expected = message.rsplit_once(", expected ").map_or("another type", |(_, expected)| expected);
    if message.starts_with("unknown variant") {
        return ("not-an-option", format!("must be {}", expected.replace('`', "\"").trim_start_matches("one of ")));
    }
    let expected = match expected {
        "i64" => "a whole number",
        "a sequence" => "an array",
        other => other,
    };
    ("type", format!("must be {expected}"))
}

/// Names that stand more than once in an object, at any depth. RFC 8259 leaves open which one counts, so none does.
fn duplicate_fields(bytes: &[u8]) -> Vec<FieldError> {
    let mut twice = BTreeSet::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    // What cannot be read has been refused before.
    let _ = Walk { path: Vec::new(), twice: &mut twice }.deserialize(&mut deserializer);
    let failing = |pointer| FieldError { pointer, code: "duplicate-field", detail: "stands more than once".to_owned() };
    twice.into_iter().map(failing).collect()
}

/// Walks through a JSON text and notes the pointers of the names that come a second time.
struct Walk<'a> {
    path: Vec<String>,
    twice: &'a mut BTreeSet<String>,
}

impl Walk<'_> {
    /// On to a member or an element.
    fn step(&mut self, segment: &str) -> Walk<'_> {
        let path = self.path.iter().map(String::as_str).chain([shown(segment)]).map(str::to_owned).collect();
        Walk { path, twice: self.twice }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let member = self.step(&name);
            if seen.contains(&name) {
                let path: Vec<&str> = member.path.iter().map(String::as_str).collect();
                member.twice.insert(pointer(&path));
            }
            map.next_value_seed(member)?;
            seen.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while elements.next_element_seed(self.step(&index.to_string()))?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BODY_LIMIT, Body, BodyHeaders, read};
    use crate::context::RequestContext;
    use crate::dto::{CreateOrderRequest, CreateUserRequest, ProductRequest, UpdateUserRequest};
    use crate::problem::Problem;

    const JSON: BodyHeaders<'static> =
        BodyHeaders { content_type: Some("application/json"), content_encoding: None, content_length: None };

    fn verdict<T: Body>(headers: BodyHeaders<'_>, body: impl AsRef<[u8]>) -> String {
        match read::<T>(&RequestContext::internal("test"), headers, body.as_ref()) {
            Ok(_) => "ok".to_owned(),
            Err(Problem::Validation(errors)) => {
                errors.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect::<Vec<_>>().join("; ")
            }
            Err(problem) => problem.kind().slug.to_owned(),
        }
    }

    fn check(body: &str, expected: &str) {
        assert_eq!(verdict::<CreateUserRequest>(JSON, body), expected, "{body}");
    }

    #[test]
    fn all_failing_fields_are_told_at_once_whatever_is_wrong_with_each() {
        check("{}", "/email required; /name required; /password required; /role required");
        check(
            r#"{"name":" ","email":5,"password":"short","x":1}"#,
            "/email type; /name too-short; /password too-short; /role required; /x unknown-field",
        );
        check(r#"{"name":null,"email":"a@b","password":"12345678","role":"king"}"#, "/name type; /role not-an-option");
        check(
            r#"{"name":"a","email":"a@b","password":"12345678","role":"user","a/b":1,"~":2}"#,
            "/a~1b unknown-field; /~0 unknown-field",
        );
    }

    #[test]
    fn no_value_that_was_sent_is_repeated() {
        let body = r#"{"name":1,"email":2,"password":98765,"role":"hunter2, expected hunter2"}"#;
        let Err(Problem::Validation(errors)) =
            read::<CreateUserRequest>(&RequestContext::internal("test"), JSON, body.as_bytes())
        else {
            panic!("must be refused");
        };
        let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
        assert_eq!(
            details,
            ["must be a string", "must be a string", "must be a string", "must be \"user\" or \"admin\""]
        );
    }

    #[test]
    fn a_field_that_stands_twice_is_refused() {
        check(r#"{"name":"a","name":"b","email":"a@b","password":"12345678","role":"user"}"#, "/name duplicate-field");
        check(r#"{"name":"a","email":"a@b","password":"12345678","role":"user","x":1,"x":2}"#, "/x unknown-field");
    }

    #[test]
    fn syntax_comes_before_shape() {
        let deep = format!("{{\"name\":{}", "[".repeat(10_000));
        let closed = format!("{}{}", "[".repeat(128), "]".repeat(128));
        for body in [
            "{",
            r#"{"name":5,"#,
            "nul",
            "{} x",
            &deep,
            &closed,
            r#"{"name":"\ud800"}"#,
            r#"{"x":1e999}"#,
            "\u{feff}{}",
            "",
        ] {
            check(body, "malformed-json");
        }
        assert_eq!(verdict::<CreateUserRequest>(JSON, b"{\"name\":\"\xff\"}"), "malformed-json");
    }

    #[test]
    fn what_fails_inside_of_an_array_is_told_by_its_place() {
        let check = |body: &str, expected: &str| {
            assert_eq!(verdict::<CreateOrderRequest>(JSON, body), expected, "{body}");
        };
        check("{}", "/lines required");
        check(r#"{"lines":5}"#, "/lines type");
        check(r#"{"lines":[]}"#, "/lines too-few");
        check(r#"{"lines":[5,["a",1],{"product_id":"a","quantity":1}]}"#, "/lines/0 type; /lines/1 type");
        check(
            r#"{"lines":[{"quantity":0},{"product_id":5,"quantity":1001},{"product_id":"a","quantity":1.5,"x":1}],"y":1}"#,
            "/lines/0/product_id required; /lines/0/quantity too-small; /lines/1/product_id type; \
             /lines/1/quantity too-large; /lines/2/quantity type; /lines/2/x unknown-field; /y unknown-field",
        );
        check(
            r#"{"lines":[{"product_id":"a","quantity":1},{"product_id":"a","quantity":0}]}"#,
            "/lines duplicate-product; /lines/1/quantity too-small",
        );
        check(
            r#"{"lines":[{"product_id":"a","product_id":"b","quantity":1,"x":1,"x":2}]}"#,
            "/lines/0/product_id duplicate-field; /lines/0/x unknown-field",
        );
        let line = |number: usize| format!(r#"{{"product_id":"{number}","quantity":1}}"#);
        let lines = |count: usize| format!(r#"{{"lines":[{}]}}"#, (0..count).map(line).collect::<Vec<_>>().join(","));
        check(&lines(20), "ok");
        check(&lines(21), "/lines too-many");
        check(&lines(1_000), "/lines too-many");
    }

    #[test]
    fn attributes_are_told_by_their_names() {
        let check = |attributes: &str, expected: &str| {
            let body = format!(
                r#"{{"sku":"A","name":"a","category":"b","price_cents":1,"stock":1,"attributes":{attributes}}}"#
            );
            assert_eq!(verdict::<ProductRequest>(JSON, &body), expected, "{attributes}");
        };
        check(r#"{"color":"red","weight":1.5,"new":true,"a_1":0}"#, "ok");
        check("[]", "/attributes type");
        check("null", "/attributes type");
        check(r#"{"a":null,"b":[],"c":{"d":1},"e":1}"#, "/attributes/a type; /attributes/b type; /attributes/c type");
        check(
            r#"{"A":1,"":2,"a b":3,"é":4}"#,
            "/attributes/ format; /attributes/A format; /attributes/a b format; /attributes/é format",
        );
        check(r#"{"a":1,"a":2}"#, "/attributes/a duplicate-field");
        check(
            r#"{"a":1e300,"b":1e-7,"c":-9007199254740992,"d":-9007199254740991,"e":0.000001}"#,
            "/attributes/a out-of-range; /attributes/b out-of-range; /attributes/c out-of-range",
        );
        check(
            &format!(r#"{{"a":"{}","b":"{}","c":"\u0000"}}"#, "x".repeat(200), "x".repeat(201)),
            "/attributes/b too-long; /attributes/c control-character",
        );
        let crowd: String = (0..20).map(|number| format!(r#","a{number}":1"#)).collect();
        check(&format!(r#"{{"a":null{crowd}}}"#), "/attributes too-many");
        let many = (0..21).map(|number| format!("\"a{number}\":1")).collect::<Vec<_>>().join(",");
        check(&format!("{{{many}}}"), "/attributes too-many");
    }

    #[test]
    fn whole_numbers_are_within_their_limits() {
        let check = |price: &str, stock: &str, expected: &str| {
            let body = format!(r#"{{"sku":"A-1","name":"a","category":"b","price_cents":{price},"stock":{stock}}}"#);
            assert_eq!(verdict::<ProductRequest>(JSON, &body), expected, "{price} {stock}");
        };
        check("0", "0", "ok");
        check("100000000", "1000000", "ok");
        check("-1", "1000001", "/price_cents too-small; /stock too-large");
        check("100000001", "-1", "/price_cents too-large; /stock too-small");
        check("1.0", "\"1\"", "/price_cents type; /stock type");
        check("99999999999999999999", "null", "/price_cents type; /stock type");
    }

    #[test]
    fn json_that_is_no_object_is_refused_as_a_whole() {
        for body in ["null", "5", "\"text\"", "[1]"] {
            check(body, " type");
        }
    }

    #[test]
    fn an_array_is_not_taken_for_the_fields_in_order() {
        check(r#"["a","a@b","12345678","user"]"#, " type");
    }

    #[test]
    fn a_patch_may_leave_fields_out_but_not_remove_them() {
        assert_eq!(verdict::<UpdateUserRequest>(JSON, "{}"), "ok");
        assert_eq!(verdict::<UpdateUserRequest>(JSON, r#"{"name":null,"role":null}"#), "/name type; /role type");
    }

    #[test]
    fn hostile_bodies_get_short_answers() {
        let body = format!("{{{}}}", (0..5_000).map(|n| format!("\"x{n}\":0")).collect::<Vec<_>>().join(","));
        assert!(verdict::<CreateUserRequest>(JSON, body).split("; ").count() <= 32);
    }

    #[test]
    fn the_media_type_is_json_in_utf_8_without_a_coding() {
        let verdict = |content_type: &str, patch: bool| {
            let headers = BodyHeaders {
                content_type: (!content_type.is_empty()).then_some(content_type),
                ..BodyHeaders::default()
            };
            if patch { verdict::<UpdateUserRequest>(headers, "{}") } else { verdict::<CreateUserRequest>(headers, "[") }
        };
        for content_type in
            ["application/json", "Application/JSON; Charset=UTF-8", "application/json ; charset=\"utf-8\""]
        {
            assert_eq!(verdict(content_type, false), "malformed-json", "{content_type}");
        }
        for content_type in [
            "",
            "text/plain",
            "application/merge-patch+json",
            "application/json; charset=latin1",
            "application/jsonx",
            "application/problem+json",
            ";",
        ] {
            assert_eq!(verdict(content_type, false), "unsupported-media-type", "{content_type}");
        }
        assert_eq!(verdict("application/merge-patch+json", true), "ok");
        let packed = BodyHeaders { content_encoding: Some("gzip"), ..JSON };
        assert_eq!(self::verdict::<UpdateUserRequest>(packed, "{}"), "unsupported-media-type");
    }

    #[test]
    fn a_body_that_says_it_is_too_large_is_not_read() {
        let context = RequestContext::internal("test");
        let check = |length| BodyHeaders { content_length: Some(length), ..JSON }.check_length(&context);
        assert!(check("65536").is_ok());
        assert!(check("65537").is_err());
        assert!(check("99999999999999999999").is_ok(), "the server itself refuses this one");
        assert!(context.is_private());
        assert_eq!(BODY_LIMIT, 65_536);
    }

    #[test]
    fn every_beginning_of_a_body_is_malformed() {
        let body = CreateUserRequest::example().to_string();
        for (end, _) in body.char_indices() {
            check(&body[..end], "malformed-json");
        }
        check(&body, "ok");
    }
}
