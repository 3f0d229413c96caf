//! Problems: status, headers and body, as each framework's responder asks for them.

use criterion::Criterion;
use shared::body::{BodyHeaders, read};
use shared::context::RequestContext;
use shared::dto::CreateOrderRequest;
use shared::problem::Problem;

const PATH: &str = "/api/users/01980f3e-5b7a-7c41-9d2e-3f6a8b1c4d5e";
const REQUEST_ID: &str = "01980f3e-5b7a-7c41-9d2e-3f6a8b1c4d5f";

pub fn render(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("problems");
    for (name, problem) in [
        ("not-found", Problem::NotFound),
        ("token-invalid", Problem::TokenInvalid),
        ("overloaded", Problem::Overloaded),
        ("validation-of-32-fields", failing_fields()),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| (problem.status(), problem.headers(), problem.body(PATH, REQUEST_ID)));
        });
    }
    group.finish();
}

/// As many as are told at most.
fn failing_fields() -> Problem {
    let lines: Vec<&str> = (0..16).map(|_| r#"{"product_id":5,"quantity":0}"#).collect();
    let body = format!(r#"{{"lines":[{}]}}"#, lines.join(","));
    let headers = BodyHeaders { content_type: Some("application/json"), ..BodyHeaders::default() };
    let problem = read::<CreateOrderRequest>(&RequestContext::internal("bench"), headers, body.as_bytes()).err();
    assert!(matches!(&problem, Some(Problem::Validation(errors)) if errors.len() == 32), "{problem:?}");
    problem.unwrap()
}
