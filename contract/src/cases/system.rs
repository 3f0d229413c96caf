//! Health, metrics, traces, the contract itself and the page that shows it.

use regex::Regex;
use serde_json::Value;

use crate::answer::{CaseError, Outcome};
use crate::request::Request;
use crate::world::World;

cases!("system";
    live_says_so,
    ready_says_so,
    metrics_count_requests_by_route_and_status,
    metrics_hold_a_histogram_and_the_pool,
    metrics_name_no_path_that_was_made_up,
    the_contract_is_served_as_it_is_written,
    the_docs_page_loads_nothing_from_elsewhere,
    the_files_of_the_docs_page_are_served,
    a_docs_file_that_is_not_there_is_404,
    a_trace_that_is_not_there_is_404,
);

async fn live_says_so(world: &World) -> Outcome {
    let answer = world.get("/health/live").await?;
    answer.status(200)?.check(answer.text() == r#"{"status":"live"}"#, r#"exactly {"status":"live"}"#)?;
    Ok(())
}

async fn ready_says_so(world: &World) -> Outcome {
    let answer = world.get("/health/ready").await?;
    answer.status(200)?.check(answer.text() == r#"{"status":"ready"}"#, r#"exactly {"status":"ready"}"#)?;
    Ok(())
}

/// The samples of a metric, each with its labels as text and its value.
fn samples(text: &str, metric: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| line.starts_with(&format!("{metric}{{")));
    let sample = |line: &str| {
        let (labels, value) = line.rsplit_once(' ')?;
        Some((labels.to_owned(), value.parse().ok()?))
    };
    lines.filter_map(sample).collect()
}

/// The sum of the samples whose labels hold all of these.
fn total(text: &str, metric: &str, labels: &[&str]) -> f64 {
    let samples = samples(text, metric);
    let fitting = samples.iter().filter(|(found, _)| labels.iter().all(|label| found.contains(label)));
    fitting.map(|(_, value)| value).sum()
}

const FIND: [&str; 3] = [r#"method="GET""#, r#"="/api/users/{id}""#, r#"status="404""#];

async fn metrics_count_requests_by_route_and_status(world: &World) -> Outcome {
    let world = &world.through_one();
    let token = &world.reader().await?.token;
    let before = world.get("/metrics").await?;
    before.status(200)?.header_is("content-type", "text/plain; version=0.0.4; charset=utf-8")?;
    for _ in 0..3 {
        world.get_as(token, "/api/users/nobody").await?.status(404)?;
    }
    let after = world.get("/metrics").await?;
    let counted =
        total(&after.text(), "http_requests_total", &FIND) - total(&before.text(), "http_requests_total", &FIND);
    // Other cases may ask for users that are not there in the meantime.
    after.check(counted >= 3.0, format_args!("http_requests_total with {FIND:?} to have risen by 3 or more"))?;
    let found = samples(&after.text(), "http_requests_total");
    for label in ["framework=\"", "store=\"", "method=\"", "status=\""] {
        let all = found.iter().all(|(labels, _)| labels.contains(label));
        after.check(all, format_args!("each http_requests_total with a label {label}"))?;
    }
    Ok(())
}

async fn metrics_hold_a_histogram_and_the_pool(world: &World) -> Outcome {
    world.get_as(&world.reader().await?.token, "/api/users/nobody").await?;
    let answer = world.get("/metrics").await?;
    let text = answer.text();
    for name in ["http_request_duration_seconds_bucket", "http_request_duration_seconds_count"] {
        answer.check(total(&text, name, &FIND) >= 1.0, format_args!("{name} with {FIND:?}"))?;
    }
    let endless =
        samples(&text, "http_request_duration_seconds_bucket").iter().any(|(name, _)| name.contains("le=\"+Inf\""));
    answer.check(endless, "a bucket le=\"+Inf\"")?;
    let kinds = [
        "# TYPE http_requests_total counter",
        "# TYPE http_request_duration_seconds histogram",
        "# TYPE store_pool_connections gauge",
    ];
    for kind in kinds {
        answer.check(text.contains(kind), format_args!("the line `{kind}`"))?;
    }
    Ok(())
}

async fn metrics_name_no_path_that_was_made_up(world: &World) -> Outcome {
    // Whoever could make labels by asking for paths could fill the memory.
    let made_up = world.unique();
    world.get(&format!("/{made_up}")).await?.status(404)?;
    world.get(&format!("/api/users/{made_up}")).await?.status(401)?;
    world.send(Request::new(&made_up.to_uppercase(), "/api/hello")).await?.status(405)?;
    let answer = world.get("/metrics").await?;
    let text = answer.status(200)?.text().to_lowercase();
    answer.check(!text.contains(&made_up), format_args!("no label that names {made_up}"))?;
    Ok(())
}

async fn the_contract_is_served_as_it_is_written(world: &World) -> Outcome {
    let answer = world.get("/openapi.json").await?;
    answer.status(200)?.header_is("content-type", "application/json")?;
    let same = &answer.json()? == world.schema().document();
    answer.check(same, "the content of openapi.yaml")?;
    Ok(())
}

/// What a page's tags point to.
fn targets(html: &str) -> Result<Vec<String>, CaseError> {
    let attribute = Regex::new(r#"<(?:script|link|img|iframe|source)[^>]*?\s(?:src|href)\s*=\s*["']?([^"'\s>]+)"#);
    let attribute = attribute.map_err(|error| CaseError::new(error.to_string()))?;
    Ok(attribute
        .captures_iter(html)
        .filter_map(|found| found.get(1))
        .map(|target| target.as_str().to_owned())
        .collect())
}

async fn the_docs_page_loads_nothing_from_elsewhere(world: &World) -> Outcome {
    let page = world.get("/docs").await?;
    page.status(200)?.header_is("content-type", "text/html; charset=utf-8")?;
    for target in targets(&page.text())? {
        let own = !target.contains("//") || target.starts_with("data:");
        page.check(own, format_args!("nothing from another host, and not {target}"))?;
    }
    page.check(!page.text().contains("@import"), "no @import")?;
    Ok(())
}

/// The path of a target on the page `/docs`: relative ones stand beside it, that is, at the root.
fn resolved(target: &str) -> String {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    match target.strip_prefix('/') {
        Some(_) => target.to_owned(),
        None => format!("/{}", target.strip_prefix("./").unwrap_or(target)),
    }
}

async fn the_files_of_the_docs_page_are_served(world: &World) -> Outcome {
    let page = world.get("/docs").await?;
    let targets = targets(&page.text())?;
    let files: Vec<_> =
        targets.iter().filter(|target| !target.starts_with("data:")).map(|target| resolved(target)).collect();
    page.check(files.iter().any(|file| file.contains(".js")), "a page with a script of its own host")?;
    for file in &files {
        let answer = world.get(file).await?;
        answer.status(200)?.check(!answer.body.is_empty(), "a file with something in it")?;
        let media_type = answer.needs_header("content-type")?;
        let fits = match file.rsplit('.').next() {
            Some("js") => media_type.contains("javascript"),
            Some("css") => media_type.starts_with("text/css"),
            _ => true,
        };
        // With nosniff a browser runs no script that is called anything else.
        answer.check(fits, "the content type of such a file")?;
        let head = world.send(Request::new("HEAD", file)).await?;
        head.status(200)?.header_is("content-length", &answer.body.len().to_string())?;
    }
    Ok(())
}

async fn a_docs_file_that_is_not_there_is_404(world: &World) -> Outcome {
    for path in ["/docs/nothing.js", "/docs/..%2F..%2FCargo.toml", "/docs/../Cargo.toml", "/docs/%2e%2e/Cargo.toml"] {
        world.get(path).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn a_trace_that_is_not_there_is_404(world: &World) -> Outcome {
    let never = world.unique();
    world.get(&format!("/trace/{never}")).await?.status(404)?.problem("not-found")?;
    world.get("/trace/%FF").await?.status(404)?.problem("not-found")?;
    // With tracing on or off: whatever is answered holds no value, only types.
    let id = world.unique();
    let email = world.unique_email();
    let body = serde_json::json!({ "email": email, "password": "wrong password" });
    let login = Request::new("POST", "/api/auth/login").header("X-Request-Id", &id).json(&body);
    world.send(login).await?.status(401)?;
    let trace = world.get(&format!("/trace/{id}")).await?;
    if trace.status == 200 {
        trace.has("/request_id", Value::from(id))?;
    }
    trace.check(!trace.text().contains(&email), "no value that was sent to the store")?;
    Ok(())
}
