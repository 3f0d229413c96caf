//! How results become answers: types from which Rocket derives the answer, so that a handler's signature tells it.

use rocket::Responder;
use rocket::http::Header;
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use serde::Serialize;
use shared::dto::{OrderResponse, Resource};
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::{Found, Placed};

/// A resource and its entity tag.
#[derive(Responder)]
pub struct Tagged<R> {
    resource: R,
    etag: Header<'static>,
}

/// A new resource, its entity tag and where it is. `rocket::response::status::Created` would make the tag from a hash.
#[derive(Responder)]
#[response(status = 201)]
pub struct Created<R> {
    resource: R,
    location: Header<'static>,
    etag: Header<'static>,
}

/// An order that was placed now, or by an earlier request.
#[derive(Responder)]
pub enum PlacedOrder {
    /// Now.
    Placed(Created<Json<OrderResponse>>),
    /// By an earlier request with the same idempotency key.
    Replayed(Created<Json<OrderResponse>>, Header<'static>),
}

/// A resource, or that the client has it already.
#[derive(Responder)]
pub enum FoundResource<R> {
    /// 200.
    Fresh(Tagged<R>),
    /// 304.
    #[response(status = 304)]
    NotModified((), Header<'static>),
}

/// A page of resources.
#[derive(Responder)]
pub enum ResourcePage<P> {
    /// With a link to the next one.
    Linked(P, Header<'static>),
    /// The last one.
    Last(P),
}

/// Text of a media type, which takes the place of the one that Rocket gives to the type of the body.
#[derive(Responder)]
pub struct Text<B> {
    body: B,
    content_type: Header<'static>,
}

/// 200 with a JSON body.
pub fn ok<T: Serialize>(body: T) -> Json<T> {
    Json(body)
}

/// 200 with a resource and its entity tag.
pub fn tagged<T: Resource>(resource: T) -> Tagged<Json<T>> {
    Tagged { etag: etag(resource.version()), resource: Json(resource) }
}

/// 201 with a resource, its entity tag and where it is.
pub fn created<T: Resource>(resource: T) -> Created<Json<T>> {
    let location = Header::new("Location", resource.path());
    Created { location, etag: etag(resource.version()), resource: Json(resource) }
}

/// 201 with an order, and whether an earlier request placed it.
pub fn placed(placed: Placed) -> PlacedOrder {
    let order = created(placed.order);
    if placed.replayed {
        PlacedOrder::Replayed(order, Header::new("Idempotency-Replayed", "true"))
    } else {
        PlacedOrder::Placed(order)
    }
}

/// 200 with a resource, or 304 where the client has it already.
pub fn found<T: Resource>(found: Found<T>) -> FoundResource<Json<T>> {
    match found {
        Found::Fresh(fresh, _) => FoundResource::Fresh(tagged(fresh)),
        Found::NotModified(version) => FoundResource::NotModified((), etag(version)),
    }
}

/// 200 with a page and a link to the next one.
pub fn page<T: Serialize>(page: Page<T>) -> ResourcePage<Json<Page<T>>> {
    match page.link() {
        Some(link) => ResourcePage::Linked(Json(page), Header::new("Link", link)),
        None => ResourcePage::Last(Json(page)),
    }
}

/// 204.
pub fn no_content() -> NoContent {
    NoContent
}

/// 200 with text of this media type.
pub fn text<B>(content_type: &str, body: B) -> Text<B> {
    Text { body, content_type: Header::new("Content-Type", content_type.to_owned()) }
}

fn etag(version: i64) -> Header<'static> {
    Header::new("ETag", entity_tag(version))
}
