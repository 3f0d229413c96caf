//! What the services in axum share: the server, and the error of its examples.

use super::Settings;
use super::bodies::{HELLO, Hello};
use crate::failure::Failure;
use crate::process;
use axum::http::StatusCode;
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

/// Says hello.
pub async fn hello() -> Json<Hello> {
    Json(HELLO)
}

/// Any error as 500 with its text, as axum's examples for databases have it.
pub fn internal_error(error: impl Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
