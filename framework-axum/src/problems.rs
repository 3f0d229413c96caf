//! How errors become answers. `IntoResponse` does not see the request, whose path and id belong into the body; so a
//! problem travels in the response's extensions to [`crate::middleware::observe`], which writes it out.

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use shared::context::RequestContext;
use shared::problem::Problem;
use std::any::Any;
use std::sync::Arc;

/// A problem on its way to the client.
#[derive(Clone, Debug)]
pub struct ApiProblem(Arc<Problem>);

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(Arc::new(problem))
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.0.status()).unwrap_or_default().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes out the problem in `response`, if there is one.
pub fn render(response: Response, context: &RequestContext) -> Response {
    let Some(ApiProblem(problem)) = response.extensions().get::<ApiProblem>().cloned() else { return response };
    problem.log(context.request_id());
    let body = problem.body(context.path(), context.request_id());
    let mut parts = response.into_parts().0;
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(Problem::MEDIA_TYPE));
    // The router has counted the empty body that the problem came with.
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    for (name, value) in problem.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.insert(HeaderName::from_static(name), value);
        }
    }
    Response::from_parts(parts, body.into())
}

/// Answers a path that no route matches.
pub async fn not_found() -> ApiProblem {
    Problem::NotFound.into()
}

/// Answers a method that the path's route does not have; axum adds `Allow`.
pub async fn method_not_allowed() -> ApiProblem {
    Problem::MethodNotAllowed { allow: None }.into()
}

/// Answers for a handler that panicked. The panic's message was printed by the panic hook already.
pub fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiProblem::from(Problem::Internal(Some("a handler panicked".into()))).into_response()
}
