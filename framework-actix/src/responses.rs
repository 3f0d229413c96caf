//! How results become answers.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{ETAG, HeaderName, HeaderValue, LINK, LOCATION};
use serde::Serialize;
use shared::dto::Resource;
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::{Found, Placed};

/// 200 with a JSON body.
pub fn ok(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with a resource and its entity tag.
pub fn tagged(resource: impl Resource) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, entity_tag(resource.version()))).json(resource)
}

/// 201 with a resource, its entity tag and where it is.
pub fn created(resource: impl Resource) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, resource.path()))
        .insert_header((ETAG, entity_tag(resource.version())))
        .json(resource)
}

/// 201 with an order, and whether an earlier request placed it.
pub fn placed(placed: Placed) -> HttpResponse {
    let mut order = created(placed.order);
    if placed.replayed {
        let (name, value) = (HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
        order.headers_mut().insert(name, value);
    }
    order
}

/// 200 with a resource, or 304 where the client has it already.
pub fn found(found: Found<impl Resource>) -> HttpResponse {
    match found {
        Found::Fresh(fresh, _) => tagged(fresh),
        Found::NotModified(version) => HttpResponse::NotModified().insert_header((ETAG, entity_tag(version))).finish(),
    }
}

/// 200 with a page and a link to the next one.
pub fn page(page: Page<impl Serialize>) -> HttpResponse {
    match page.link() {
        Some(link) => HttpResponse::Ok().insert_header((LINK, link)).json(page),
        None => HttpResponse::Ok().json(page),
    }
}

/// 204.
pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// 200 with text of this media type.
pub fn text(content_type: &str, body: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).body(body)
}
