//! The rules for single fields, and what a `validator` report becomes in an answer.

use crate::problem::FieldError;
use regex::Regex;
use std::sync::LazyLock;
use validator::{ValidationError, ValidationErrors};

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
    name.char_indices().nth(NAME_SHOWN).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// A name: 1 to 100 characters after trimming, none of them a control character.
///
/// # Errors
/// `too-short`, `too-long` or `control-character`.
pub fn name(name: &str) -> Result<(), ValidationError> {
    let trimmed = name.trim();
    length(trimmed, 1, 100)?;
    if trimmed.chars().any(char::is_control) {
        return Err(failure("control-character", "must hold no control characters"));
    }
    Ok(())
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

/// A flat DTO's report, one entry a failing field.
///
/// Only code and message are taken over: `validator` also keeps the value sent, which may be a password.
pub fn field_errors(report: &ValidationErrors) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (field, failures) in report.field_errors() {
        for failure in failures {
            errors.push(FieldError {
                pointer: pointer(&[&field]),
                code: code_of(&failure.code),
                detail: failure.message.as_deref().unwrap_or("is not valid").to_owned(),
            });
        }
    }
    errors
}

fn code_of(code: &str) -> &'static str {
    const CODES: [&str; 4] = ["too-short", "too-long", "control-character", "format"];
    CODES.into_iter().find(|known| *known == code).unwrap_or("format")
}

/// The RFC 6901 JSON pointer of these member names and indexes.
pub fn pointer(segments: &[&str]) -> String {
    segments.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
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
