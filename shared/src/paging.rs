//! Keyset pages: a page starts after an id, so it stays as it is while others write, and page 5,000 costs what page 1
//! costs. Numbered pages (`OFFSET`) do neither.

use crate::domain::UserId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// The page size where none is asked for.
pub const LIMIT_DEFAULT: u32 = 20;

/// The largest page.
pub const LIMIT_MAX: u32 = 100;

/// One page of a listing.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// Oldest first.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
    /// The path and query of the next page, for the `Link` header.
    #[serde(skip)]
    pub next_path: Option<String>,
}

impl<T> Page<T> {
    /// The value of `Link` (RFC 8288), where there is a next page.
    pub fn link(&self) -> Option<String> {
        self.next_path.as_ref().map(|path| format!("<{path}>; rel=\"next\""))
    }
}

/// The opaque cursor after this id. It is only an id in disguise, so that nobody builds on its form.
pub fn cursor(id: UserId) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// The id in a cursor, if it is one.
pub fn read_cursor(cursor: &str) -> Option<UserId> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    Some(UserId::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{cursor, read_cursor};
    use crate::domain::UserId;

    #[test]
    fn a_cursor_gives_its_id_back_and_nothing_else_does() {
        let id = UserId::generate();
        assert_eq!(read_cursor(&cursor(id)), Some(id));
        for other in ["", "x", "AAAA", "!!!!", &format!("{}=", cursor(id)), &id.to_string()] {
            assert_eq!(read_cursor(other), None, "{other}");
        }
    }
}
