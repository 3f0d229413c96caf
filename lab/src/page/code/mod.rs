//! The same operation in several crates, side by side; the table of all operations; whole files.
//!
//! | path | what it shows |
//! | --- | --- |
//! | `/code` | how an order is placed in five stores: a comparison like the others, to begin with |
//! | `/code/operations` | every operation and every crate, with lines of code ([`table`]) |
//! | `/code/users.create?columns=axum,rocket` | one operation, or functions by name, in one to five crates ([`comparison`]) |
//! | `/code/users.create.txt?columns=…` | the same as plain text |
//! | `/code/file/shared/src/app.rs` | a file ([`file`]) |

mod cells;
mod comparison;
mod facts;
mod file;
mod table;

use super::{Lab, html};
use crate::compare::CompareError;
use crate::compare::columns::ColumnsError;
use crate::compare::library::Library;
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::{Arc, LazyLock};

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/code", get(index))
        .route("/code/operations", get(operations))
        .route("/code/{subject}", get(subject))
        .route("/code/file/{*path}", get(whole_file))
}

/// What was compiled in, parsed when it is first looked at. It never changes, so it need not be anybody's state.
static LIBRARY: LazyLock<Result<Library, CompareError>> = LazyLock::new(Library::embedded);

/// Answers from the library, away from the threads that serve: parsing and colouring take their time.
pub(super) async fn with_library(answer: impl FnOnce(&'static Library) -> Response + Send + 'static) -> Response {
    let failed = |error: String| (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
    let answer = tokio::task::spawn_blocking(move || match &*LIBRARY {
        Ok(library) => answer(library),
        Err(error) => failed(error.to_string()),
    });
    answer.await.unwrap_or_else(|error| failed(error.to_string()))
}

/// What a query says.
#[derive(Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value of this name that is not empty.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The address of the comparison that a form asks for.
    fn address(&self) -> Option<String> {
        let operation: String = form_urlencoded::byte_serialize(self.first("operation")?.as_bytes()).collect();
        let columns: String = form_urlencoded::byte_serialize(self.columns().join(",").as_bytes()).collect();
        Some(format!("/code/{operation}?columns={}", columns.replace("%2C", ",")))
    }

    /// The crates in `columns=axum,rocket` and in `column=axum&column=rocket`, as a form sends it; each once.
    fn columns(&self) -> Vec<&str> {
        let of = |name: &'static str| self.0.iter().filter(move |(known, _)| known == name);
        let all = of("columns").chain(of("column")).flat_map(|(_, value)| value.split(','));
        let mut columns = Vec::new();
        for name in all.map(str::trim).filter(|name| !name.is_empty()) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
    }
}

/// What the view opens with; or, where the form of a comparison sent what it wants, the address of that.
async fn index(State(lab): State<Arc<Lab>>, RawQuery(query): RawQuery) -> Response {
    if let Some(address) = Query::read(query.as_deref()).address() {
        return Redirect::to(&address).into_response();
    }
    let store = first_store(&lab);
    with_library(move |library| match comparison::opening(library) {
        Ok(opening) => html(&comparison::page(library, &opening, store.as_deref())),
        Err(error) => missing(library, &error),
    })
    .await
}

/// The store of the first variant: of the stores, the one that the reader has at hand.
fn first_store(lab: &Lab) -> Option<String> {
    lab.variants.list().into_iter().find_map(|variant| variant.store)
}

async fn operations() -> Response {
    with_library(|library| html(&table::page(library))).await
}

async fn subject(State(lab): State<Arc<Lab>>, Path(subject): Path<String>, RawQuery(query): RawQuery) -> Response {
    let store = first_store(&lab);
    with_library(move |library| {
        let query = Query::read(query.as_deref());
        let (name, is_text) = match subject.strip_suffix(".txt") {
            Some(name) => (name, true),
            None => (subject.as_str(), query.first("plain").is_some()),
        };
        match comparison::chosen(library, name, &query.columns()) {
            Err(error) => missing(library, &error),
            Ok(chosen) if is_text => {
                ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], chosen.columns(library).text()).into_response()
            }
            Ok(chosen) => html(&comparison::page(library, &chosen, store.as_deref())),
        }
    })
    .await
}

async fn whole_file(Path(path): Path<String>) -> Response {
    with_library(move |library| match file::page(library, &path) {
        Some(page) => html(&page),
        None => missing(library, &file::unknown(library, path)),
    })
    .await
}

#[derive(Template)]
#[template(path = "code-missing.html")]
struct MissingPage<'a> {
    error: String,
    closest: Option<(String, String)>,
    library: &'a Library,
}

impl MissingPage<'_> {
    fn view(&self) -> &'static str {
        "/code"
    }

    /// The parts of the message: those that are code, and those that are not.
    fn words(&self) -> impl Iterator<Item = (bool, &str)> {
        self.error.split('`').enumerate().map(|(index, part)| (index % 2 == 1, part))
    }
}

/// What there is, where something else was asked for.
fn missing(library: &Library, error: &ColumnsError) -> Response {
    let address = |name: &str| match error {
        ColumnsError::UnknownSubject { .. } => format!("/code/{name}"),
        ColumnsError::UnknownFile { .. } => format!("/code/file/{name}"),
        ColumnsError::UnknownColumn { .. } | ColumnsError::TooMany(_) => String::new(),
    };
    let closest = error.closest().map(|name| (name.to_owned(), address(name)));
    let status = match error {
        ColumnsError::TooMany(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_FOUND,
    };
    (status, html(&MissingPage { error: sentence(&error.to_string()), closest, library })).into_response()
}

/// A message as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Query, comparison, missing};
    use crate::compare::library::Library;
    use crate::compare::library::tests::embedded;
    use crate::compare::source::{Kind, SourceFile};
    use askama::Template;
    use axum::http::StatusCode;

    async fn text(response: axum::response::Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn code_is_shown_as_text_whatever_is_in_it() {
        let code = "fn f() {\n    say(\"<script>alert('1')</script> &amp;\");\n}";
        let crates = ["left", "right"]
            .map(|name| (name, Kind::Store, vec![SourceFile::new("x/src", "x.rs", code.replace('1', name))]));
        let library = Library::new(crates, Vec::new()).unwrap();
        let chosen = comparison::chosen(&library, "x::f", &[]).unwrap();
        let html = comparison::page(&library, &chosen, None).render().unwrap();
        assert!(!html.contains("<script>") && !html.contains("&amp;\""), "{html}");
        assert!(html.contains("&#38;amp;") && html.contains("&#60;script&#62;"), "{html}");
        assert!(html.contains("<mark>"), "the names differ");
    }

    #[test]
    fn the_form_leads_to_an_address_that_can_be_kept() {
        let query = Query::read(Some("operation=extractors%3A%3AJsonBody&column=axum&column=&column=sea-orm"));
        assert_eq!(query.address().as_deref(), Some("/code/extractors%3A%3AJsonBody?columns=axum,sea-orm"));
        assert_eq!(Query::read(Some("column=axum")).address(), None);
    }

    #[test]
    fn the_view_opens_with_five_means_of_placing_an_order() {
        let library = embedded();
        let opening = comparison::opening(library).unwrap();
        let html = comparison::page(library, &opening, None).render().unwrap();
        assert!(
            html.contains("<h1>Place an order</h1>") && html.contains("/request?operation=orders.create"),
            "{html}"
        );
        assert_eq!(html.matches("<span class=\"crate\">").count(), 5);
        assert_eq!(html.matches("by what means").count(), 5);
        for part in ["lock_products", "take_and_insert", "place_order.lua", "put_new", "ids_by_key"] {
            assert!(html.contains(part), "{part}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_answered_with_what_is() {
        let library = embedded();
        for (name, columns, status, said) in [
            ("users.craete", &[][..], StatusCode::NOT_FOUND, "<a href=\"/code/users.create\">users.create</a>"),
            ("users.create", &["rokcet"], StatusCode::NOT_FOUND, "Perhaps <code>rocket</code>?"),
            ("users.create", &["axum"; 6], StatusCode::BAD_REQUEST, "6 columns are too many: choose at most 5"),
            ("<b>", &[], StatusCode::NOT_FOUND, "<code>&#60;b&#62;</code>"),
        ] {
            let error = comparison::chosen(library, name, columns).err().unwrap();
            let response = missing(library, &error);
            assert_eq!(response.status(), status);
            let html = text(response).await;
            assert!(html.contains(said) && html.contains("/code/hello.show"), "{said}: {html}");
        }
    }

    #[test]
    fn columns_are_read_from_a_link_and_from_the_form_each_once() {
        let columns = |query| Query::read(Some(query)).columns().join(" ");
        assert_eq!(columns("columns=axum,%20rocket,axum"), "axum rocket");
        assert_eq!(columns("column=axum&column=&column=sea-orm&x=1"), "axum sea-orm");
        assert_eq!(columns(""), "");
    }
}
