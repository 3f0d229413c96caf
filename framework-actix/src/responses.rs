//! How results become answers.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{ETAG, LINK, LOCATION};
use serde::Serialize;
use shared::dto::UserResponse;
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::Found;

/// 200 with a JSON body.
pub fn ok(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with a user and its entity tag.
pub fn user(user: UserResponse) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, entity_tag(user.version))).json(user)
}

/// 201 with a user, its entity tag and where it is.
pub fn created(user: UserResponse) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/users/{}", user.id)))
        .insert_header((ETAG, entity_tag(user.version)))
        .json(user)
}

/// 200 with a user, or 304 where the client has it already.
pub fn found(found: Found<UserResponse>) -> HttpResponse {
    match found {
        Found::Fresh(fresh, _) => user(fresh),
        Found::NotModified(version) => HttpResponse::NotModified().insert_header((ETAG, entity_tag(version))).finish(),
    }
}

/// 200 with a page and a link to the next one.
pub fn page(page: Page<UserResponse>) -> HttpResponse {
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
