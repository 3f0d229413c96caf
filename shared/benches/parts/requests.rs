//! What surrounds every request: its id, its timing, the decisions on its path and its origin, its record.

use criterion::Criterion;
use shared::context::{Layer, RequestContext};
use shared::cors::Cors;
use shared::demo;
use shared::paths::{has_empty_segment, normalize, parameter};
use shared::precondition::{IfMatch, entity_tag};
use shared::telemetry::{JsonLines, Telemetry};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

const PATH: &str = "/api/users/01980f3e-5b7a-7c41-9d2e-3f6a8b1c4d5e";
const ROUTE: &str = "/api/users/{id}";
const ORIGIN: &str = "https://example.com";

pub fn surround(criterion: &mut Criterion) {
    let telemetry = Telemetry::new("axum", "memory", Duration::from_secs(2), false).unwrap();
    let mut group = criterion.benchmark_group("requests");
    group.bench_function("begin/new-id", |bencher| bencher.iter(|| telemetry.begin(None, PATH)));
    group.bench_function("begin/given-id", |bencher| bencher.iter(|| telemetry.begin(Some("given"), PATH)));

    let context = served(&telemetry);
    group.bench_function("timing/of-a-layer", |bencher| bencher.iter(|| context.enter(Layer::Service)));
    group.bench_function("timing/header", |bencher| bencher.iter(|| context.server_timing()));
    group.bench_function("headers", |bencher| bencher.iter(|| context.response_headers()));

    let (no_cors, cors) = (Cors::default(), Cors::new(vec![ORIGIN.to_owned()]));
    for (name, cors, origin) in [("off", &no_cors, None), ("on", &cors, Some(ORIGIN))] {
        group.bench_function(format!("cors/{name}"), |bencher| {
            bencher.iter(|| (cors.preflight("GET", origin, None), cors.headers(origin)));
        });
    }
    for (name, path) in [("plain", PATH), ("encoded", "/%61pi/users/01980f3e%2D5b7a-7c41-9d2e-3f6a8b1c4d5e")] {
        group.bench_function(format!("path/{name}"), |bencher| {
            bencher.iter(|| {
                let path = normalize(path);
                (has_empty_segment(&path), parameter(ROUTE, &path))
            });
        });
    }
    group.bench_function("entity-tag", |bencher| {
        bencher.iter(|| IfMatch::read(Some(&entity_tag(7))).map(|if_match| if_match.check(7).is_ok()));
    });

    let end = || telemetry.end(&context, "GET", ROUTE, 200);
    group.bench_function("record/without-log", |bencher| bencher.iter(end));
    // As `start_logs` makes it, without the buffer that is written out.
    let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).event_format(JsonLines);
    let lines = lines.with_writer(std::io::sink).finish();
    tracing::subscriber::with_default(lines, || {
        group.bench_function("record/with-log-line", |bencher| bencher.iter(end));
    });
    group.finish();
}

/// A request that went through all layers.
fn served(telemetry: &Telemetry) -> RequestContext {
    let context = telemetry.begin(None, PATH);
    for layer in [Layer::Auth, Layer::Validation, Layer::Service, Layer::Store] {
        drop(context.enter(layer));
    }
    context.set_private();
    context.set_caller(demo::user(1, demo::unusable_hash()).id);
    context
}
