//! What each variant costs: the results that there are, one of them or two compared, and running the quick profile.
//!
//! | path | what it does |
//! | --- | --- |
//! | `/benchmarks?file=NAME` | shows a result, the newest if none is named |
//! | `/benchmarks?before=NAME&after=NAME` | compares two |
//! | `/benchmarks/run`, `/stop`, `/quiet` | the run, see [`live`] |

mod live;

use super::code::Query;
use super::{Lab, html};
use crate::benchmarks::drawn;
use crate::benchmarks::listing::{Listed, Listing, ListingError};
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::path::Path;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/benchmarks", get(page))
        .route("/assets/report.css", get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], drawn::STYLE)))
        .merge(live::routes())
}

#[derive(Template)]
#[template(path = "benchmarks.html")]
struct BenchmarksPage {
    /// Why the form that was sent changed nothing.
    refusal: Option<String>,
    /// The run, as HTML.
    run: String,
    is_running: bool,
    listing: Result<Listing, ListingError>,
    choice: Choice,
    shown: Option<Shown>,
}

/// What was asked for.
#[derive(Default)]
struct Choice {
    file: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// What is shown below the list.
struct Shown {
    heading: String,
    /// HTML, or why there is none.
    body: Result<String, String>,
    status: StatusCode,
}

impl BenchmarksPage {
    fn view(&self) -> &'static str {
        "/benchmarks"
    }

    fn results(&self) -> &[Listed] {
        self.listing.as_ref().map_or(&[], |listing| &listing.results)
    }

    /// Whether it is the one that is shown.
    fn is_shown(&self, name: &str) -> bool {
        self.choice.file.as_deref() == Some(name)
    }
}

/// Where a result is shown.
fn address(name: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/benchmarks?file={name}#result")
}

impl Listed {
    fn address(&self) -> String {
        address(&self.name)
    }
}

impl Choice {
    /// Without a word in the address, the newest result is shown, and would be compared with the one before it.
    fn read(query: &Query, listing: Option<&Listing>) -> Self {
        let named = |name: &str| query.first(name).map(str::to_owned);
        let at = |place: usize| Some(listing?.results.get(place)?.name.clone());
        let (before, after) = (named("before"), named("after"));
        let is_comparison = before.is_some() || after.is_some();
        let file = if is_comparison { None } else { named("file").or_else(|| at(0)) };
        Self { file, before: before.or_else(|| at(1)), after: after.or_else(|| at(0)) }
    }
}

async fn page(State(lab): State<Arc<Lab>>, RawQuery(query): RawQuery) -> Response {
    answer(&lab, Query::read(query.as_deref()), None).await
}

/// The page, and with it why a form was refused.
async fn answer(lab: &Lab, query: Query, refusal: Option<String>) -> Response {
    let state = lab.benchmarks.live.state();
    let is_running = state.is_running();
    let run = live::panel(lab, &state);
    let folder = lab.benchmarks.folder.clone();
    let is_refused = refusal.is_some();
    // Reading and drawing take their time: not on a thread that serves others.
    let built = tokio::task::spawn_blocking(move || {
        let (listing, choice, shown) = choose(&folder, &query);
        let status = shown.as_ref().map_or(StatusCode::OK, |shown| shown.status);
        (status, html(&BenchmarksPage { refusal, run, is_running, listing, choice, shown }))
    });
    match built.await {
        Ok((_, page)) if is_refused => (StatusCode::CONFLICT, page).into_response(),
        Ok((status, page)) if status != StatusCode::OK => (status, page).into_response(),
        Ok((_, page)) => page,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn choose(folder: &Path, query: &Query) -> (Result<Listing, ListingError>, Choice, Option<Shown>) {
    let listing = Listing::read(folder);
    let choice = Choice::read(query, listing.as_ref().ok());
    let shown = listing.as_ref().ok().and_then(|listing| match (&choice.file, &choice.before, &choice.after) {
        (Some(file), _, _) => Some(Shown::one(listing, file)),
        (None, Some(before), Some(after)) => Some(Shown::two(listing, before, after)),
        _ => None,
    });
    (listing, choice, shown)
}

impl Shown {
    fn one(listing: &Listing, file: &str) -> Self {
        let heading = file.trim_end_matches(".json").to_owned();
        match listing.open(file) {
            Ok(results) => Self { heading, body: drawn::one(&results), status: StatusCode::OK },
            Err(error) => Self::missing("No such result", &error),
        }
    }

    fn two(listing: &Listing, before: &str, after: &str) -> Self {
        let (before, after) = match (listing.open(before), listing.open(after)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => return Self::missing("Nothing to compare", &error),
        };
        let body = match before == after {
            true => Err("These are one result: choose two different ones.".to_owned()),
            false => drawn::two(&before, &after),
        };
        Self { heading: "Two results compared".to_owned(), body, status: StatusCode::OK }
    }

    fn missing(heading: &str, error: &ListingError) -> Self {
        let status = StatusCode::NOT_FOUND;
        Self { heading: heading.to_owned(), body: Err(error.to_string()), status }
    }
}
