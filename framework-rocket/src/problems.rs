//! How errors become answers. A `Responder` sees the request, so a handler's problem is written out on the spot. A guard
//! has no answer of its own: Rocket hands its status alone to a catcher, so its problem waits in the request's cache.

use crate::middleware::{self, Observed};
use crate::routes;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::response::{self, Responder, Response};
use rocket::{Request, catch};
use shared::problem::Problem;
use std::io::Cursor;
use std::sync::Arc;

/// A problem on its way to the client.
#[derive(Clone, Debug)]
pub struct ApiProblem(Arc<Problem>);

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(Arc::new(problem))
    }
}

impl<'r> Responder<'r, 'static> for ApiProblem {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        render(&self.0, request)
    }
}

/// Writes out a problem.
///
/// # Errors
/// If there is no application to serve; Rocket's own 500 is all that is left then.
pub fn render(problem: &Problem, request: &Request<'_>) -> response::Result<'static> {
    let context = &middleware::observed(request).ok_or(Status::InternalServerError)?.context;
    problem.log(context.request_id());
    let body = problem.body(context.path(), context.request_id());
    let mut response = Response::build();
    response.status(Status::new(problem.status())).raw_header("Content-Type", Problem::MEDIA_TYPE);
    for (name, value) in problem.headers() {
        response.raw_header(name, value);
    }
    response.sized_body(body.len(), Cursor::new(body)).ok()
}

/// What a guard found, as Rocket wants it; a problem is kept for the catcher.
pub fn outcome<T, F>(request: &Request<'_>, found: Result<T, Problem>) -> Outcome<T, (Status, ApiProblem), F> {
    match found {
        Ok(found) => Outcome::Success(found),
        Err(problem) => {
            let status = Status::new(problem.status());
            let problem = ApiProblem::from(problem);
            request.local_cache(|| Some(problem.clone()));
            Outcome::Error((status, problem))
        }
    }
}

/// The problem for which a guard has refused the request, if one has.
fn refusal(request: &Request<'_>) -> Option<ApiProblem> {
    request.local_cache(|| None::<ApiProblem>).clone()
}

/// Answers a request that a guard has refused.
#[catch(default)]
pub fn refused(status: Status, request: &Request<'_>) -> ApiProblem {
    let unforeseen = || Problem::Internal(Some(format!("Rocket answers {status}").into())).into();
    refusal(request).unwrap_or_else(unforeseen)
}

/// Answers a path that no route matches with this method: 405 if one does with another, which Rocket has no answer for.
#[catch(404)]
pub fn not_found(request: &Request<'_>) -> ApiProblem {
    refusal(request).unwrap_or_else(|| unrouted(request))
}

/// Answers a method that Rocket does not know. Rocket takes such a request for a bad one, with which neither router nor
/// fairings are troubled; so what they do is done here.
#[catch(400)]
pub fn unknown_method(request: &Request<'_>) -> Result<ApiProblem, Unobserved> {
    refusal(request).ok_or_else(|| Unobserved(unrouted(request)))
}

/// A problem of a request that no fairing sees.
pub struct Unobserved(ApiProblem);

impl<'r> Responder<'r, 'static> for Unobserved {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        middleware::end(request, &mut response, "OTHER");
        Ok(response)
    }
}

/// Answers for a handler that panicked. The panic's message was printed by the panic hook already.
#[catch(500)]
pub fn panicked(request: &Request<'_>) -> ApiProblem {
    let panicked = || Problem::Internal(Some("a handler panicked".into())).into();
    refusal(request).unwrap_or_else(panicked)
}

/// The answer to a method that the path's routes do not have, if the path has routes.
fn method_not_allowed(request: &Request<'_>) -> Option<ApiProblem> {
    let allow = routes::allow(request)?;
    Some(Problem::MethodNotAllowed { allow: Some(allow) }.into())
}

fn unrouted(request: &Request<'_>) -> ApiProblem {
    if middleware::observed(request).is_some_and(Observed::is_late) {
        return Problem::ShuttingDown.into();
    }
    method_not_allowed(request).unwrap_or_else(|| Problem::NotFound.into())
}
