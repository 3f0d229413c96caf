//! The rules for single fields, and what a `validator` report becomes in an answer.

use crate::domain::{AttributeValue, Number};
use crate::problem::FieldError;
use regex::Regex;
use std::sync::LazyLock;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// The rule of HTML's `<input type="email">` (WHATWG HTML, "valid e-mail address"), word for word.
///
/// The `validator` crate's own check is not it: that takes addresses with an IP literal and caps the local part.
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?",
        r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
    ))
    .ok()
});

/// The longest e-mail address, in characters: RFC 5321's path of 256 octets less its angle brackets.
pub const EMAIL_MAX: usize = 254;

/// At most so many failing fields are told: a hostile request with thousands of them is not worth a long answer.
pub const ERRORS_MAX: usize = 32;

/// At most so many characters of a name that a client made up are told.
const NAME_SHOWN: usize = 100;

/// The beginning of a name that a client made up, for an answer.
pub fn shown(name: &str) -> &str {
    if name.len() <= NAME_SHOWN {
        return name;
    }
    name.char_indices().nth(NAME_SHOWN).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// A name: 1 to 100 characters after trimming, none of them a control character.
///
/// # Errors
/// `too-short`, `too-long` or `control-character`.
pub fn name(name: &str) -> Result<(), ValidationError> {
    line(name.trim(), 1, 100)
}

/// An e-mail address by HTML's rule, at most 254 characters.
///
/// # Errors
/// `too-long` or `format`.
pub fn email(email: &str) -> Result<(), ValidationError> {
    length(email, 0, EMAIL_MAX)?;
    if EMAIL.as_ref().is_some_and(|rule| rule.is_match(email)) {
        return Ok(());
    }
    Err(failure("format", "must be an e-mail address, such as ada@example.com"))
}

/// A new password: 8 to 128 characters.
///
/// # Errors
/// `too-short` or `too-long`.
pub fn new_password(password: &str) -> Result<(), ValidationError> {
    length(password, 8, 128)
}

/// A password to sign in with: 1 to 128 characters, because rules for new passwords change and old ones stay.
///
/// # Errors
/// `too-short` or `too-long`.
pub fn password(password: &str) -> Result<(), ValidationError> {
    length(password, 1, 128)
}

fn length(text: &str, min: usize, max: usize) -> Result<(), ValidationError> {
    let length = text.chars().count();
    if length < min {
        let plural = if min == 1 { "" } else { "s" };
        return Err(failure("too-short", format!("must have at least {min} character{plural}")));
    }
    if length > max {
        return Err(failure("too-long", format!("must have at most {max} characters")));
    }
    Ok(())
}

fn failure(code: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(detail.into())
}

/// A SKU: 1 to 32 capital letters, digits and hyphens.
///
/// # Errors
/// `format`.
pub fn sku(sku: &str) -> Result<(), ValidationError> {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&sku.len()) && sku.bytes().all(fits) {
        return Ok(());
    }
    Err(failure("format", "must be 1 to 32 capital letters, digits and hyphens"))
}

/// A category: 1 to 50 characters after trimming, none of them a control character.
///
/// # Errors
/// `too-short`, `too-long` or `control-character`.
pub fn category(category: &str) -> Result<(), ValidationError> {
    line(category.trim(), 1, 50)
}

/// A price: 0 to 100,000,000 cents.
///
/// # Errors
/// `too-small` or `too-large`.
pub fn price_cents(price_cents: i64) -> Result<(), ValidationError> {
    range(price_cents, 0, 100_000_000)
}

/// A stock: 0 to 1,000,000.
///
/// # Errors
/// `too-small` or `too-large`.
pub fn stock(stock: i64) -> Result<(), ValidationError> {
    range(stock, 0, 1_000_000)
}

/// How many of a product: 1 to 1,000.
///
/// # Errors
/// `too-small` or `too-large`.
pub fn quantity(quantity: i64) -> Result<(), ValidationError> {
    range(quantity, 1, 1_000)
}

/// The name of an attribute: as the fields of the API are called, at most 40 characters.
///
/// # Errors
/// `format`.
pub fn attribute_name(name: &str) -> Result<(), ValidationError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=40).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(fits)
    {
        return Ok(());
    }
    Err(failure("format", "must be named by 1 to 40 small letters, digits and underscores, a letter first"))
}

/// The value of an attribute: text of at most 200 characters, none of them a control character, or a number that is 0 or of
/// a size that every store keeps exactly.
///
/// # Errors
/// `too-long`, `control-character` or `out-of-range`.
pub fn attribute_value(value: &AttributeValue) -> Result<(), ValidationError> {
    match value {
        AttributeValue::Text(text) => line(text, 0, 200),
        AttributeValue::Number(number) => {
            let size = number.get().abs();
            if size == 0.0 || (Number::MIN..=Number::MAX).contains(&size) {
                return Ok(());
            }
            Err(failure("out-of-range", "must be 0, or between 0.000001 and 9007199254740991 in size"))
        }
        AttributeValue::Flag(_) => Ok(()),
    }
}

fn line(text: &str, min: usize, max: usize) -> Result<(), ValidationError> {
    length(text, min, max)?;
    if text.chars().any(char::is_control) {
        return Err(failure("control-character", "must hold no control characters"));
    }
    Ok(())
}

fn range(number: i64, min: i64, max: i64) -> Result<(), ValidationError> {
    let wrong = |code| Err(failure(code, format!("must be a whole number from {min} to {max}")));
    match number {
        number if number < min => wrong("too-small"),
        number if number > max => wrong("too-large"),
        _ => Ok(()),
    }
}

/// A DTO's report, one entry a failing field, also inside of objects and arrays.
pub fn field_errors(report: &ValidationErrors) -> Vec<FieldError> {
    let mut errors = Vec::new();
    collect(report, "", &mut errors);
    errors
}

fn collect(report: &ValidationErrors, parent: &str, errors: &mut Vec<FieldError>) {
    for (field, kind) in report.errors() {
        let place = format!("{parent}{}", pointer(&[field]));
        match kind {
            ValidationErrorsKind::Field(failures) => {
                errors.extend(failures.iter().map(|failure| field_error(place.clone(), failure)));
            }
            ValidationErrorsKind::Struct(report) => collect(report, &place, errors),
            ValidationErrorsKind::List(reports) => {
                for (index, report) in reports {
                    collect(report, &format!("{place}/{index}"), errors);
                }
            }
        }
    }
}

/// What a failed rule becomes in an answer. Only code and message are taken over: `validator` also keeps the value sent,
/// which may be a password.
pub fn field_error(pointer: String, failure: &ValidationError) -> FieldError {
    let detail = failure.message.as_deref().unwrap_or("is not valid").to_owned();
    FieldError { pointer, code: code_of(&failure.code), detail }
}

fn code_of(code: &str) -> &'static str {
    const CODES: [&str; 7] =
        ["too-short", "too-long", "too-small", "too-large", "out-of-range", "control-character", "format"];
    CODES.into_iter().find(|known| *known == code).unwrap_or("format")
}

/// The RFC 6901 JSON pointer of these member names and indexes.
pub fn pointer(segments: &[&str]) -> String {
    let mut pointer = String::new();
    for segment in segments {
        push_segment(&mut pointer, segment);
    }
    pointer
}

/// Takes a pointer one step further, to this member name or index.
pub fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for character in segment.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{email, name, new_password, password, pointer};

    fn codes(check: fn(&str) -> Result<(), validator::ValidationError>, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let code = check(text).err().map_or("ok".into(), |error| error.code);
            assert_eq!(code, *expected, "{text:?}");
        }
    }

    #[test]
    fn names_are_measured_after_trimming() {
        let (longest, too_long) = ("ä".repeat(100), "ä".repeat(101));
        let padded = format!("   {longest}\u{2003}");
        codes(
            name,
            &[
                ("Ada", "ok"),
                ("  Ada  ", "ok"),
                ("", "too-short"),
                (" \t\n ", "too-short"),
                (&longest, "ok"),
                (&padded, "ok"),
                (&too_long, "too-long"),
                ("A\u{0}b", "control-character"),
                ("A\nb", "control-character"),
                ("A\u{85}b", "control-character"),
                ("A\u{200d}b", "ok"),
            ],
        );
    }

    #[test]
    fn addresses_follow_the_rule_of_html() {
        let longest = format!("{}@example.com", "a".repeat(242));
        let too_long = format!("a{longest}");
        let label = "b".repeat(64);
        let long_label = format!("a@{label}.com");
        codes(
            email,
            &[
                ("ada@example.com", "ok"),
                ("a@b", "ok"),
                ("a.b+c'd@x-y.z", "ok"),
                (".a..b.@b", "ok"),
                (&longest, "ok"),
                (&too_long, "too-long"),
                ("", "format"),
                ("ada", "format"),
                ("@b", "format"),
                ("a@", "format"),
                ("a@-b", "format"),
                ("a@b-", "format"),
                ("a@b..c", "format"),
                (" a@b", "format"),
                ("a@b\n", "format"),
                ("ä@b", "format"),
                ("a@ä", "format"),
                ("a@[127.0.0.1]", "format"),
                (&long_label, "format"),
            ],
        );
    }

    #[test]
    fn passwords_are_measured_in_characters() {
        let (eight, longest, too_long) = ("äöüßäöüß", "x".repeat(128), "x".repeat(129));
        codes(new_password, &[("1234567", "too-short"), (eight, "ok"), (&longest, "ok"), (&too_long, "too-long")]);
        codes(password, &[("", "too-short"), ("1", "ok"), (&too_long, "too-long")]);
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(pointer(&["a/b", "~c", ""]), "/a~1b/~0c/");
        assert_eq!(pointer(&[]), "");
    }
}
