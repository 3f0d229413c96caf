//! How a request becomes a handler's arguments. actix runs a handler's extractors side by side, in their order as far
//! as each can go without waiting: the first that refuses ends it. Only [`JsonBody`] waits, so it comes last.

use crate::problems::ApiProblem;
use actix_web::body::{BodyLimitExceeded, BodyStream, to_bytes_limited};
use actix_web::dev::Payload;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use shared::app::App;
use shared::body::{BODY_LIMIT, Body, BodyHeaders};
use shared::context::RequestContext;
use shared::precondition;
use shared::problem::Problem;
use shared::query::Query;
use shared::services::Caller;
use std::future::{Ready, ready};

/// The request's context, made by [`crate::middleware::observe`].
pub struct Context(pub RequestContext);

impl FromRequest for Context {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(context(request).map(Self))
    }
}

/// Who sent the request, by a token that [`crate::middleware::authenticate`] has checked.
pub struct Authenticated(pub Caller);

impl FromRequest for Authenticated {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().copied();
        ready(caller.map(Self).ok_or_else(|| Problem::Internal(Some("the token check is missing".into())).into()))
    }
}

/// The parameter of the path, decoded. actix's own `Path` decodes in two passes, so that `%6%31`, which encodes
/// nothing, would become `a`.
pub struct PathText(pub String);

impl FromRequest for PathText {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let route = request.match_pattern().unwrap_or_default();
        ready(Ok(Self(shared::paths::parameter(&route, request.uri().path()))))
    }
}

/// A query, checked. actix's own `Query` passes over unknown fields and stops at the first failing one.
pub struct QueryString<T>(pub T);

impl<T: Query> FromRequest for QueryString<T> {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let read = |context| Ok(Self(T::read(&context, request.uri().query())?));
        ready(context(request).and_then(read))
    }
}

/// `If-Match`, parsed.
pub struct IfMatch(pub precondition::IfMatch);

impl FromRequest for IfMatch {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let header = text(request.headers(), IF_MATCH);
        ready(precondition::IfMatch::read(header.as_deref()).map(Self).map_err(ApiProblem::from))
    }
}

/// `If-None-Match`, parsed.
pub struct IfNoneMatch(pub precondition::IfNoneMatch);

impl FromRequest for IfNoneMatch {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let header = text(request.headers(), IF_NONE_MATCH);
        ready(precondition::IfNoneMatch::read(header.as_deref()).map(Self).map_err(ApiProblem::from))
    }
}

/// `Idempotency-Key`, checked; not everybody sends one.
pub struct IdempotencyKey(pub Option<precondition::IdempotencyKey>);

impl FromRequest for IdempotencyKey {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let header = text(request.headers(), HeaderName::from_static("idempotency-key"));
        ready(precondition::IdempotencyKey::read(header.as_deref()).map(Self).map_err(ApiProblem::from))
    }
}

/// A JSON body, checked. actix's own `Json` stops at the first failing field and answers in its own words.
pub struct JsonBody<T>(pub T);

impl<T: Body> FromRequest for JsonBody<T> {
    type Error = ApiProblem;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), BodyStream::new(payload.take()));
        Box::pin(async move {
            let context = context(&request)?;
            let header = |name| text(request.headers(), name);
            let (content_type, content_encoding, content_length) =
                (header(CONTENT_TYPE), header(CONTENT_ENCODING), header(CONTENT_LENGTH));
            let headers = BodyHeaders {
                content_type: content_type.as_deref(),
                content_encoding: content_encoding.as_deref(),
                content_length: content_length.as_deref(),
            };
            headers.check_length(&context)?;
            let app = request.app_data::<Data<App>>();
            let app = app.ok_or_else(|| Problem::Internal(Some("the application is missing".into())))?;
            let collected = tokio::time::timeout(app.body_timeout, to_bytes_limited(body, BODY_LIMIT)).await;
            let bytes = match collected {
                Err(_) => return Err(Problem::RequestTimeout.into()),
                Ok(Err(BodyLimitExceeded { .. })) => {
                    return Err(Problem::PayloadTooLarge { limit: BODY_LIMIT }.into());
                }
                Ok(Ok(Err(_))) => return Err(Problem::MalformedJson("The body could not be read".to_owned()).into()),
                Ok(Ok(Ok(bytes))) => bytes,
            };
            Ok(Self(shared::body::read(&context, headers, &bytes)?))
        })
    }
}

fn context(request: &HttpRequest) -> Result<RequestContext, ApiProblem> {
    let context = request.extensions().get::<RequestContext>().cloned();
    context.ok_or_else(|| Problem::Internal(Some("the context middleware is missing".into())).into())
}

/// A header's lines, joined by commas (RFC 9110, section 5.3); bytes that are no text become replacement characters.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = lines.next()?.into_owned();
    Some(lines.fold(first, |joined, line| joined + ", " + &line))
}
