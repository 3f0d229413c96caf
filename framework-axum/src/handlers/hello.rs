//! The smallest operation.

use crate::extractors::Context;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;

/// `GET /api/hello`
pub async fn show(State(app): State<App>, Context(context): Context) -> Response {
    responses::ok(app.services.hello.show(&context))
}
