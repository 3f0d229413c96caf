//! Keyset pages: a page starts after an id, so it stays as it is while others write, and page 5,000 costs what page 1
//! costs. Numbered pages (`OFFSET`) do neither.

use crate::query::QueryParameters;
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
    /// The page at `path` of the first `limit` of these rows. One more than that was asked of the store: its being there
    /// is what says that there is a next page. `filter` is what else the query asked for, `id` what a cursor is made of.
    pub fn of<R>(
        mut rows: Vec<R>,
        limit: u32,
        path: &str,
        filter: Option<(&str, &str)>,
        id: impl Fn(&R) -> &[u8; 16],
    ) -> Self
    where
        T: From<R>,
    {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|last| cursor(id(last)));
        let next_path = next.as_ref().map(|cursor| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("limit", &limit.to_string()).extend_pairs(filter).append_pair("after", cursor);
            // A `+` means a space to HTML's forms alone, `%20` to everybody (RFC 3986, section 2.1).
            format!("{path}?{}", query.finish().replace('+', "%20"))
        });
        Self { items: rows.into_iter().map(T::from).collect(), next, next_path }
    }

    /// The value of `Link` (RFC 8288), where there is a next page.
    pub fn link(&self) -> Option<String> {
        self.next_path.as_ref().map(|path| format!("<{path}>; rel=\"next\""))
    }
}

/// The opaque cursor after the thing of this id. It is only an id in disguise, so that nobody builds on its form.
pub fn cursor(id: &[u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(id)
}

/// The id in a cursor, if it is one.
pub fn read_cursor(cursor: &str) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()
}

/// Takes the cursor `after` out of a query.
pub fn take_cursor(parameters: &mut QueryParameters) -> Option<[u8; 16]> {
    parameters.take("after", |text| {
        read_cursor(text).ok_or(("format", "must be a cursor that an earlier page gave as `next`".to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Page, cursor, read_cursor};
    use crate::domain::ProductId;

    #[test]
    fn a_cursor_gives_its_id_back_and_nothing_else_does() {
        let id = ProductId::generate();
        let cursor = cursor(id.as_bytes());
        assert_eq!(read_cursor(&cursor), Some(*id.as_bytes()));
        for other in ["", "x", "AAAA", "!!!!", &format!("{cursor}="), &id.to_string()] {
            assert_eq!(read_cursor(other), None, "{other}");
        }
    }

    #[test]
    fn the_link_to_the_next_page_keeps_the_filter() {
        let page = |rows: Vec<[u8; 16]>, filter| Page::<Vec<u8>>::of(rows, 2, "/api/products", filter, |id| id).link();
        let (one, other) = ([0; 16], [0xff; 16]);
        assert_eq!(page(vec![one, other], None), None);
        let linked = "</api/products?limit=2&after=_____________________w>; rel=\"next\"";
        assert_eq!(page(vec![one, other, one], None).as_deref(), Some(linked));
        let linked = "</api/products?limit=2&category=a%26b%20%C3%A9&after=_____________________w>; rel=\"next\"";
        assert_eq!(page(vec![one, other, one], Some(("category", "a&b é"))).as_deref(), Some(linked));
    }
}
