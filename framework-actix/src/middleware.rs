//! What surrounds every request.

use crate::extractors::{Context, text};
use crate::problems::{self, ApiProblem};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING,
};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::{FutureExt, Stream, StreamExt};
use shared::app::App;
use shared::problem::Problem;
use shared::telemetry::UNMATCHED;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll};
use std::time::Duration;

/// So long the rest of a body is awaited that nobody read.
const UNREAD_BODY_WAIT: Duration = Duration::from_millis(50);

/// Begins a request's context, ends it, and writes what every answer carries: problems, cross-origin headers, request
/// id, timing, log line and metrics. Refuses new requests once the shutdown has begun.
pub async fn observe(
    app: Data<App>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let context = app.telemetry.begin(request_id, request.uri().path());
    let (origin, wanted) = (text(request.headers(), ORIGIN), text(request.headers(), ACCESS_CONTROL_REQUEST_METHOD));
    request.extensions_mut().insert(context.clone());
    let body = SharedBody::of(&mut request);

    let in_flight = app.drain.enter();
    let preflight = app.cors.preflight(request.method().as_str(), origin.as_deref(), wanted.as_deref());
    let (response, cors) = if in_flight.is_none() {
        (request.error_response(ApiProblem::from(Problem::ShuttingDown)), Vec::new())
    } else if let Some(headers) = preflight {
        (request.into_response(HttpResponse::NoContent().finish()), headers)
    } else {
        (next.call(request).await?, app.cors.headers(origin.as_deref()))
    };

    let mut response = problems::render(response, &context);
    for (name, value) in context.response_headers().into_iter().chain(cors) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    let route = response.request().match_pattern();
    let method = response.request().method().as_str();
    app.telemetry.end(&context, method, route.as_deref().unwrap_or(UNMATCHED), response.status().as_u16());
    // Last: what is counted above is the time to the answer.
    if let Some(body) = body.filter(|_| response.response().head().connection_type() != ConnectionType::Close) {
        body.read_out().await;
    }
    Ok(response)
}

/// Checks the token before anything else of the request is looked at, and keeps the caller for
/// [`crate::extractors::Authenticated`]. That extractor could not do it: actix runs a handler's extractors side by
/// side, and a body that is refused would not wait for a token that is looked up.
pub async fn authenticate(
    app: Data<App>,
    Context(context): Context,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let authorization = text(request.headers(), AUTHORIZATION);
    match app.services.auth.authenticate(&context, authorization.as_deref()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.call(request).await
        }
        Err(problem) => Ok(request.error_response(ApiProblem::from(problem))),
    }
}

/// Answers for a handler that panicked; actix itself would only drop the connection.
pub async fn catch_panic(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let kept = request.request().clone();
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Ok(ServiceResponse::new(kept, problems::panicked(panic))))
}

/// A request's body, kept by [`observe`] while a handler may read it.
#[derive(Clone)]
struct SharedBody(Rc<RefCell<Payload>>);

impl SharedBody {
    /// Takes the body of `request`, if its head announces one, and leaves a handle to it there.
    fn of(request: &mut ServiceRequest) -> Option<Self> {
        let headers = request.headers();
        if !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let body = Self(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
        Some(body)
    }

    /// Reads what no handler has read, so that the connection can be used again; actix itself would answer with
    /// `Connection: close`. Where the rest does not come soon it still does: it answers, and reads on for a while
    /// before it closes, so that the answer arrives.
    async fn read_out(mut self) {
        let rest = async { while let Some(Ok(_)) = self.next().await {} };
        let _ = tokio::time::timeout(UNREAD_BODY_WAIT, rest).await;
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}
