//! What runs where: start, stop and start afresh what the lab runs; the log of each.

use super::{Lab, html};
use crate::run::log::Log;
use crate::run::variants::{ChangeError, Variant};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::ValueEnum;
use serde::Serialize;
use server::{Framework, Store};
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/", get(page))
        .route("/variants", get(statuses))
        .route("/variants/{name}/{change}", post(change))
        .route("/variants/{name}/log", get(log))
        .route("/variants/{name}/log/lines", get(log_lines))
}

#[derive(Template)]
#[template(path = "variants.html")]
struct VariantsPage {
    stores: Vec<String>,
    rows: Vec<Row>,
    attached: Vec<Variant>,
}

struct Row {
    framework: String,
    cells: Vec<Cell>,
}

struct Cell {
    store: String,
    variant: Variant,
    /// How to run it without the lab.
    command: String,
}

impl VariantsPage {
    fn view(&self) -> &'static str {
        "/"
    }
}

async fn page(State(lab): State<Arc<Lab>>) -> Response {
    let mut variants = lab.variants.statuses().await;
    let stores: Vec<String> = Store::value_variants().iter().map(ToString::to_string).collect();
    let mut take = |framework: &str, store: &str| {
        let is_it = |variant: &Variant| {
            variant.framework.as_deref() == Some(framework) && variant.store.as_deref() == Some(store)
        };
        variants.iter().position(is_it).map(|place| variants.swap_remove(place))
    };
    let mut rows = Vec::new();
    for framework in Framework::value_variants().iter().map(ToString::to_string) {
        let cell = |store: &String| {
            let command = format!("cargo run -p server -- --framework {framework} --store {store}");
            take(&framework, store).map(|variant| Cell { store: store.clone(), variant, command })
        };
        rows.push(Row { cells: stores.iter().filter_map(cell).collect(), framework });
    }
    html(&VariantsPage { stores, rows, attached: variants })
}

async fn statuses(State(lab): State<Arc<Lab>>) -> Json<Vec<Variant>> {
    Json(lab.variants.statuses().await)
}

/// What the page is told of a change that was refused or failed.
#[derive(Serialize)]
struct Refusal {
    error: String,
}

async fn change(State(lab): State<Arc<Lab>>, Path((name, change)): Path<(String, String)>) -> Response {
    // In a task of its own: a page that is closed meanwhile must not leave a variant half started.
    let change = tokio::spawn(async move {
        match change.as_str() {
            "start" => Some(lab.variants.start(&name).await),
            "stop" => Some(lab.variants.stop(&name).await),
            "start-afresh" => Some(lab.variants.start_afresh(&name).await),
            _ => None,
        }
    });
    let refused = |status, error: String| (status, Json(Refusal { error })).into_response();
    match change.await {
        Ok(Some(Ok(()))) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(Err(error))) => {
            let status = match error {
                ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
                ChangeError::Attached(_) => StatusCode::CONFLICT,
                ChangeError::Failed { .. } | ChangeError::Data { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refused(status, error.to_string())
        }
        Ok(None) => refused(StatusCode::NOT_FOUND, "there is start, stop and start-afresh".to_owned()),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    name: String,
    lines: Vec<String>,
}

impl LogPage {
    fn view(&self) -> &'static str {
        "/"
    }
}

fn log_of(lab: &Lab, name: &str) -> Result<Arc<Log>, Response> {
    let advice = format!("The lab has no log of {name}: it starts no such variant.\n");
    lab.variants.log(name).ok_or_else(|| (StatusCode::NOT_FOUND, advice).into_response())
}

async fn log(State(lab): State<Arc<Lab>>, Path(name): Path<String>) -> Response {
    match log_of(&lab, &name) {
        Ok(log) => html(&LogPage { lines: log.follow().0, name }),
        Err(refusal) => refusal,
    }
}

/// The log as server-sent events (WHATWG HTML, 9.2), one a line: the last lines, then those that come.
async fn log_lines(State(lab): State<Arc<Lab>>, Path(name): Path<String>) -> Response {
    match log_of(&lab, &name) {
        Ok(log) => Sse::new(events(&log)).keep_alive(KeepAlive::default()).into_response(),
        Err(refusal) => refusal,
    }
}

fn events(log: &Log) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let (lines, news) = log.follow();
    // A reader that was too slow misses lines; it goes on with those that are left.
    let news = BroadcastStream::new(news).filter_map(Result::ok);
    tokio_stream::iter(lines).chain(news).map(|line| Ok(Event::default().data(line)))
}
