//! JSON bodies: syntax, shape, values.

use criterion::{BenchmarkId, Criterion, Throughput};
use serde_json::json;
use shared::body::{BODY_LIMIT, Body, BodyHeaders, read as read_body};
use shared::context::RequestContext;
use shared::dto::{CreateOrderRequest, CreateUserRequest, ProductRequest, UpdateUserRequest};
use shared::problem::Problem;

const JSON: BodyHeaders<'static> =
    BodyHeaders { content_type: Some("application/json"), content_encoding: None, content_length: None };

pub fn read(criterion: &mut Criterion) {
    let user = CreateUserRequest::example().to_string();
    bench::<CreateUserRequest>(criterion, "user", &user, Verdict::Good);
    bench::<UpdateUserRequest>(criterion, "name-of-a-user", r#"{"name":"Ada Lovelace"}"#, Verdict::Good);
    bench::<ProductRequest>(criterion, "product", &ProductRequest::example().to_string(), Verdict::Good);
    bench::<CreateOrderRequest>(criterion, "order-of-20-lines", &order(), Verdict::Good);

    let failing = r#"{"name":" ","email":5,"password":"short","role":"king","x":1}"#;
    bench::<CreateUserRequest>(criterion, "user-with-5-failing-fields", failing, Verdict::Refused);
    bench::<CreateUserRequest>(criterion, "no-json", &user[..user.len() - 1], Verdict::Refused);

    // Each is as large as a body may be, and each is the worst for another step of the reading.
    bench::<CreateUserRequest>(criterion, "64-KiB-unknown-fields", &unknown_fields(), Verdict::Refused);
    bench::<CreateUserRequest>(criterion, "64-KiB-one-field-again", &same_field(), Verdict::Refused);
    bench::<CreateUserRequest>(criterion, "64-KiB-nested", &nested(), Verdict::Refused);
    bench::<CreateOrderRequest>(criterion, "64-KiB-lines", &lines(), Verdict::Refused);
    bench::<CreateUserRequest>(criterion, "64-KiB-name", &long_name(), Verdict::Refused);
}

#[derive(PartialEq)]
enum Verdict {
    Good,
    Refused,
}

fn bench<T: Body>(criterion: &mut Criterion, name: &str, body: &str, expected: Verdict) {
    let context = RequestContext::internal("bench");
    let verdict = match read_body::<T>(&context, JSON, body.as_bytes()) {
        Ok(_) => Verdict::Good,
        Err(Problem::Validation(_) | Problem::MalformedJson(_)) => Verdict::Refused,
        Err(problem) => panic!("{name}: {problem}"),
    };
    assert!(verdict == expected, "{name}: another verdict");
    let mut group = criterion.benchmark_group("bodies");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_with_input(BenchmarkId::from_parameter(name), body.as_bytes(), |bencher, body| {
        bencher.iter(|| read_body::<T>(&context, JSON, body));
    });
    group.finish();
}

fn order() -> String {
    let line = |number: u64| json!({"product_id": shared::demo::product(number).id, "quantity": number});
    json!({"lines": (1..=20).map(line).collect::<Vec<_>>()}).to_string()
}

/// `first`, then as many of `next` as fit into a body, then `last`.
fn full(first: &str, last: &str, next: impl Fn(usize) -> String) -> String {
    let mut body = first.to_owned();
    for index in 0.. {
        let piece = next(index);
        if body.len() + piece.len() + last.len() > BODY_LIMIT {
            break;
        }
        body.push_str(&piece);
    }
    body + last
}

fn unknown_fields() -> String {
    full(r#"{"name":"a""#, "}", |index| format!(r#","x{index}":0"#))
}

fn same_field() -> String {
    full(r#"{"name":"a""#, "}", |_| r#","name":"a""#.to_owned())
}

/// Objects in objects, as deep as JSON is read, each with a name that stands twice.
fn nested() -> String {
    let deep = format!("{}0{}", r#"{"a":0,"a":"#.repeat(100), "}".repeat(100));
    full(r#"{"x":[0"#, "]}", |_| format!(",{deep}"))
}

fn lines() -> String {
    full(r#"{"lines":[0"#, "]}", |index| format!(r#",{{"product_id":"{index}","quantity":0}}"#))
}

fn long_name() -> String {
    full(r#"{"email":"a@b","password":"12345678","role":"user","name":""#, r#""}"#, |_| "ä".to_owned())
}
