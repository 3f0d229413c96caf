//! What surrounds every request.

use crate::extractors::text;
use crate::problems::{self, ApiProblem};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, ORIGIN};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shared::app::App;
use shared::problem::Problem;
use shared::telemetry::UNMATCHED;
use std::borrow::Cow;

/// Begins a request's context, ends it, and writes what every answer carries: problems, cross-origin headers, request
/// id, timing, log line and metrics. Refuses new requests once the shutdown has begun.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let context = app.telemetry.begin(request_id, request.uri().path());
    let method = request.method().clone();
    let (origin, wanted) = (text(request.headers(), ORIGIN), text(request.headers(), ACCESS_CONTROL_REQUEST_METHOD));
    request.extensions_mut().insert(context.clone());

    let in_flight = app.drain.enter();
    let preflight = app.cors.preflight(method.as_str(), origin.as_deref(), wanted.as_deref());
    let (response, cors) = if in_flight.is_none() {
        (ApiProblem::from(Problem::ShuttingDown).into_response(), Vec::new())
    } else if let Some(headers) = preflight {
        (StatusCode::NO_CONTENT.into_response(), headers)
    } else if shared::paths::has_empty_segment(request.uri().path()) {
        // To axum a parameter in the middle of a path may be empty; to the contract, `/api/users//orders` is no path.
        (problems::not_found().await.into_response(), app.cors.headers(origin.as_deref()))
    } else {
        (next.run(request).await, app.cors.headers(origin.as_deref()))
    };

    let mut response = problems::render(response, &context);
    // axum counts the empty body of a 304 to `HEAD`; the header would say how long the body of a 200 is (RFC 9110, 8.6).
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    for (name, value) in context.response_headers().into_iter().chain(cors) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    let route = response.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str);
    app.telemetry.end(&context, method.as_str(), route, response.status().as_u16());
    response
}

/// Tells [`observe`], which stands before the router, by the answer which route matched.
pub async fn note_route(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

/// Spells the path in the one way that the routes know (RFC 3986, section 6.2.2), before it is routed.
pub fn normalize_path(mut request: Request) -> Request {
    let normal = match shared::paths::normalize(request.uri().path()) {
        Cow::Borrowed(_) => return request,
        Cow::Owned(path) => path,
    };
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    if let Ok(path_and_query) = path_and_query.parse::<PathAndQuery>() {
        *request.uri_mut() = Uri::from(path_and_query);
    }
    request
}
