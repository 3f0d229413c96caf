//! The lab page: HTML that is complete without a script, and small ES modules that make it live.
//!
//! | module | view |
//! | --- | --- |
//! | [`variants`], [`logs`] | `/`: what runs where; start, stop, start afresh; the log of each |
//! | [`tester`] | `/try`: one request to one variant or to all, the answers side by side |
//! | [`code`] | `/code`: the same operation in several crates, side by side |
//! | [`way`] | `/request`: the way of a request through the layers of one variant |
//! | [`benchmarks`] | `/benchmarks`: results, two of them compared; the quick profile with live progress |
//!
//! [`guard`] stands before all of them. Everything that a page loads comes from the executable itself ([`assets`]).

mod assets;
mod benchmarks;
mod code;
mod guard;
mod logs;
mod tester;
mod variants;
mod way;

use crate::benchmarks::run::Benchmarks;
use crate::run::variants::Variants;
use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The views in the order of the navigation: path and name.
pub(crate) const VIEWS: [(&str, &str); 5] = [
    ("/", "Variants"),
    ("/try", "Tester"),
    ("/code", "Code"),
    ("/request", "How a request goes"),
    ("/benchmarks", "Benchmarks"),
];

/// What the views show.
pub(crate) struct Lab {
    pub variants: Variants,
    pub benchmarks: Benchmarks,
}

/// Serves the page on `listener` until `stopped`.
///
/// # Errors
/// The system's about the listener.
pub(crate) async fn serve(listener: TcpListener, lab: Arc<Lab>, stopped: oneshot::Receiver<()>) -> std::io::Result<()> {
    let router = Router::new()
        .merge(variants::routes())
        .merge(logs::routes())
        .merge(tester::routes())
        .merge(code::routes())
        .merge(way::routes())
        .merge(benchmarks::routes())
        .merge(assets::routes())
        .layer(from_fn(guard::guard))
        .with_state(lab);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router).with_graceful_shutdown(async { drop(stopped.await) }).await
}

/// A page from its template, or why there is none.
fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
