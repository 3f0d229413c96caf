//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).

use crate::problem::Problem;

/// A request's precondition headers as sent, lines of one name joined by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
}

/// The strong entity tag of a version.
pub fn entity_tag(version: i64) -> String {
    format!("\"{version}\"")
}

impl Preconditions {
    /// Whether `If-Match` was sent, so that a lost race is the client's to decide on.
    pub fn is_guarded(&self) -> bool {
        self.if_match.is_some()
    }

    /// Refuses to change a resource of another version than `If-Match` names. Weak tags never match (strong
    /// comparison).
    ///
    /// # Errors
    /// [`Problem::PreconditionFailed`], or [`Problem::MalformedHeader`].
    pub fn check_match(&self, version: i64) -> Result<(), Problem> {
        let Some(header) = &self.if_match else { return Ok(()) };
        let tags = Tags::parse(header).ok_or(Problem::MalformedHeader("If-Match"))?;
        if tags.contains(version, true) { Ok(()) } else { Err(Problem::PreconditionFailed) }
    }

    /// Whether the client has this version already, by `If-None-Match` (weak comparison).
    ///
    /// # Errors
    /// [`Problem::MalformedHeader`].
    pub fn is_fresh(&self, version: i64) -> Result<bool, Problem> {
        let Some(header) = &self.if_none_match else { return Ok(false) };
        let tags = Tags::parse(header).ok_or(Problem::MalformedHeader("If-None-Match"))?;
        Ok(tags.contains(version, false))
    }
}

/// A parsed precondition.
enum Tags<'a> {
    Any,
    /// `(weak, opaque tag with its quotes)`.
    List(Vec<(bool, &'a str)>),
}

impl<'a> Tags<'a> {
    /// `*` or `#entity-tag`; an opaque tag is quoted and may itself hold commas.
    fn parse(header: &'a str) -> Option<Self> {
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
            tags.push((weak, tag));
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
    use super::Preconditions;
    use crate::problem::Problem;

    fn verdict(header: &str) -> &'static str {
        let preconditions = Preconditions { if_match: Some(header.into()), if_none_match: Some(header.into()) };
        match (preconditions.check_match(3), preconditions.is_fresh(3)) {
            (Ok(()), Ok(true)) => "strong",
            (Err(Problem::PreconditionFailed), Ok(true)) => "weak",
            (Err(Problem::PreconditionFailed), Ok(false)) => "none",
            (Err(Problem::MalformedHeader(_)), Err(Problem::MalformedHeader(_))) => "malformed",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn entity_tags_are_compared_as_rfc_9110_says() {
        for (header, expected) in [
            ("*", "strong"), ("\"3\"", "strong"), (" \"1\" , \"3\"", "strong"), (",\"3\",", "strong"),
            ("W/\"3\"", "weak"), ("\"4\"", "none"), ("\"a,b\", \"4\"", "none"), ("\"\"", "none"), ("\"03\"", "none"),
            ("3", "malformed"), ("", "malformed"), ("\"3", "malformed"), ("w/\"3\"", "malformed"),
            ("\"3\" \"4\"", "malformed"), ("*, \"3\"", "malformed"), ("\"a b\"", "malformed"), (",", "malformed"),
        ] {
            assert_eq!(verdict(header), expected, "{header}");
        }
    }

    #[test]
    fn without_headers_nothing_is_refused_and_nothing_is_fresh() {
        let none = Preconditions::default();
        assert!(none.check_match(1).is_ok() && !none.is_fresh(1).unwrap() && !none.is_guarded());
    }
}
