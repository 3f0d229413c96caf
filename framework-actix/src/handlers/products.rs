//! Products.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;
use shared::dto::{ListProductsQuery, ProductRequest};

/// `GET /api/products`
pub async fn list(
    app: Data<App>,
    Context(context): Context,
    QueryString(query): QueryString<ListProductsQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let page = app.services.products.list(&context, query).await?;
    Ok(responses::page(page))
}

/// `POST /api/products`
pub async fn create(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<ProductRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let product = app.services.products.create(&context, caller, request).await?;
    Ok(responses::created(product))
}

/// `GET /api/products/{id}`
pub async fn find(
    app: Data<App>,
    Context(context): Context,
    PathText(id): PathText,
    IfNoneMatch(if_none_match): IfNoneMatch,
) -> Result<HttpResponse, ApiProblem> {
    let product = app.services.products.find(&context, &id, &if_none_match).await?;
    Ok(responses::found(product))
}

/// `PUT /api/products/{id}`
pub async fn replace(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
    JsonBody(request): JsonBody<ProductRequest>,
) -> Result<HttpResponse, ApiProblem> {
    let product = app.services.products.replace(&context, caller, &id, &if_match, request).await?;
    Ok(responses::tagged(product))
}

/// `DELETE /api/products/{id}`
pub async fn delete(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    PathText(id): PathText,
    IfMatch(if_match): IfMatch,
) -> Result<HttpResponse, ApiProblem> {
    app.services.products.delete(&context, caller, &id, &if_match).await?;
    Ok(responses::no_content())
}
