//! The API in Rocket: attributes over functions, guards as arguments, fairings around them.
//!
//! | file | what it shows |
//! | --- | --- |
//! | [`routes`] | every handler by name; its path stands above it |
//! | [`handlers`] | one function an operation: extract, call one service method, respond |
//! | [`extractors`] | how a request becomes arguments: the context, the caller, the checked body |
//! | [`responses`] | how results become answers |
//! | [`problems`] | how errors become answers |
//! | [`middleware`] | what surrounds every request |
//!
//! What Rocket 0.5.2 does before any code of ours runs, and what no setting changes: it waits, without a limit, for the
//! first 14 bytes of a body or its end (in search of a form's `_method`), so that even a missing token is answered only
//! then; and it drops header lines that are not UTF-8, so that an `If-Match` of such bytes is none.
//! It sets no time limit for heads, and whoever sends a byte now and then keeps a connection for ever: put a proxy in
//! front where strangers connect. A client that closes its side after its request gets no answer, though it is served.
//!
//! This crate sees `shared` and Rocket. It never sees a store, and no rule lives in it. Read it beside
//! `framework-axum` and `framework-actix`: the same files, the same functions in the same order.

pub mod extractors;
pub mod handlers;
pub mod middleware;
pub mod problems;
pub mod responses;
pub mod routes;

use rocket::config::{Config, Ident, LogLevel, Shutdown};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use shared::app::App;
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// Serves `app` on `listen` until its drain ends it, and tells `on_listening` the address once it takes connections.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn serve(app: App, listen: SocketAddr, on_listening: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    let liftoff = AdHoc::on_liftoff("tell the address", |rocket| {
        // With port 0, Rocket has put the real one into its configuration by now.
        let _ = tell.send(SocketAddr::new(rocket.config().address, rocket.config().port));
        Box::pin(async {})
    });
    let rocket = routes::routes(app.clone(), config(&app, listen)).attach(liftoff).ignite().await.map_err(into_io)?;
    let shutdown = rocket.shutdown();
    let drained = async {
        if let Ok(address) = told.await {
            on_listening(address);
        }
        app.drain.finished(app.shutdown_timeout).await;
        // Closes the connections. Rocket's own wait is not waited for: it sleeps its whole grace and mercy periods and
        // a second more while a single idle connection is open.
        shutdown.notify();
    };
    tokio::select! {
        launched = rocket.launch() => launched.map(drop).map_err(into_io),
        () = drained => Ok(()),
    }
}

/// Everything is said here: `rocket::build()` would also listen to `Rocket.toml` and `ROCKET_*`.
fn config(app: &App, listen: SocketAddr) -> Config {
    Config {
        address: listen.ip(),
        port: listen.port(),
        // For the record only: Rocket counts out threads in `#[launch]`, and runs on the caller's runtime here.
        workers: app.workers,
        ident: Ident::none(),
        log_level: LogLevel::Off,
        cli_colors: false,
        shutdown: Shutdown { ctrlc: false, signals: HashSet::new(), grace: 0, mercy: 0, ..Shutdown::default() },
        ..Config::default()
    }
}

/// Looks into the error, too: one that nobody has looked into panics when it is dropped.
fn into_io(error: rocket::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Bind(error) | ErrorKind::Io(error) => io::Error::new(error.kind(), error.to_string()),
        kind => io::Error::other(kind.to_string()),
    }
}
