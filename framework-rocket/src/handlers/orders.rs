//! Orders.

use crate::extractors::{
    Authenticated, Context, IdempotencyKey, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString,
};
use crate::problems::ApiProblem;
use crate::responses::{self, FoundResource, PlacedOrder, ResourcePage, Tagged};
use rocket::serde::json::Json;
use rocket::{State, get, patch, post};
use shared::app::App;
use shared::dto::{CreateOrderRequest, ListOrdersQuery, OrderResponse, UpdateOrderRequest};
use shared::paging::Page;

/// `GET /api/users/{id}/orders`
#[get("/api/users/<id>/orders")]
pub async fn list(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    query: QueryString<ListOrdersQuery>,
) -> Result<ResourcePage<Json<Page<OrderResponse>>>, ApiProblem> {
    let page = app.services.orders.list(context.0, caller.0, id.0, query.0).await?;
    Ok(responses::page(page))
}

/// `POST /api/orders`
#[post("/api/orders", data = "<request>")]
pub async fn create(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    idempotency_key: IdempotencyKey,
    request: JsonBody<CreateOrderRequest>,
) -> Result<PlacedOrder, ApiProblem> {
    let placed = app.services.orders.create(context.0, caller.0, idempotency_key.0, request.0).await?;
    Ok(responses::placed(placed))
}

/// `GET /api/orders/{id}`
#[get("/api/orders/<id>")]
pub async fn find(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_none_match: IfNoneMatch,
) -> Result<FoundResource<Json<OrderResponse>>, ApiProblem> {
    let order = app.services.orders.find(context.0, caller.0, id.0, &if_none_match.0).await?;
    Ok(responses::found(order))
}

/// `PATCH /api/orders/{id}`
#[patch("/api/orders/<id>", data = "<request>")]
pub async fn update(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
    request: JsonBody<UpdateOrderRequest>,
) -> Result<Tagged<Json<OrderResponse>>, ApiProblem> {
    let order = app.services.orders.update(context.0, caller.0, id.0, &if_match.0, request.0).await?;
    Ok(responses::tagged(order))
}
