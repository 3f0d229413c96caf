//! Products.

use crate::extractors::{Authenticated, Context, IfMatch, IfNoneMatch, JsonBody, PathText, QueryString};
use crate::problems::ApiProblem;
use crate::responses::{self, Created, FoundResource, ResourcePage, Tagged};
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use shared::app::App;
use shared::dto::{ListProductsQuery, ProductRequest, ProductResponse};
use shared::paging::Page;

/// `GET /api/products`
#[get("/api/products")]
pub async fn list(
    app: &State<App>,
    context: Context<'_>,
    query: QueryString<ListProductsQuery>,
) -> Result<ResourcePage<Json<Page<ProductResponse>>>, ApiProblem> {
    let page = app.services.products.list(context.0, query.0).await?;
    Ok(responses::page(page))
}

/// `POST /api/products`
#[post("/api/products", data = "<request>")]
pub async fn create(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    request: JsonBody<ProductRequest>,
) -> Result<Created<Json<ProductResponse>>, ApiProblem> {
    let product = app.services.products.create(context.0, caller.0, request.0).await?;
    Ok(responses::created(product))
}

/// `GET /api/products/{id}`
#[get("/api/products/<id>")]
pub async fn find(
    app: &State<App>,
    context: Context<'_>,
    id: PathText<'_>,
    if_none_match: IfNoneMatch,
) -> Result<FoundResource<Json<ProductResponse>>, ApiProblem> {
    let product = app.services.products.find(context.0, id.0, &if_none_match.0).await?;
    Ok(responses::found(product))
}

/// `PUT /api/products/{id}`
#[put("/api/products/<id>", data = "<request>")]
pub async fn replace(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
    request: JsonBody<ProductRequest>,
) -> Result<Tagged<Json<ProductResponse>>, ApiProblem> {
    let product = app.services.products.replace(context.0, caller.0, id.0, &if_match.0, request.0).await?;
    Ok(responses::tagged(product))
}

/// `DELETE /api/products/{id}`
#[delete("/api/products/<id>")]
pub async fn delete(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    id: PathText<'_>,
    if_match: IfMatch,
) -> Result<NoContent, ApiProblem> {
    app.services.products.delete(context.0, caller.0, id.0, &if_match.0).await?;
    Ok(responses::no_content())
}
