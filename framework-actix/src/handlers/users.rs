//! Users.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;
use shared::dto::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest};

/// `GET /api/users`
pub async fn list(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    QueryString(query): QueryString<ListUsersQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let page = app.services.users.list(&context, caller, query).await?;
    Ok(responses::page(page))
}

/// `POST /api/users`
pub async fn create(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<CreateUserRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.users.create(&context, caller, request).await?;
    Ok(responses::created(user))
}

/// `GET /api/users/{id}`
pub async fn find(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.users.find(&context, caller, &id, &if_none_match).await?;
    Ok(responses::found(user))
}

/// `PUT /api/users/{id}`
pub async fn replace(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<ReplaceUserRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.users.replace(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(user))
}

/// `PATCH /api/users/{id}`
pub async fn update(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let user = app.services.users.update(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(user))
}

/// `DELETE /api/users/{id}`
pub async fn delete(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
) -> Result<HttpResponse, ApiProblem> {
    app.services.users.delete(&context, caller, &id, &if_match).await?;
    Ok(responses::no_content())
}
