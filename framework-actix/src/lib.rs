//! The API in actix-web: one copy of the application for each thread, and nothing of it shared between them.
//!
//! | file | what it shows |
//! | --- | --- |
//! | [`routes`] | every path with its handlers, and the middleware around them |
//! | [`handlers`] | one function an operation: extract, call one service method, respond |
//! | [`extractors`] | how a request becomes arguments: the context, the caller, the checked body |
//! | [`responses`] | how results become answers |
//! | [`problems`] | how errors become answers |
//! | [`middleware`] | what surrounds every request |
//!
//! This crate sees `shared` and actix-web. It never sees a store, and no rule lives in it. Read it beside
//! `framework-axum` and `framework-rocket`: the same files, the same functions in the same order.

pub mod extractors;
pub mod handlers;
pub mod middleware;
pub mod problems;
pub mod responses;
pub mod routes;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use shared::app::App;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// So long the head of a connection's first request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// So long a connection is kept for another request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves `app` on `listen` until its drain ends it, and tells `on_listening` the address once it takes connections.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr, on_listening: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let (drain, shutdown_timeout) = (app.drain.clone(), app.shutdown_timeout);
    let (server, address) = start(app, listen)?;
    on_listening(address);

    // Without grace, once nothing is in flight: actix's own graceful stop waits for connections, idle ones too.
    let handle = server.handle();
    tokio::spawn(async move {
        drain.finished(shutdown_timeout).await;
        handle.stop(false).await;
    });
    server.await
}

/// A server that listens already, and where. Apart from [`serve`], because an `HttpServer` that lived across an `await`
/// would keep that future from being spawned.
fn start(app: App, listen: SocketAddr) -> io::Result<(Server, SocketAddr)> {
    let workers = app.workers.max(1);
    // Made once: `Data` is an `Arc`, and the closure below runs once for each worker.
    let app = Data::new(app);
    let server = HttpServer::new(move || {
        actix_web::App::new().app_data(app.clone()).wrap(from_fn(middleware::observe)).configure(routes::routes)
    })
    .workers(workers)
    .disable_signals()
    // Small answers must not wait for more to send (Nagle's algorithm).
    .tcp_nodelay(true)
    // With actix's five seconds, a client that keeps connections for later would find them closed under it.
    .keep_alive(IDLE_TIMEOUT)
    // actix times the first head of a connection only, and answers 408 even if none has begun: with its five seconds,
    // also on a connection that was opened a little ahead of its first request.
    .client_request_timeout(HEAD_TIMEOUT)
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((server.run(), address))
}
