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

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::serve::{Listener, ListenerExt};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use shared::app::App;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::Layer;
use tower::util::MapRequestLayer;

/// So long a request's head may take to arrive. hyper counts from the answer before it, so an idle connection is closed
/// after this time, too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves `app` on `listen` until its drain ends it, and tells `on_listening` the address once it takes connections.
///
/// `axum::serve` would do this in a line, but it takes no settings: without a time limit for heads, whoever sends a
/// byte now and then keeps a connection for ever. So this is what it does inside, with hyper's settings.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr, on_listening: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    on_listening(listener.local_addr()?);
    // Small answers must not wait for more to send (Nagle's algorithm).
    let mut listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });

    // A layer on a `Router` runs after routing: what sees the request as sent, or changes its path, must stand before.
    let router = MapRequestLayer::new(middleware::normalize_path).layer(routes::routes(app.clone()));
    let service = from_fn_with_state(app.clone(), middleware::observe).layer(router);
    let service = MapRequestLayer::new(|request: Request<Incoming>| request.map(Body::new)).layer(service);
    let service = TowerToHyperService::new(service);

    let mut http = http1::Builder::new();
    // With `half_close`, a client that has closed its side after its request is answered. And as in the other frameworks,
    // the request of one that has gone altogether is served to its end, and counted: else hyper would drop the handler
    // halfway, and with it the log line.
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).half_close(true);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.drain.begun() => break,
        };
        tokio::spawn(connections.watch(http.serve_connection(TokioIo::new(stream), service.clone())));
    }
    drop(listener);

    // Idle connections are closed now, the others after their answers; but one on which a slow client never ends its
    // request is not waited for.
    tokio::select! {
        () = connections.shutdown() => {}
        () = app.drain.finished(app.shutdown_timeout) => {}
    }
    Ok(())
}
