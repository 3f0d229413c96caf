//! How results become answers: types from which Rocket derives the answer, so that a handler's signature tells it.

use rocket::Responder;
use rocket::http::Header;
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use serde::Serialize;
use shared::dto::UserResponse;
use shared::paging::Page;
use shared::precondition::entity_tag;
use shared::services::Found;

/// A user and its entity tag.
#[derive(Responder)]
pub struct Tagged {
    user: Json<UserResponse>,
    etag: Header<'static>,
}

/// A new user, its entity tag and where it is. `rocket::response::status::Created` would make the tag from a hash.
#[derive(Responder)]
#[response(status = 201)]
pub struct Created {
    user: Json<UserResponse>,
    location: Header<'static>,
    etag: Header<'static>,
}

/// A user, or that the client has it already.
#[derive(Responder)]
pub enum FoundUser {
    /// 200.
    Fresh(Tagged),
    /// 304.
    #[response(status = 304)]
    NotModified((), Header<'static>),
}

/// A page of users.
#[derive(Responder)]
pub enum UserPage {
    /// With a link to the next one.
    Linked(Json<Page<UserResponse>>, Header<'static>),
    /// The last one.
    Last(Json<Page<UserResponse>>),
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

/// 200 with a user and its entity tag.
pub fn user(user: UserResponse) -> Tagged {
    Tagged { etag: etag(user.version), user: Json(user) }
}

/// 201 with a user, its entity tag and where it is.
pub fn created(user: UserResponse) -> Created {
    let location = Header::new("Location", format!("/api/users/{}", user.id));
    Created { location, etag: etag(user.version), user: Json(user) }
}

/// 200 with a user, or 304 where the client has it already.
pub fn found(found: Found<UserResponse>) -> FoundUser {
    match found {
        Found::Fresh(fresh, _) => FoundUser::Fresh(user(fresh)),
        Found::NotModified(version) => FoundUser::NotModified((), etag(version)),
    }
}

/// 200 with a page and a link to the next one.
pub fn page(page: Page<UserResponse>) -> UserPage {
    match page.link() {
        Some(link) => UserPage::Linked(Json(page), Header::new("Link", link)),
        None => UserPage::Last(Json(page)),
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
