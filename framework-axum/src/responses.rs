//! How results become answers.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, LINK, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::dto::Resource;
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::{Found, Placed};

/// 200 with a JSON body.
pub fn ok(body: impl Serialize) -> Response {
    Json(body).into_response()
}

/// 200 with a resource and its entity tag.
pub fn tagged(resource: impl Resource) -> Response {
    ([(ETAG, entity_tag(resource.version()))], Json(resource)).into_response()
}

/// 201 with a resource, its entity tag and where it is.
pub fn created(resource: impl Resource) -> Response {
    let headers = [(LOCATION, resource.path()), (ETAG, entity_tag(resource.version()))];
    (StatusCode::CREATED, headers, Json(resource)).into_response()
}

/// 201 with an order, and whether an earlier request placed it.
pub fn placed(placed: Placed) -> Response {
    let order = created(placed.order);
    if placed.replayed { ([("idempotency-replayed", "true")], order).into_response() } else { order }
}

/// 200 with a resource, or 304 where the client has it already.
pub fn found(found: Found<impl Resource>) -> Response {
    match found {
        Found::Fresh(fresh, _) => tagged(fresh),
        Found::NotModified(version) => (StatusCode::NOT_MODIFIED, [(ETAG, entity_tag(version))]).into_response(),
    }
}

/// 200 with a page and a link to the next one.
pub fn page(page: Page<impl Serialize>) -> Response {
    match page.link() {
        Some(link) => ([(LINK, link)], Json(page)).into_response(),
        None => Json(page).into_response(),
    }
}

/// 204.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 200 with text of this media type.
pub fn text(content_type: &str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, content_type.to_owned())], body).into_response()
}
