//! Users.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;
use shared::dto::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest};

/// `GET /api/users`
pub async fn list(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    QueryString(query): QueryString<ListUsersQuery>,
) -> Result<Response, ApiProblem> {
    let page = app.services.users.list(&context, caller, query).await?;
    Ok(responses::page(page))
}

/// `POST /api/users`
pub async fn create(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<CreateUserRequest>,
) -> Result<Response, ApiProblem> {
    let user = app.services.users.create(&context, caller, request).await?;
    Ok(responses::created(user))
}

/// `GET /api/users/{id}`
pub async fn find(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<Response, ApiProblem> {
    let user = app.services.users.find(&context, caller, &id, &if_none_match).await?;
    Ok(responses::found(user))
}

/// `PUT /api/users/{id}`
pub async fn replace(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<ReplaceUserRequest>,
) -> Result<Response, ApiProblem> {
    let user = app.services.users.replace(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(user))
}

/// `PATCH /api/users/{id}`
pub async fn update(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Result<Response, ApiProblem> {
    let user = app.services.users.update(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(user))
}

/// `DELETE /api/users/{id}`
pub async fn delete(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
) -> Result<Response, ApiProblem> {
    app.services.users.delete(&context, caller, &id, &if_match).await?;
    Ok(responses::no_content())
}
