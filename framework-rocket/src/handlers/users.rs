//! Users.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses::{self, Created, FoundResource, ResourcePage, Tagged};
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use rocket::{State, delete, get, patch, post, put};
use shared::app::App;
use shared::dto::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest, UserResponse};
use shared::paging::Page;

/// `GET /api/users`
#[get("/api/users")]
pub async fn list(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    query: QueryString<ListUsersQuery>,
) -> Result<ResourcePage<Json<Page<UserResponse>>>, ApiProblem> {
    let page = app.services.users.list(context.0, caller.0, query.0).await?;
    Ok(responses::page(page))
}

/// `POST /api/users`
#[post("/api/users", data = "<request>")]
pub async fn create(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    request: JsonBody<CreateUserRequest>,
) -> Result<Created<Json<UserResponse>>, ApiProblem> {
    let user = app.services.users.create(context.0, caller.0, request.0).await?;
    Ok(responses::created(user))
}

/// `GET /api/users/{id}`
#[get("/api/users/<id>")]
pub async fn find(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_none_match: IfNoneMatch,
) -> Result<FoundResource<Json<UserResponse>>, ApiProblem> {
    let user = app.services.users.find(context.0, caller.0, id.0, &if_none_match.0).await?;
    Ok(responses::found(user))
}

/// `PUT /api/users/{id}`
#[put("/api/users/<id>", data = "<request>")]
pub async fn replace(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
    request: JsonBody<ReplaceUserRequest>,
) -> Result<Tagged<Json<UserResponse>>, ApiProblem> {
    let user = app.services.users.replace(context.0, caller.0, id.0, &if_match.0, request.0).await?;
    Ok(responses::tagged(user))
}

/// `PATCH /api/users/{id}`
#[patch("/api/users/<id>", data = "<request>")]
pub async fn update(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
    request: JsonBody<UpdateUserRequest>,
) -> Result<Tagged<Json<UserResponse>>, ApiProblem> {
    let user = app.services.users.update(context.0, caller.0, id.0, &if_match.0, request.0).await?;
    Ok(responses::tagged(user))
}

/// `DELETE /api/users/{id}`
#[delete("/api/users/<id>")]
pub async fn delete(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
) -> Result<NoContent, ApiProblem> {
    app.services.users.delete(context.0, caller.0, id.0, &if_match.0).await?;
    Ok(responses::no_content())
}
