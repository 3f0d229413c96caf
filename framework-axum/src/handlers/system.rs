//! Health, metrics, the contract and its pages.

use crate::extractors::{Context, PathText};
use crate::problems::ApiProblem;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;
use shared::pages;

/// `GET /health/live`
pub async fn live(State(app): State<App>, Context(context): Context) -> Response {
    responses::ok(app.services.system.live(&context))
}

/// `GET /health/ready`
pub async fn ready(State(app): State<App>, Context(context): Context) -> Result<Response, ApiProblem> {
    let health = app.services.system.ready(&context).await?;
    Ok(responses::ok(health))
}

/// `GET /metrics`
pub async fn metrics(State(app): State<App>, Context(context): Context) -> Response {
    responses::text(pages::METRICS, app.services.system.metrics(&context))
}

/// `GET /openapi.json`
pub async fn openapi() -> Response {
    responses::text(pages::JSON, pages::OPENAPI_JSON)
}

/// `GET /docs`
pub async fn docs() -> Response {
    responses::text(pages::HTML, pages::DOCS)
}

/// `GET /docs/{file}`
pub async fn docs_file(PathText(file): PathText) -> Result<Response, ApiProblem> {
    let asset = pages::docs_file(&file)?;
    Ok(responses::text(&asset.content_type, asset.bytes))
}

/// `GET /problems/{slug}`
pub async fn problem(PathText(slug): PathText) -> Result<Response, ApiProblem> {
    let page = pages::problem(&slug)?;
    Ok(responses::text(pages::HTML, page))
}

/// `GET /trace/{request_id}`
pub async fn trace(State(app): State<App>, PathText(request_id): PathText) -> Result<Response, ApiProblem> {
    let trace = app.services.system.trace(&request_id)?;
    Ok(responses::ok(trace))
}
