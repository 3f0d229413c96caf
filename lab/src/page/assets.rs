//! Style sheets and scripts, as they were when this program was compiled.

use super::Lab;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write;
use std::sync::Arc;

// With the feature `debug-embed`, which the workspace sets, debug builds hold the files too.
#[derive(rust_embed::RustEmbed)]
#[folder = "assets"]
struct Assets;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new().route("/assets/{name}", get(asset))
}

/// A file. Browsers keep it, and ask each time whether it is still the same (RFC 9110, 13.1.2).
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let (Some(file), Some(content_type)) = (Assets::get(&name), content_type(&name)) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let mut tag = String::from("\"");
    for byte in file.metadata.sha256_hash().iter().take(8) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let headers = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    match known {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, [(header::CONTENT_TYPE, content_type)], file.data).into_response(),
    }
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        _ => None,
    }
}
