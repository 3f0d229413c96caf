//! How a request goes: one picture from the client to the database, for a chosen variant and operation.

use super::code::{Query, with_library};
use super::{Lab, html};
use crate::compare::columns::closest;
use crate::compare::follow::Entry;
use crate::compare::library::{Crate, Library};
use crate::compare::way::{Part, way};
use crate::run::variants::Variant;
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new().route("/request", get(page))
}

#[derive(Template)]
#[template(path = "way.html")]
struct WayPage<'a> {
    library: &'a Library,
    /// Each with whether it is shown.
    variants: Vec<(&'a str, bool)>,
    variant: &'a str,
    way: Result<Found<'a>, NotFound>,
}

/// The way that was asked for.
struct Found<'a> {
    entry: &'a Entry,
    parts: Vec<Part>,
    previous: Option<String>,
    next: Option<String>,
}

/// Why there is none.
struct NotFound {
    what: &'static str,
    asked: String,
    closest: Option<String>,
}

impl WayPage<'_> {
    fn view(&self) -> &'static str {
        "/request"
    }

    fn is_shown(&self, entry: &Entry) -> bool {
        self.way.as_ref().is_ok_and(|way| std::ptr::eq(way.entry, entry))
    }

    /// This page for another operation.
    fn address(&self, operation: &str) -> String {
        format!("/request?variant={}&operation={operation}", self.variant)
    }
}

async fn page(State(lab): State<Arc<Lab>>, RawQuery(query): RawQuery) -> Response {
    let variants = lab.variants.list();
    with_library(move |library| {
        let query = Query::read(query.as_deref());
        // Of a server that was attached nobody knows what it is made of.
        let known: Vec<(&str, &Crate, &Crate)> =
            variants.iter().filter_map(|variant| made_of(library, variant)).collect();
        let variant = query.first("variant").or_else(|| known.first().map(|(name, _, _)| *name)).unwrap_or_default();
        let operation = query.first("operation").or_else(|| default_operation(library)).unwrap_or_default();
        let way = find(library, &known, variant, operation);
        let status = if way.is_ok() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let variants = known.iter().map(|(name, _, _)| (*name, *name == variant)).collect();
        (status, html(&WayPage { library, variants, variant, way })).into_response()
    })
    .await
}

fn find<'a>(
    library: &'a Library,
    known: &[(&str, &Crate, &Crate)],
    variant: &str,
    operation: &str,
) -> Result<Found<'a>, NotFound> {
    let missing =
        |what, asked: &str, all: Vec<String>| NotFound { what, asked: asked.to_owned(), closest: closest(asked, &all) };
    let names = || known.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    let (_, framework, store) =
        known.iter().find(|(name, _, _)| *name == variant).ok_or_else(|| missing("variant", variant, names()))?;
    let ids = || library.entries.iter().map(|entry| entry.operation.id.clone()).collect();
    let entry = library.entry_named(operation).ok_or_else(|| missing("operation", operation, ids()))?;
    let place = library.entries.iter().position(|other| std::ptr::eq(other, entry)).unwrap_or_default();
    let id = |place: Option<usize>| Some(library.entries.get(place?)?.operation.id.clone());
    Ok(Found {
        entry,
        parts: way(library, entry, framework, store),
        previous: id(place.checked_sub(1)),
        next: id(Some(place + 1)),
    })
}

/// The crates of a variant of the lab's own.
fn made_of<'a>(library: &'a Library, variant: &'a Variant) -> Option<(&'a str, &'a Crate, &'a Crate)> {
    let framework = library.crate_named(variant.framework.as_deref()?)?;
    Some((&variant.name, framework, library.crate_named(variant.store.as_deref()?)?))
}

/// One that goes all the way and changes something.
fn default_operation(library: &Library) -> Option<&str> {
    let goes_far = |entry: &&Entry| {
        entry.operation.needs_token && entry.operation.method == "POST" && !entry.repository.is_empty()
    };
    let entry = library.entries.iter().find(goes_far).or_else(|| library.entries.first());
    entry.map(|entry| entry.operation.id.as_str())
}
