//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1), and `Idempotency-Key`.

use crate::problem::Problem;

/// `If-Match`: change a resource only in a version that the client has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Tags>);

/// `If-None-Match`: send a resource only in a version that the client has not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Option<Tags>);

/// What both take.
const TAGS: &str = "`*` or a list of quoted entity tags, such as \"3\"";

/// The longest idempotency key, in characters.
const KEY_MAX: usize = 64;

/// `Idempotency-Key`: what a client calls a request, so that it can send it again without harm
/// (draft-ietf-httpapi-idempotency-key-header).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header, if there is one.
    ///
    /// # Errors
    /// [`Problem::MalformedHeader`] unless it is 1 to 64 visible ASCII characters; lines that were joined never are.
    pub fn read(header: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(key) = header else { return Ok(None) };
        let is_key = (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let expected = "1 to 64 visible ASCII characters";
        if is_key {
            Ok(Some(Self(key.to_owned())))
        } else {
            Err(Problem::MalformedHeader { name: "Idempotency-Key", expected })
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The strong entity tag of a version.
pub fn entity_tag(version: i64) -> String {
    format!("\"{version}\"")
}

impl IfMatch {
    /// Reads the header, its lines joined by commas, if there is one.
    ///
    /// # Errors
    /// [`Problem::MalformedHeader`].
    pub fn read(header: Option<&str>) -> Result<Self, Problem> {
        read(header, "If-Match").map(Self)
    }

    /// Refuses another version than the header names. Weak tags never match (strong comparison).
    ///
    /// # Errors
    /// [`Problem::PreconditionFailed`].
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let matches = self.0.as_ref().is_none_or(|tags| tags.contains(version, true));
        if matches { Ok(()) } else { Err(Problem::PreconditionFailed) }
    }

    /// Whether there is a header that names versions, so that whoever loses a race is refused instead of trying again.
    pub fn names_versions(&self) -> bool {
        matches!(self.0, Some(Tags::List(_)))
    }
}

impl IfNoneMatch {
    /// Reads the header, its lines joined by commas, if there is one.
    ///
    /// # Errors
    /// [`Problem::MalformedHeader`].
    pub fn read(header: Option<&str>) -> Result<Self, Problem> {
        read(header, "If-None-Match").map(Self)
    }

    /// Whether the client has this version already (weak comparison).
    pub fn is_fresh(&self, version: i64) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.contains(version, false))
    }
}

fn read(header: Option<&str>, name: &'static str) -> Result<Option<Tags>, Problem> {
    header.map(|header| Tags::parse(header).ok_or(Problem::MalformedHeader { name, expected: TAGS })).transpose()
}

/// A parsed precondition.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// `(weak, opaque tag with its quotes)`.
    List(Vec<(bool, String)>),
}

impl Tags {
    /// `*` or `#entity-tag`; an opaque tag is quoted and may itself hold commas.
    fn parse(header: &str) -> Option<Self> {
        let mut rest = header.trim_matches([' ', '\t']);
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return (!tags.is_empty()).then_some(Self::List(tags));
            }
            let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
            let length = quoted.strip_prefix('"')?.find('"')? + 2;
            let (tag, after) = quoted.split_at_checked(length)?;
            if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return None;
            }
            tags.push((weak, tag.to_owned()));
            rest = after.trim_start_matches([' ', '\t']);
            if !(rest.is_empty() || rest.starts_with(',')) {
                return None;
            }
        }
    }

    fn contains(&self, version: i64, strong: bool) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => {
                let wanted = entity_tag(version);
                tags.iter().any(|(weak, tag)| *tag == wanted && !(strong && *weak))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IdempotencyKey, IfMatch, IfNoneMatch};
    use crate::problem::Problem;

    fn verdict(header: &str) -> &'static str {
        let (Ok(if_match), Ok(if_none_match)) = (IfMatch::read(Some(header)), IfNoneMatch::read(Some(header))) else {
            return "malformed";
        };
        match (if_match.check(3), if_none_match.is_fresh(3)) {
            (Ok(()), true) => "strong",
            (Err(Problem::PreconditionFailed), true) => "weak",
            (Err(Problem::PreconditionFailed), false) => "none",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn entity_tags_are_compared_as_rfc_9110_says() {
        for (header, expected) in [
            ("*", "strong"),
            ("\"3\"", "strong"),
            (" \"1\" , \"3\"", "strong"),
            (",\"3\",", "strong"),
            ("W/\"3\"", "weak"),
            ("\"4\"", "none"),
            ("\"a,b\", \"4\"", "none"),
            ("\"\"", "none"),
            ("\"03\"", "none"),
            ("3", "malformed"),
            ("", "malformed"),
            ("\"3", "malformed"),
            ("w/\"3\"", "malformed"),
            ("\"3\" \"4\"", "malformed"),
            ("*, \"3\"", "malformed"),
            ("\"a b\"", "malformed"),
            (",", "malformed"),
        ] {
            assert_eq!(verdict(header), expected, "{header}");
        }
    }

    #[test]
    fn an_idempotency_key_is_visible_and_short() {
        let read = |header: &str| IdempotencyKey::read(Some(header)).map(|key| key.is_some()).ok();
        for key in ["1", "a,b", "0190f5fe-7c00-7000-8000-000000000001", "\"q\"", &"x".repeat(64)] {
            assert_eq!(read(key), Some(true), "{key}");
        }
        for key in ["", " ", "a b", "a, b", "é", "a\tb", &"x".repeat(65)] {
            assert_eq!(read(key), None, "{key}");
        }
        assert_eq!(IdempotencyKey::read(None).unwrap(), None);
    }

    #[test]
    fn without_headers_nothing_is_refused_and_nothing_is_fresh() {
        assert!(IfMatch::read(None).unwrap().check(1).is_ok());
        assert!(!IfNoneMatch::read(None).unwrap().is_fresh(1));
    }
}
