//! Every failing field of a body, where serde would tell the first.

use super::{Body, is_within};
use crate::problem::FieldError;
use crate::validation::{ERRORS_MAX, field_errors, pointer, push_segment, shown};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::Segment;
use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// Values that are of the right type and still wrong.
pub(super) fn wrong_values<T: Body>(body: &T) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = body.validate().err().iter().flat_map(field_errors).collect();
    errors.extend(body.cross_check());
    errors
}

/// Every failing field of a document that is JSON but no `T`.
///
/// Serde stops at the first failure. So each one is noted and mended with the example's value, until the rest reads
/// as a `T`, whose values are then checked too: a client corrects a form once, not once a field.
pub(super) fn failing_fields<T: Body>(mut document: Value) -> Vec<FieldError> {
    let whole = |detail: &str| FieldError { pointer: String::new(), code: "type", detail: detail.to_owned() };
    if !document.is_object() {
        return vec![whole("must be a JSON object")];
    }
    let example = T::example();
    let mut errors = Vec::new();
    while errors.len() < ERRORS_MAX {
        let failure = match serde_path_to_error::deserialize::<_, T>(&document) {
            Ok(body) => {
                // Parts that were mended are all alike: of their whole, only how many there are is still the client's.
                let mended = |whole: &str| errors.iter().any(|part: &FieldError| is_within(&part.pointer, whole));
                let is_the_clients = |error: &FieldError| error.code == "too-many" || !mended(&error.pointer);
                let wrong: Vec<FieldError> = wrong_values(&body).into_iter().filter(is_the_clients).collect();
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
pub(super) fn duplicate_fields(bytes: &[u8]) -> Vec<FieldError> {
    let (mut place, mut twice) = (String::new(), BTreeSet::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    // What cannot be read has been refused before.
    let _ = Walk { place: &mut place, twice: &mut twice }.deserialize(&mut deserializer);
    let failing = |pointer| FieldError { pointer, code: "duplicate-field", detail: "stands more than once".to_owned() };
    twice.into_iter().map(failing).collect()
}

/// Walks through a JSON text and notes the pointers of the names that come a second time.
///
/// It has one pointer, which grows and shrinks on the way, and keeps no more of them than are told: a body may nest deep
/// and hold thousands of such names.
struct Walk<'a> {
    place: &'a mut String,
    twice: &'a mut BTreeSet<String>,
}

impl Walk<'_> {
    /// On to a member or an element; what `here` gets goes on from there.
    fn step<T>(&mut self, segment: &str, here: impl FnOnce(Walk<'_>) -> T) -> T {
        let length = self.place.len();
        push_segment(self.place, shown(segment));
        let outcome = here(Walk { place: self.place, twice: self.twice });
        self.place.truncate(length);
        outcome
    }

    /// Notes the present place. Those that come first in the order of pointers stay.
    fn note(&mut self) {
        self.twice.insert(self.place.clone());
        if self.twice.len() > ERRORS_MAX {
            self.twice.pop_last();
        }
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
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.step(&name, |mut member| {
                if seen.contains(&name) {
                    member.note();
                }
                map.next_value_seed(member)
            })?;
            seen.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while self.step(&index.to_string(), |element| elements.next_element_seed(element))?.is_some() {
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
