//! The smallest operation.

use crate::extractors::Context;
use crate::responses;
use rocket::serde::json::Json;
use rocket::{State, get};
use shared::app::App;
use shared::dto::HelloResponse;

/// `GET /api/hello`
#[get("/api/hello")]
pub fn show(app: &State<App>, context: Context<'_>) -> Json<HelloResponse> {
    responses::ok(app.services.hello.show(context.0))
}
