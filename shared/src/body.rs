//! Reading a JSON body: one function, called from each framework's own extractor.
//!
//! The frameworks' own JSON extractors disagree in status and text, stop at the first failure and some repeat the
//! value sent; so they only bring the bytes here.

mod failing;

use crate::context::{Layer, RequestContext};
use crate::problem::{FieldError, Problem};
use crate::validation::ERRORS_MAX;
use failing::{duplicate_fields, failing_fields, wrong_values};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
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
