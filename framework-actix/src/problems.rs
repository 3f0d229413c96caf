//! How errors become answers. `ResponseError` does not see the request, whose path and id belong into the body; so a
//! problem travels as the response's error to [`crate::middleware::observe`], which writes it out.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONNECTION, HeaderMap};
use actix_web::{HttpResponse, ResponseError};
use shared::context::RequestContext;
use shared::problem::Problem;
use std::any::Any;
use std::fmt;

/// A problem on its way to the client.
#[derive(Debug)]
pub struct ApiProblem(Problem);

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for ApiProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ResponseError for ApiProblem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Writes out the problem in `response`, if there is one.
pub fn render(response: ServiceResponse, context: &RequestContext) -> ServiceResponse {
    let refused;
    let problem = match response.response().error().and_then(|error| error.as_error::<ApiProblem>()) {
        Some(ApiProblem(problem)) => problem,
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            refused = method_not_allowed(response.headers());
            &refused
        }
        None => return response,
    };
    problem.log(context.request_id());
    let mut rendered = HttpResponse::build(response.status());
    rendered.content_type(Problem::MEDIA_TYPE);
    for header in problem.headers() {
        // actix writes this header itself, by how the connection goes on, and no other.
        if header.0 == CONNECTION {
            rendered.force_close();
        } else {
            rendered.insert_header(header);
        }
    }
    let rendered = rendered.body(problem.body(context.path(), context.request_id()));
    response.into_response(rendered)
}

/// Answers a path that no resource matches.
pub async fn not_found() -> Result<HttpResponse, ApiProblem> {
    Err(Problem::NotFound.into())
}

/// What a resource's own answer to a method that it has no route for is in our words. actix lists the methods in the
/// order of the routes, with a space after each comma.
pub fn method_not_allowed(headers: &HeaderMap) -> Problem {
    let allow = headers.get(ALLOW).and_then(|methods| methods.to_str().ok());
    Problem::MethodNotAllowed { allow: allow.map(|methods| methods.replace(' ', "")) }
}

/// Answers for a handler that panicked. The panic's message was printed by the panic hook already.
pub fn panicked(_panic: Box<dyn Any + Send + 'static>) -> HttpResponse {
    HttpResponse::from_error(ApiProblem::from(Problem::Internal(Some("a handler panicked".into()))))
}
