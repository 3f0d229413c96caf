//! How a request becomes a handler's arguments. axum runs a handler's extractors from left to right and stops at the
//! first that refuses: a handler that names [`Authenticated`] before [`JsonBody`] checks the token before the body.

use crate::problems::ApiProblem;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::header::{
    AUTHORIZATION, AsHeaderName, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH,
};
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use shared::app::App;
use shared::body::{BODY_LIMIT, Body, BodyHeaders};
use shared::context::RequestContext;
use shared::precondition;
use shared::problem::Problem;
use shared::query::Query;
use shared::services::Caller;

/// The request's context, made by [`crate::middleware::observe`].
pub struct Context(pub RequestContext);

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<RequestContext>().cloned();
        context.map(Self).ok_or_else(|| Problem::Internal(Some("the context layer is missing".into())).into())
    }
}

/// Who sent the request, by a token that was checked.
pub struct Authenticated(pub Caller);

impl FromRequestParts<App> for Authenticated {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let Context(context) = Context::from_request_parts(parts, app).await?;
        let authorization = text(&parts.headers, AUTHORIZATION);
        Ok(Self(app.services.auth.authenticate(&context, authorization.as_deref()).await?))
    }
}

/// The parameter of the path, decoded. Text that is not UTF-8 names nothing, so it is taken as it comes, with
/// replacement characters, where axum's own `Path` would answer 400.
pub struct PathText(pub String);

impl<S: Sync> FromRequestParts<S> for PathText {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        Ok(Self(shared::paths::parameter(route.unwrap_or_default(), parts.uri.path())))
    }
}

/// A query, checked. axum's own `Query` passes over unknown fields and stops at the first failing one.
pub struct QueryString<T>(pub T);

impl<T: Query, S: Sync> FromRequestParts<S> for QueryString<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Context(context) = Context::from_request_parts(parts, state).await?;
        Ok(Self(T::read(&context, parts.uri.query())?))
    }
}

/// `If-Match`, parsed.
pub struct IfMatch(pub precondition::IfMatch);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(precondition::IfMatch::read(text(&parts.headers, IF_MATCH).as_deref())?))
    }
}

/// `If-None-Match`, parsed.
pub struct IfNoneMatch(pub precondition::IfNoneMatch);

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(precondition::IfNoneMatch::read(text(&parts.headers, IF_NONE_MATCH).as_deref())?))
    }
}

/// `Idempotency-Key`, checked; not everybody sends one.
pub struct IdempotencyKey(pub Option<precondition::IdempotencyKey>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(precondition::IdempotencyKey::read(text(&parts.headers, "idempotency-key").as_deref())?))
    }
}

/// A JSON body, checked. axum's own `Json` stops at the first failing field and answers in its own words.
pub struct JsonBody<T>(pub T);

impl<T: Body> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let Context(context) = Context::from_request_parts(&mut parts, app).await?;
        let header = |name| text(&parts.headers, name);
        let (content_type, content_encoding, content_length) =
            (header(CONTENT_TYPE), header(CONTENT_ENCODING), header(CONTENT_LENGTH));
        let headers = BodyHeaders {
            content_type: content_type.as_deref(),
            content_encoding: content_encoding.as_deref(),
            content_length: content_length.as_deref(),
        };
        headers.check_length(&context)?;
        let collected = tokio::time::timeout(app.body_timeout, Limited::new(body, BODY_LIMIT).collect()).await;
        let bytes = match collected {
            Err(_) => return Err(Problem::RequestTimeout.into()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(Problem::PayloadTooLarge { limit: BODY_LIMIT }.into());
            }
            Ok(Err(_)) => return Err(Problem::MalformedJson("The body could not be read".to_owned()).into()),
            Ok(Ok(collected)) => collected.to_bytes(),
        };
        Ok(Self(shared::body::read(&context, headers, &bytes)?))
    }
}

/// A header's lines, joined by commas (RFC 9110, section 5.3); bytes that are no text become replacement characters.
pub(crate) fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = lines.next()?.into_owned();
    Some(lines.fold(first, |joined, line| joined + ", " + &line))
}
