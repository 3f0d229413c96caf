//! Registration and sign-in.

use crate::extractors::{Authenticated, Context, IfNoneMatch, JsonBody};
use crate::problems::ApiProblem;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;
use shared::dto::{LoginRequest, RegisterRequest};

/// `POST /api/auth/register`
pub async fn register(
    app: Data<App>,
    Context(context): Context,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.auth.register(&context, request).await?;
    Ok(responses::created(user))
}

/// `POST /api/auth/login`
pub async fn login(
    app: Data<App>,
    Context(context): Context,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let token = app.services.auth.login(&context, request).await?;
    Ok(responses::ok(token))
}

/// `GET /api/auth/me`
pub async fn me(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.auth.me(&context, caller, &if_none_match).await?;
    Ok(responses::found(user))
}
