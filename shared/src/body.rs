//! Reading a JSON body: one function, called from each framework's own extractor.
//!
//! The frameworks' own JSON extractors disagree in status and text, stop at the first failure and some repeat the
//! value sent; so they only bring the bytes here.

use crate::context::{Layer, RequestContext};
use crate::problem::{FieldError, Problem};
use crate::validation::{ERRORS_MAX, field_errors, pointer, shown};
use serde::Deserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use validator::Validate;

/// The largest body taken, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// What can be read from a body.
pub trait Body: DeserializeOwned + Validate {
    /// Whether the operation takes a merge patch (RFC 7396), that is, whether it is a `PATCH`.
    const PATCH: bool = false;

    /// A valid body with every field in it: what stands in for a failing field while the others are checked.
    fn example() -> Value;
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
        Ok(body) if deserializer.end().is_ok() && bytes.trim_ascii_start().starts_with(b"{") => match body.validate() {
            Ok(()) => return Ok(body),
            Err(report) => field_errors(&report),
        },
        _ => {
            // Syntax comes before shape: the whole text must be JSON before a field of it is judged.
            let document: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
            let mut errors = duplicate_fields::<T>(bytes);
            errors.extend(failing_fields::<T>(document));
            errors
        }
    };
    errors.sort();
    errors.dedup_by(|one, other| one.pointer == other.pointer);
    errors.truncate(ERRORS_MAX);
    Err(Problem::Validation(errors))
}

fn malformed(error: &serde_json::Error) -> Problem {
    // serde_json's message may quote the text; the place is all a client needs.
    Problem::MalformedJson(format!("The body is not valid JSON (line {}, column {})", error.line(), error.column()))
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
                errors.extend(body.validate().err().iter().flat_map(field_errors));
                break;
            }
            Err(failure) => failure,
        };
        let message = failure.inner().to_string();
        let Some(fields) = document.as_object_mut() else { break };
        // The last one ends the name: a name may hold this text itself, the list of what was expected does not.
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "));
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let wrong = failure.path().iter().next().map(ToString::to_string);
        let (field, code, detail) = if let Some((field, _)) = unknown {
            (field.to_owned(), "unknown-field", "is not a field of this request".to_owned())
        } else if let Some(field) = missing {
            (field.to_owned(), "required", "is required".to_owned())
        } else if let Some(field) = wrong {
            let (code, detail) = mismatch(&message);
            (field, code, detail)
        } else {
            errors.push(whole("is not as expected"));
            break;
        };
        match example.get(&field) {
            Some(value) => fields.insert(field.clone(), value.clone()),
            None => fields.remove(&field),
        };
        errors.push(FieldError { pointer: pointer(&[shown(&field)]), code, detail });
    }
    errors
}

/// What serde expected, without what it found: that may be a password.
fn mismatch(message: &str) -> (&'static str, String) {
    let expected = message.rsplit_once(", expected ").map_or("another type", |(_, expected)| expected);
    if message.starts_with("unknown variant") {
        return ("not-an-option", format!("must be {}", expected.replace('`', "\"").trim_start_matches("one of ")));
    }
    ("type", format!("must be {expected}"))
}

/// Known fields that stand more than once in an object. RFC 8259 leaves open which one counts, so none does.
fn duplicate_fields<T: Body>(bytes: &[u8]) -> Vec<FieldError> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = BTreeSet<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                if !seen.insert(name.clone()) {
                    twice.insert(name);
                }
            }
            Ok(twice)
        }
    }

    let example = T::example();
    let twice = serde_json::Deserializer::from_slice(bytes).deserialize_map(Names).unwrap_or_default();
    let known = twice.into_iter().filter(|name| example.get(name).is_some());
    known
        .map(|name| FieldError {
            pointer: pointer(&[&name]),
            code: "duplicate-field",
            detail: "stands more than once".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BODY_LIMIT, Body, BodyHeaders, read};
    use crate::context::RequestContext;
    use crate::dto::{CreateUserRequest, UpdateUserRequest};
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
