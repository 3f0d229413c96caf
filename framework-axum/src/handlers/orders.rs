//! Orders.

use crate::extractors::{
    Authenticated, Context, IdempotencyKey, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString,
};
use crate::problems::ApiProblem;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;
use shared::dto::{CreateOrderRequest, ListOrdersQuery, UpdateOrderRequest};

/// `GET /api/users/{id}/orders`
pub async fn list(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    QueryString(query): QueryString<ListOrdersQuery>,
) -> Result<Response, ApiProblem> {
    let page = app.services.orders.list(&context, caller, &id, query).await?;
    Ok(responses::page(page))
}

/// `POST /api/orders`
pub async fn create(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(request): JsonBody<CreateOrderRequest>,
) -> Result<Response, ApiProblem> {
    let placed = app.services.orders.create(&context, caller, idempotency_key, request).await?;
    Ok(responses::placed(placed))
}

/// `GET /api/orders/{id}`
pub async fn find(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<Response, ApiProblem> {
    let order = app.services.orders.find(&context, caller, &id, &if_none_match).await?;
    Ok(responses::found(order))
}

/// `PATCH /api/orders/{id}`
pub async fn update(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<UpdateOrderRequest>,
) -> Result<Response, ApiProblem> {
    let order = app.services.orders.update(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(order))
}
