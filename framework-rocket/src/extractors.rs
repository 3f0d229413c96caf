//! How a request becomes a handler's arguments. Rocket runs request guards in the order of the arguments, then those of
//! the path, then the one of the body, and stops at the first that refuses: the token is checked before the body.

use crate::middleware::{self, PEEKED};
use crate::problems::{self, ApiProblem};
use rocket::Request;
use rocket::data::{self, Data, FromData, ToByteUnit};
use rocket::request::{FromParam, FromRequest, Outcome};
use shared::app::App;
use shared::body::{BODY_LIMIT, Body, BodyHeaders};
use shared::context::RequestContext;
use shared::precondition;
use shared::problem::Problem;
use shared::query::Query;
use shared::services::Caller;
use std::convert::Infallible;

/// The request's context, begun by [`crate::middleware::observe`].
pub struct Context<'r>(pub &'r RequestContext);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Context<'r> {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        problems::outcome(request, served(request).map(|(_, context)| Self(context)))
    }
}

/// Who sent the request, by a token that was checked.
pub struct Authenticated(pub Caller);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authenticated {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let checked = async {
            let (app, context) = served(request)?;
            let authorization = text(request, "authorization");
            app.services.auth.authenticate(context, authorization.as_deref()).await
        };
        problems::outcome(request, checked.await.map(Self))
    }
}

/// A segment of the path. Rocket gives it decoded, with replacement characters where it is not UTF-8: such text names
/// nothing. It is not read as a UUID here: a parameter that cannot be read makes Rocket look for another route.
pub struct PathText<'r>(pub &'r str);

impl<'r> FromParam<'r> for PathText<'r> {
    type Error = Infallible;

    fn from_param(segment: &'r str) -> Result<Self, Self::Error> {
        Ok(Self(segment))
    }
}

/// A query, checked. Rocket's own way, `FromForm`, passes over unknown fields and takes the first of repeated ones; what
/// fails makes it look for another route.
pub struct QueryString<T>(pub T);

#[rocket::async_trait]
impl<'r, T: Query> FromRequest<'r> for QueryString<T> {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let query = request.uri().query().map(|query| query.as_str());
        let read = served(request).and_then(|(_, context)| T::read(context, query));
        problems::outcome(request, read.map(Self))
    }
}

/// `If-Match`, parsed.
pub struct IfMatch(pub precondition::IfMatch);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IfMatch {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        problems::outcome(request, precondition::IfMatch::read(text(request, "if-match").as_deref()).map(Self))
    }
}

/// `If-None-Match`, parsed.
pub struct IfNoneMatch(pub precondition::IfNoneMatch);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IfNoneMatch {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        problems::outcome(request, precondition::IfNoneMatch::read(text(request, "if-none-match").as_deref()).map(Self))
    }
}

/// `Idempotency-Key`, checked; not everybody sends one.
pub struct IdempotencyKey(pub Option<precondition::IdempotencyKey>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdempotencyKey {
    type Error = ApiProblem;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let header = text(request, "idempotency-key");
        problems::outcome(request, precondition::IdempotencyKey::read(header.as_deref()).map(Self))
    }
}

/// A JSON body, checked. Rocket's own `Json` stops at the first failing field and cannot say it to the client.
pub struct JsonBody<T>(pub T);

#[rocket::async_trait]
impl<'r, T: Body> FromData<'r> for JsonBody<T> {
    type Error = ApiProblem;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        problems::outcome(request, read(request, data).await.map(Self))
    }
}

async fn read<T: Body>(request: &Request<'_>, data: Data<'_>) -> Result<T, Problem> {
    let (app, context) = served(request)?;
    let header = |name| text(request, name);
    let (content_type, content_encoding, content_length) =
        (header("content-type"), header("content-encoding"), header("content-length"));
    let headers = BodyHeaders {
        content_type: content_type.as_deref(),
        content_encoding: content_encoding.as_deref(),
        content_length: content_length.as_deref(),
    };
    headers.check_length(context)?;
    let unreadable = || Problem::MalformedJson("The body could not be read".to_owned());
    let is_whole = data.peek_complete();
    let body = data.open(BODY_LIMIT.bytes());
    // A body that broke off under Rocket's own look at its beginning would now seem to end there.
    if body.hint() < PEEKED && !is_whole {
        return Err(unreadable());
    }
    let bytes = match tokio::time::timeout(app.body_timeout, body.into_bytes()).await {
        Err(_) => return Err(Problem::RequestTimeout),
        Ok(Err(_)) => return Err(unreadable()),
        Ok(Ok(bytes)) if !bytes.is_complete() => return Err(Problem::PayloadTooLarge { limit: BODY_LIMIT }),
        Ok(Ok(bytes)) => bytes.into_inner(),
    };
    shared::body::read(context, headers, &bytes)
}

fn served<'r>(request: &'r Request<'_>) -> Result<(&'r App, &'r RequestContext), Problem> {
    let missing = || Problem::Internal(Some("the application is not managed".into()));
    let app = request.rocket().state::<App>().ok_or_else(missing)?;
    let observed = middleware::observed(request).ok_or_else(missing)?;
    Ok((app, &observed.context))
}

/// A header's lines, joined by commas (RFC 9110, section 5.3). Lines that are not UTF-8 never get here: Rocket drops them.
pub(crate) fn text(request: &Request<'_>, name: &str) -> Option<String> {
    let mut lines = request.headers().get(name);
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |joined, line| joined + ", " + line))
}
