//! The API in axum: a thin layer of functions over tower and hyper.
//!
//! | file | what it shows |
//! | --- | --- |
//! | [`routes`] | every path with its handlers, and the layers around them |
//! | [`handlers`] | one function an operation: extract, call one service method, respond |
//! | [`extractors`] | how a request becomes arguments: the context, the caller, the checked body |
//! | [`responses`] | how results become answers |
//! | [`problems`] | how errors become answers |
//! | [`middleware`] | what surrounds every request |
//!
//! This crate sees `shared` and axum. It never sees a store, and no rule lives in it. Read it beside
//! `framework-actix` and `framework-rocket`: the same files, the same functions in the same order.

pub mod extractors;
pub mod handlers;
pub mod middleware;
pub mod problems;
pub mod responses;
pub mod routes;

use axum::ServiceExt;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt;
use shared::app::App;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tower::Layer;
use tower::util::MapRequestLayer;

/// Serves `app` on `listen` until its drain ends it, and tells `on_listening` the address once it takes connections.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr, on_listening: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    on_listening(listener.local_addr()?);
    // Small answers must not wait for more to send (Nagle's algorithm).
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });

    // A layer on a `Router` runs after routing: what sees the request as sent, or changes its path, must stand before.
    let router = MapRequestLayer::new(middleware::normalize_path).layer(routes::routes(app.clone()));
    let service = from_fn_with_state(app.clone(), middleware::observe).layer(router);
    let drain = app.drain.clone();
    let server = axum::serve(listener, ServiceExt::<Request>::into_make_service(service))
        .with_graceful_shutdown(async move { drain.begun().await });

    // axum's own shutdown waits for every connection, also one on which a slow client never ends its request.
    tokio::select! {
        outcome = server => outcome,
        () = app.drain.finished(app.shutdown_timeout) => Ok(()),
    }
}
