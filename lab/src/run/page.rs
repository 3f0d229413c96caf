//! The lab page: what runs where.
//!
//! Every page of the web can send requests to this address. So only requests that name it by a loopback address are
//! answered (a name that was rebound to 127.0.0.1 is another name), and nothing here changes anything.

use super::variants::{Variant, Variants, frameworks};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use clap::ValueEnum;
use server::Store;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Serves the page on `listener` until `stopped`.
pub(super) async fn serve(
    listener: TcpListener,
    variants: Arc<Variants>,
    stopped: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(page))
        .route("/variants", get(statuses))
        .route("/lab.js", get(script))
        .layer(from_fn(guard))
        .with_state(variants);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router).with_graceful_shutdown(async { drop(stopped.await) }).await
}

#[derive(Template)]
#[template(path = "lab.html")]
struct LabPage {
    stores: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    framework: String,
    cells: Vec<Cell>,
}

struct Cell {
    store: String,
    /// How to run it without the lab.
    command: String,
    running: Option<Variant>,
}

async fn page(State(variants): State<Arc<Variants>>) -> Response {
    let running = variants.statuses().await;
    let stores: Vec<String> = Store::value_variants().iter().map(ToString::to_string).collect();
    let row = |framework: String| {
        let cell = |store: &String| Cell {
            store: store.clone(),
            command: format!("cargo run -p server -- --framework {framework} --store {store}"),
            running: running.iter().find(|variant| variant.framework == framework && variant.store == *store).cloned(),
        };
        Row { cells: stores.iter().map(cell).collect(), framework: framework.clone() }
    };
    let rows = frameworks().map(|framework| row(framework.to_string())).collect();
    match (LabPage { rows, stores }).render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn statuses(State(variants): State<Arc<Variants>>) -> Json<Vec<Variant>> {
    Json(variants.statuses().await)
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("assets/lab.js")).into_response()
}

/// Refuses a foreign `Host`, and says what the page may load: only what comes from here.
async fn guard(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        let advice = "The lab answers to 127.0.0.1 and localhost only: open it by the address that it printed.\n";
        return (StatusCode::FORBIDDEN, advice).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    );
    response
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in ["127.0.0.1:7878", "localhost:7878", "LOCALHOST", "[::1]:7878", "127.0.0.1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "evil.example:7878", "127.0.0.1.evil.example", "localhost.evil.example:7878", "10.0.0.1:7878"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
