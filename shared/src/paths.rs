//! When two spellings of a path are the same path (RFC 3986, section 6.2.2).

use std::borrow::Cow;

/// `path` with each percent-encoded unreserved character decoded, and nothing else changed: `/%61pi` is `/api`, while
/// `%2F` stays a character of its segment.
pub fn normalize(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from) {
            Some(decoded @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~')) => {
                normal.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                normal.push('%');
                rest = after;
            }
        }
    }
    normal.push_str(rest);
    Cow::Owned(normal)
}

/// A segment with its percent-encoding decoded; bytes that are not UTF-8 become replacement characters, so that such a
/// segment names nothing.
pub fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The segment of `path` that stands where `pattern` (a route such as `/api/users/{id}/orders`) has its first parameter,
/// decoded.
pub fn parameter(pattern: &str, path: &str) -> String {
    let mut segments = pattern.split('/').zip(path.split('/'));
    segments.find(|(name, _)| name.starts_with('{')).map_or_else(String::new, |(_, segment)| decode(segment))
}

/// Whether a framework that forgives empty segments (`//`, a trailing slash) must be told that this path is unknown.
pub fn has_empty_segment(path: &str) -> bool {
    path.len() > 1 && path.split('/').skip(1).any(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::{has_empty_segment, normalize, parameter};

    #[test]
    fn a_parameter_is_the_segment_in_its_place() {
        for (pattern, path, expected) in [
            ("/api/users/{id}", "/api/users/7", "7"),
            ("/api/users/{id}/orders", "/api/users/a%2Fb/orders", "a/b"),
            ("/api/users/{id}", "/api/users/%FF", "\u{fffd}"),
            ("/api/users", "/api/users", ""),
        ] {
            assert_eq!(parameter(pattern, path), expected, "{path}");
        }
    }

    #[test]
    fn only_unreserved_characters_are_decoded() {
        for (path, expected) in [
            ("/api/hello", "/api/hello"),
            ("/%61pi/%48ello", "/api/Hello"),
            ("/a%2Fb%2fc", "/a%2Fb%2fc"),
            ("/%", "/%"),
            ("/%6", "/%6"),
            ("/%zz%+1", "/%zz%+1"),
            ("/%25%36%31", "/%2561"),
            ("/%ff%C3%A4", "/%ff%C3%A4"),
            ("/%2e%7e", "/.~"),
        ] {
            assert_eq!(normalize(path), expected, "{path}");
        }
    }

    #[test]
    fn empty_segments_are_found() {
        for (path, expected) in
            [("/", false), ("/a/b", false), ("/a/", true), ("//a", true), ("/a//b", true), ("//", true)]
        {
            assert_eq!(has_empty_segment(path), expected, "{path}");
        }
    }
}
