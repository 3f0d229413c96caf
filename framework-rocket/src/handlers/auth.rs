//! Registration and sign-in.

use crate::extractors::{Authenticated, Context, IfNoneMatch, JsonBody};
use crate::problems::ApiProblem;
use crate::responses::{self, Created, FoundResource};
use rocket::serde::json::Json;
use rocket::{State, get, post};
use shared::app::App;
use shared::dto::{LoginRequest, RegisterRequest, TokenResponse, UserResponse};

/// `POST /api/auth/register`
#[post("/api/auth/register", data = "<request>")]
pub async fn register(
    app: &State<App>,
    context: Context<'_>,
    request: JsonBody<RegisterRequest>,
) -> Result<Created<Json<UserResponse>>, ApiProblem> {
    let user = app.services.auth.register(context.0, request.0).await?;
    Ok(responses::created(user))
}

/// `POST /api/auth/login`
#[post("/api/auth/login", data = "<request>")]
pub async fn login(
    app: &State<App>,
    context: Context<'_>,
    request: JsonBody<LoginRequest>,
) -> Result<Json<TokenResponse>, ApiProblem> {
    let token = app.services.auth.login(context.0, request.0).await?;
    Ok(responses::ok(token))
}

/// `GET /api/auth/me`
#[get("/api/auth/me")]
pub async fn me(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    if_none_match: IfNoneMatch,
) -> Result<FoundResource<Json<UserResponse>>, ApiProblem> {
    let user = app.services.auth.me(context.0, caller.0, &if_none_match.0).await?;
    Ok(responses::found(user))
}
