//! What surrounds every request. A fairing cannot wrap a handler: it sees the request before and the answer after.

use crate::extractors::text;
use crate::routes;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::form::Form;
use rocket::http::{Method, Status};
use rocket::{Data, Request, Response, uri};
use shared::app::App;
use shared::context::RequestContext;
use shared::cors::Headers;
use shared::drain::InFlight;
use shared::telemetry::UNMATCHED;

/// What is kept of a request from its beginning to its end, in its local cache.
pub struct Observed {
    /// Its context.
    pub context: RequestContext,
    /// As sent: Rocket turns `HEAD` into `GET` where it finds no route for it.
    method: Method,
    /// Counts the request until its answer is sent, since the cache lives as long as the request; none if it came
    /// after the shutdown had begun.
    in_flight: Option<InFlight>,
    is_preflight: bool,
    cors: Headers,
}

impl Observed {
    fn begin(app: &App, request: &Request<'_>) -> Self {
        let context = app.telemetry.begin(request.headers().get_one("x-request-id"), request.uri().path().as_str());
        let in_flight = app.drain.enter();
        let method = request.method();
        let (origin, wanted) = (text(request, "origin"), text(request, "access-control-request-method"));
        let preflight = app.cors.preflight(method.as_str(), origin.as_deref(), wanted.as_deref());
        let (is_preflight, cors) = match preflight {
            _ if in_flight.is_none() => (false, Headers::new()),
            Some(headers) => (true, headers),
            None => (false, app.cors.headers(origin.as_deref())),
        };
        Self { context, method, in_flight, is_preflight, cors }
    }

    /// Whether the request came after the shutdown had begun.
    pub fn is_late(&self) -> bool {
        self.in_flight.is_none()
    }
}

/// What is kept of `request`; begun with the first call. None only if there is no application to serve.
pub fn observed<'r>(request: &'r Request<'_>) -> Option<&'r Observed> {
    let app = request.rocket().state::<App>()?;
    Some(request.local_cache(|| Observed::begin(app, request)))
}

/// Begins a request's context, ends it, and writes what every answer carries: cross-origin headers, request id, timing,
/// log line and metrics. Refuses new requests once the shutdown has begun.
pub fn observe() -> impl Fairing {
    Observe
}

struct Observe;

#[rocket::async_trait]
impl Fairing for Observe {
    fn info(&self) -> Info {
        Info { name: "observe", kind: Kind::Request | Kind::Response }
    }

    /// A fairing cannot answer; it can only send a request where nothing is.
    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        restore_method(request, data).await;
        let is_late = observed(request).is_some_and(Observed::is_late);
        // Rocket's router decodes segments before it compares them, but passes over empty ones.
        if is_late || shared::paths::has_empty_segment(request.uri().path().as_str()) {
            request.set_uri(uri!("/nowhere"));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(observed) = observed(request) else { return };
        if observed.is_preflight {
            *response = Response::build().status(Status::NoContent).finalize();
        }
        end(request, response, observed.method.as_str());
    }
}

/// Writes what every answer carries, and ends the request's record.
pub fn end(request: &Request<'_>, response: &mut Response<'_>, method: &str) {
    let (Some(app), Some(observed)) = (request.rocket().state::<App>(), observed(request)) else { return };
    for (name, value) in observed.context.response_headers().into_iter().chain(observed.cors.clone()) {
        response.set_raw_header(name, value);
    }
    let route = request.route().or_else(|| routes::at(request).next());
    let route = route.map_or(UNMATCHED.to_owned(), |route| route.uri.path().replace('<', "{").replace('>', "}"));
    app.telemetry.end(&observed.context, method, &route, response.status().code);
}

/// How much of each body Rocket reads before the fairings run, in search of a form's `_method`.
pub(crate) const PEEKED: usize = "_method=delete".len();

/// Undoes what Rocket does with a form that is posted with `_method` as its first field: it takes that for the method.
/// A form really sent by the other method cannot be told apart; it would be refused for its media type anyway.
async fn restore_method(request: &mut Request<'_>, data: &mut Data<'_>) {
    if request.method() == Method::Post || !request.content_type().is_some_and(|content_type| content_type.is_form()) {
        return;
    }
    let peeked = data.peek(PEEKED).await;
    let first = std::str::from_utf8(peeked).ok().and_then(|form| Form::values(form).next());
    if first.is_some_and(|field| field.name == "_method") {
        request.set_method(Method::Post);
    }
}
