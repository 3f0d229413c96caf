//! What runs where: start, stop and start afresh what the lab runs.

use super::{Lab, html};
use crate::compare::counted;
use crate::run::variants::{ChangeError, Status, Variant};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::ValueEnum;
use serde::Serialize;
use server::{Database, Framework, Store};
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
    frameworks: Vec<String>,
    groups: Vec<Group>,
    left_out: Vec<LeftOut>,
    attached: Vec<Variant>,
}

/// The stores over one database.
struct Group {
    database: Database,
    /// Whether its server answers; one that runs in the process does.
    answers: bool,
    rows: Vec<Row>,
}

impl Group {
    fn is(&self, database: Database) -> bool {
        self.database == database
    }
}

struct Row {
    store: Store,
    cells: Vec<Cell>,
}

struct Cell {
    framework: String,
    variant: Variant,
    /// How to run it without the lab.
    command: String,
}

/// A database whose stores are not in this program.
struct LeftOut {
    database: &'static str,
    stores: Vec<&'static str>,
}

impl Variant {
    /// `127.0.0.1:3001`, or nothing while it does not listen.
    fn address_text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// `41 MB · 17 requests`, as far as it is known.
    fn facts(&self) -> String {
        let memory = self.memory_bytes.map(|bytes| format!("{} MB", bytes / 1_000_000));
        let requests = self.requests.map(|count| counted(usize::try_from(count).unwrap_or(usize::MAX), "request"));
        [memory, requests].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Its number, or nothing while it does not run.
    fn process_text(&self) -> String {
        self.process_id.map(|id| id.to_string()).unwrap_or_default()
    }
}

impl VariantsPage {
    fn view(&self) -> &'static str {
        "/"
    }
}

async fn page(State(lab): State<Arc<Lab>>) -> Response {
    let mut variants = lab.variants.statuses().await;
    let frameworks: Vec<String> = Framework::value_variants().iter().map(ToString::to_string).collect();
    let mut take = |framework: &str, store: Store| {
        let is_it = |variant: &Variant| {
            variant.framework.as_deref() == Some(framework) && variant.store.as_deref() == Some(store.name())
        };
        variants.iter().position(is_it).map(|place| variants.swap_remove(place))
    };
    let mut groups: Vec<Group> = Vec::new();
    for store in Store::built_in() {
        let cell = |framework: &String| {
            let command = format!("cargo run -p server --features {store} -- --framework {framework} --store {store}");
            take(framework, store).map(|variant| Cell { framework: framework.clone(), variant, command })
        };
        let row = Row { store, cells: frameworks.iter().filter_map(cell).collect() };
        let answers = !row.cells.iter().any(|cell| cell.variant.status == Status::NoDatabase);
        match groups.iter_mut().find(|group| group.is(store.database())) {
            Some(group) => {
                group.answers &= answers;
                group.rows.push(row);
            }
            None => groups.push(Group { database: store.database(), answers, rows: vec![row] }),
        }
    }
    html(&VariantsPage { frameworks, groups, left_out: left_out(), attached: variants })
}

fn left_out() -> Vec<LeftOut> {
    let mut all: Vec<LeftOut> = Vec::new();
    for store in Store::value_variants().iter().filter(|store| !store.is_built_in()) {
        let database = store.database().title();
        match all.iter_mut().find(|left_out| left_out.database == database) {
            Some(left_out) => left_out.stores.push(store.name()),
            None => all.push(LeftOut { database, stores: vec![store.name()] }),
        }
    }
    all
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
