//! What the services in axum share: the routes to their handlers, the server, and the answers of its examples when there is no user
//! or no database.

use super::Settings;
use super::bodies::{HELLO, Hello, User};
use crate::failure::Failure;
use crate::process;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use std::error::Error;

/// Serves these routes.
///
/// # Errors
/// [`Failure`].
pub async fn serve(settings: &Settings, routes: Router) -> Result<(), Failure> {
    let listener = process::listen(settings.listen).await?;
    // As in the variants: small answers must not wait for more to send (Nagle's algorithm).
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await.map_err(|error| Failure::Ended(error.into()))
}

/// The routes that all have: to the handlers of the users, and of one of them.
pub fn routes<S: Clone + Send + Sync + 'static>(users: MethodRouter<S>, user: MethodRouter<S>) -> Router<S> {
    Router::new().route("/api/hello", get(hello)).route("/api/users", users).route("/api/users/{id}", user)
}

async fn hello() -> Json<Hello> {
    Json(HELLO)
}

/// What a handler answers.
pub type Outcome<T> = Result<T, (StatusCode, String)>;

/// The user that was found, changed or not, as 404 if there is none.
pub fn found(user: Option<User>) -> Outcome<Json<User>> {
    user.map(Json).ok_or_else(|| (StatusCode::NOT_FOUND, String::new()))
}

/// Any error as 500 with its text, as axum's examples for databases have it.
pub fn internal_error(error: impl Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
