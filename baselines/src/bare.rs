//! `baselines hyper`: the same bytes as a variant answers, from hyper alone. It is the ceiling of every framework: hyper is
//! what axum stands on, and nobody serves HTTP/1.1 in Rust with much less.
//!
//! Answers were recorded from a variant and are found by method and path; no router, no JSON, no database, no clock. Whatever
//! is above this server's cost is what framework, service and store cost.
//!
//! Why so and not faster: hyper's defaults are kept (keep-alive on, no flush saved up for pipelined requests), since the
//! frameworks keep them, too. The runtime is tokio's, one task a connection, as below axum. A ceiling that was tuned beyond
//! that would measure the tuning.

use crate::failure::Failure;
use crate::process;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A bare hyper server that answers what was recorded.
///
/// FILE is JSON: [{"method": "GET", "path": "/api/users/", "status": 200, "headers": [["content-type", "application/json"]],
/// "body": "..."}]. An entry answers requests of its method whose path begins with its path, of several the one with the
/// longest path. Everything else is 404.
#[derive(Args)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Threads that serve requests
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// What to answer
    #[arg(long, value_name = "FILE")]
    answers: PathBuf,
}

/// Serves until the process is ended.
///
/// # Errors
/// [`Failure`].
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let answers = Arc::new(Answers::read(&settings.answers)?);
    process::runtime(settings.workers)?.block_on(serve(settings.listen, answers))
}

async fn serve(listen: SocketAddr, answers: Arc<Answers>) -> Result<(), Failure> {
    let listener = process::listen(listen).await?;
    let http = http1::Builder::new();
    loop {
        // A connection that could not be taken (too many files open, reset before it was taken) is the client's error to count.
        let Ok((stream, _)) = listener.accept().await else { continue };
        // As in the variants: small answers must not wait for more to send (Nagle's algorithm).
        let _ = stream.set_nodelay(true);
        let answers = answers.clone();
        let service = service_fn(move |request| answer(answers.clone(), request));
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

/// Reads the request to its end, as a server that uses it would have to, and sends what was recorded.
async fn answer(answers: Arc<Answers>, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, mut body) = request.into_parts();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let Some(entry) = answers.find(&head.method, head.uri.path()) else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    // A `Bytes` is shared, not copied.
    let mut response = Response::new(Full::new(entry.body.clone()));
    *response.status_mut() = entry.status;
    *response.headers_mut() = entry.headers.clone();
    Ok(response)
}

/// What was recorded, the longest paths first.
struct Answers(Vec<Entry>);

struct Entry {
    method: Method,
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// An entry as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    method: String,
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answers {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
        let refused = |source| Failure::Answers { path: path.to_owned(), source };
        let recorded: Vec<Recorded> = serde_json::from_slice(&text).map_err(|error| refused(error.into()))?;
        let entries: Result<Vec<Entry>, hyper::http::Error> = recorded.into_iter().map(Entry::try_from).collect();
        let mut entries = entries.map_err(|error| refused(error.into()))?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.path.len()));
        Ok(Self(entries))
    }

    fn find(&self, method: &Method, path: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.method == *method && path.starts_with(&entry.path))
    }
}

impl TryFrom<Recorded> for Entry {
    type Error = hyper::http::Error;

    fn try_from(recorded: Recorded) -> Result<Self, Self::Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &recorded.headers {
            let name: HeaderName = name.parse()?;
            // hyper's own to say: of this answer and connection, not of the recorded ones.
            if ![DATE, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name) {
                headers.append(name, HeaderValue::try_from(value)?);
            }
        }
        Ok(Self {
            method: recorded.method.parse()?,
            path: recorded.path,
            status: StatusCode::from_u16(recorded.status)?,
            headers,
            body: recorded.body.into(),
        })
    }
}
