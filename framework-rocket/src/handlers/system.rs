//! Health, metrics, the contract and its pages.

use crate::extractors::{Context, PathText};
use crate::problems::ApiProblem;
use crate::responses::{self, Text};
use rocket::serde::json::Json;
use rocket::{State, get};
use shared::app::App;
use shared::dto::HealthResponse;
use shared::pages;
use shared::telemetry::RequestTrace;
use std::borrow::Cow;

/// `GET /health/live`
#[get("/health/live")]
pub fn live(app: &State<App>, context: Context<'_>) -> Json<HealthResponse> {
    responses::ok(app.services.system.live(context.0))
}

/// `GET /health/ready`
#[get("/health/ready")]
pub async fn ready(app: &State<App>, context: Context<'_>) -> Result<Json<HealthResponse>, ApiProblem> {
    let health = app.services.system.ready(context.0).await?;
    Ok(responses::ok(health))
}

/// `GET /metrics`
#[get("/metrics")]
pub fn metrics(app: &State<App>, context: Context<'_>) -> Text<String> {
    responses::text(pages::METRICS, app.services.system.metrics(context.0))
}

/// `GET /openapi.json`
#[get("/openapi.json")]
pub fn openapi() -> Text<&'static str> {
    responses::text(pages::JSON, pages::OPENAPI_JSON)
}

/// `GET /docs`
#[get("/docs")]
pub fn docs() -> Text<&'static str> {
    responses::text(pages::HTML, pages::DOCS)
}

/// `GET /docs/{file}`
#[get("/docs/<file>")]
pub fn docs_file(file: PathText<'_>) -> Result<Text<Cow<'static, [u8]>>, ApiProblem> {
    let asset = pages::docs_file(file.0)?;
    Ok(responses::text(&asset.content_type, asset.bytes))
}

/// `GET /problems/{slug}`
#[get("/problems/<slug>")]
pub fn problem(slug: PathText<'_>) -> Result<Text<String>, ApiProblem> {
    let page = pages::problem(slug.0)?;
    Ok(responses::text(pages::HTML, page))
}

/// `GET /trace/{request_id}`
#[get("/trace/<request_id>")]
pub fn trace(app: &State<App>, request_id: PathText<'_>) -> Result<Json<RequestTrace>, ApiProblem> {
    let trace = app.services.system.trace(request_id.0)?;
    Ok(responses::ok(trace))
}
