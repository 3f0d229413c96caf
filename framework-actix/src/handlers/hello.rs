//! The smallest operation.

use crate::extractors::Context;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;

/// `GET /api/hello`
pub async fn show(app: Data<App>, Context(context): Context) -> HttpResponse {
    responses::ok(app.services.hello.show(&context))
}
