//! Products.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;
use shared::dto::{ListProductsQuery, ProductRequest};

/// `GET /api/products`
pub async fn list(
    State(app): State<App>,
    Context(context): Context,
    QueryString(query): QueryString<ListProductsQuery>,
) -> Result<Response, ApiProblem> {
    let page = app.services.products.list(&context, query).await?;
    Ok(responses::page(page))
}

/// `POST /api/products`
pub async fn create(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<ProductRequest>,
) -> Result<Response, ApiProblem> {
    let product = app.services.products.create(&context, caller, request).await?;
    Ok(responses::created(product))
}

/// `GET /api/products/{id}`
pub async fn find(
    State(app): State<App>,
    Context(context): Context,
    PathText(id): PathText,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<Response, ApiProblem> {
    let product = app.services.products.find(&context, &id, &if_none_match).await?;
    Ok(responses::found(product))
}

/// `PUT /api/products/{id}`
pub async fn replace(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<ProductRequest>,
) -> Result<Response, ApiProblem> {
    let product = app.services.products.replace(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(product))
}

/// `DELETE /api/products/{id}`
pub async fn delete(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
) -> Result<Response, ApiProblem> {
    app.services.products.delete(&context, caller, &id, &if_match).await?;
    Ok(responses::no_content())
}
