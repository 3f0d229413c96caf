//! Health, metrics, the contract and its pages.

use crate::extractors::{Context, PathText};
use crate::problems::ApiProblem;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;
use shared::pages;

/// `GET /health/live`
pub async fn live(app: Data<App>, Context(context): Context) -> HttpResponse {
    responses::ok(app.services.system.live(&context))
}

/// `GET /health/ready`
pub async fn ready(app: Data<App>, Context(context): Context) -> Result<HttpResponse, ApiProblem> {
    let health = app.services.system.ready(&context).await?;
    Ok(responses::ok(health))
}

/// `GET /metrics`
pub async fn metrics(app: Data<App>, Context(context): Context) -> HttpResponse {
    responses::text(pages::METRICS, app.services.system.metrics(&context))
}

/// `GET /openapi.json`
pub async fn openapi() -> HttpResponse {
    responses::text(pages::JSON, pages::OPENAPI_JSON)
}

/// `GET /docs`
pub async fn docs() -> HttpResponse {
    responses::text(pages::HTML, pages::DOCS)
}

/// `GET /docs/{file}`
pub async fn docs_file(PathText(file): PathText) -> Result<HttpResponse, ApiProblem> {
    let asset = pages::docs_file(&file)?;
    Ok(responses::text(&asset.content_type, asset.bytes.into_owned()))
}

/// `GET /problems/{slug}`
pub async fn problem(PathText(slug): PathText) -> Result<HttpResponse, ApiProblem> {
    let page = pages::problem(&slug)?;
    Ok(responses::text(pages::HTML, page))
}

/// `GET /trace/{request_id}`
pub async fn trace(app: Data<App>, PathText(request_id): PathText) -> Result<HttpResponse, ApiProblem> {
    let trace = app.services.system.trace(&request_id)?;
    Ok(responses::ok(trace))
}
