//! How results become answers.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, LINK, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::dto::UserResponse;
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::Found;

/// 200 with a JSON body.
pub fn ok(body: impl Serialize) -> Response {
    Json(body).into_response()
}

/// 200 with a user and its entity tag.
pub fn user(user: UserResponse) -> Response {
    ([(ETAG, entity_tag(user.version))], Json(user)).into_response()
}

/// 201 with a user, its entity tag and where it is.
pub fn created(user: UserResponse) -> Response {
    let headers = [(LOCATION, format!("/api/users/{}", user.id)), (ETAG, entity_tag(user.version))];
    (StatusCode::CREATED, headers, Json(user)).into_response()
}

/// 200 with a user, or 304 where the client has it already.
pub fn found(found: Found<UserResponse>) -> Response {
    match found {
        Found::Fresh(fresh, _) => user(fresh),
        Found::NotModified(version) => (StatusCode::NOT_MODIFIED, [(ETAG, entity_tag(version))]).into_response(),
    }
}

/// 200 with a page and a link to the next one.
pub fn page(page: Page<UserResponse>) -> Response {
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
