//! What runs where: start, stop and start afresh what the lab runs.

use super::{Lab, html};
use crate::compare::counted;
use crate::run::variants::{ChangeError, Variant};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::ValueEnum;
use serde::Serialize;
use server::{Framework, Store};
use std::sync::Arc;
use tokio::task::JoinError;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/", get(page))
        .route("/variants", get(statuses))
        .route("/variants/{name}/{change}", post(change))
        .route("/start-afresh", post(start_all_afresh))
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

impl Variant {
    /// `127.0.0.1:3001`, or nothing while it does not listen.
    fn address_text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// `process 123 · 41 MB · 17 requests`, as far as it is known.
    fn facts(&self) -> String {
        let process = self.process_id.map(|id| format!("process {id}"));
        let memory = self.memory_bytes.map(|bytes| format!("{} MB", bytes / 1_000_000));
        let requests = self.requests.map(|count| counted(usize::try_from(count).unwrap_or(usize::MAX), "request"));
        [process, memory, requests].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
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

/// A variant with the words that the page has for it.
#[derive(Serialize)]
struct Shown {
    facts: String,
    mood: &'static str,
    #[serde(flatten)]
    variant: Variant,
}

async fn statuses(State(lab): State<Arc<Lab>>) -> Json<Vec<Shown>> {
    let shown = |variant: Variant| Shown { facts: variant.facts(), mood: variant.status.mood(), variant };
    Json(lab.variants.statuses().await.into_iter().map(shown).collect())
}

/// What the page is told of a change that was refused or failed.
#[derive(Serialize)]
struct Refusal {
    error: String,
}

/// Starts, stops or starts afresh one variant. A script is answered 204 or what went wrong; a form without a script goes
/// back to the page, which says it too.
async fn change(
    State(lab): State<Arc<Lab>>,
    Path((name, change)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    // In a task of its own: a page that is closed meanwhile must not leave a variant half started.
    let outcome = tokio::spawn(async move {
        match change.as_str() {
            "start" => lab.variants.start(&name).await,
            "stop" => lab.variants.stop(&name).await,
            "start-afresh" => lab.variants.start_afresh(&name).await,
            _ => Err(ChangeError::NoSuchChange(change)),
        }
    });
    answer(outcome.await, &headers)
}

/// Starts all variants that run afresh, so that all have the same data again.
async fn start_all_afresh(State(lab): State<Arc<Lab>>, headers: HeaderMap) -> Response {
    answer(tokio::spawn(async move { lab.variants.start_all_afresh().await }).await, &headers)
}

fn answer(outcome: Result<Result<(), ChangeError>, JoinError>, headers: &HeaderMap) -> Response {
    let is_form = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let refused = |status, error: String| (status, Json(Refusal { error })).into_response();
    match outcome {
        _ if is_form => Redirect::to("/").into_response(),
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error)) => {
            let status = match error {
                ChangeError::Unknown(_) | ChangeError::NoSuchChange(_) => StatusCode::NOT_FOUND,
                ChangeError::Attached(_) => StatusCode::CONFLICT,
                ChangeError::Failed { .. } | ChangeError::Data { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refused(status, error.to_string())
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
