//! The common rules: what must hold for every answer, whatever was asked.
//!
//! `openapi.yaml` says most of it operation by operation; here stands what a schema cannot say, such as that the
//! `instance` of a problem is the path that was sent.

use serde_json::Value;

use crate::answer::{Answer, Outcome};
use crate::schema::Operation;

/// Every problem: slug, status, title and the headers that must come with it.
pub const PROBLEMS: [(&str, u16, &str); 26] = [
    ("malformed-json", 400, "Malformed JSON"),
    ("malformed-header", 400, "Malformed header"),
    ("token-missing", 401, "Token missing"),
    ("token-invalid", 401, "Token invalid"),
    ("token-expired", 401, "Token expired"),
    ("invalid-credentials", 401, "Invalid credentials"),
    ("forbidden", 403, "Forbidden"),
    ("not-found", 404, "Not found"),
    ("method-not-allowed", 405, "Method not allowed"),
    ("request-timeout", 408, "Request timeout"),
    ("email-taken", 409, "E-mail taken"),
    ("last-admin", 409, "Last admin"),
    ("has-orders", 409, "Has orders"),
    ("sku-taken", 409, "SKU taken"),
    ("insufficient-stock", 409, "Insufficient stock"),
    ("illegal-transition", 409, "Illegal transition"),
    ("edit-conflict", 409, "Edit conflict"),
    ("precondition-failed", 412, "Precondition failed"),
    ("payload-too-large", 413, "Payload too large"),
    ("unsupported-media-type", 415, "Unsupported media type"),
    ("validation", 422, "Validation failed"),
    ("idempotency-key-reused", 422, "Idempotency key reused"),
    ("too-many-attempts", 429, "Too many attempts"),
    ("internal", 500, "Internal error"),
    ("overloaded", 503, "Overloaded"),
    ("store-unavailable", 503, "Store unavailable"),
];

/// A problem that only a server on its way out sends; its page exists like the others'.
pub const SHUTTING_DOWN: (&str, u16, &str) = ("shutting-down", 503, "Shutting down");

const LAYERS: [&str; 4] = ["auth", "validation", "service", "store"];

/// What no answer may hold: hashes, and the traces of what lies behind the API.
const LEAKS: [&str; 10] = [
    "$argon2",
    "password_hash",
    "credentials_version",
    "panicked at",
    "SELECT ",
    "INSERT INTO",
    "UNIQUE constraint",
    "sqlite",
    "stack backtrace",
    ".rs:",
];

/// Checks an answer against the rules that hold everywhere.
///
/// # Errors
/// The rule, the request and the answer.
pub fn check(answer: &Answer, operation: Option<&Operation>) -> Outcome {
    let id = answer.needs_header("x-request-id")?;
    let visible = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    answer.check(visible, "an X-Request-Id of 1 to 64 visible ASCII characters")?;
    answer.header_is("x-content-type-options", "nosniff")?;
    check_cache_control(answer, operation)?;
    check_layers(answer, operation)?;
    check_length(answer)?;
    check_leaks(answer, operation)?;
    if answer.status >= 400 {
        answer.header_is("content-type", "application/problem+json")?;
        check_problem_headers(answer)?;
        if answer.method != "HEAD" {
            check_problem(answer, id)?;
        }
    }
    Ok(())
}

/// `no-store` on whatever went through the token check, on sign-in and registration, on metrics and health, and
/// nowhere else: reading products needs no token, writing them does, so it goes by the operation and not by the path.
fn check_cache_control(answer: &Answer, operation: Option<&Operation>) -> Outcome {
    let due = operation.is_some_and(|operation| {
        let template = operation.template.as_str();
        operation.needs_token
            || matches!(template, "/api/auth/login" | "/api/auth/register" | "/metrics")
            || template.starts_with("/health/")
    });
    if due {
        answer.header_is("cache-control", "no-store")?;
    } else {
        let stored = answer.header("cache-control") != Some("no-store");
        answer.check(stored, "no `Cache-Control: no-store` on what needs no token")?;
    }
    Ok(())
}

/// `Server-Timing` on the operations of `/api`, layers in their order; nowhere else.
fn check_layers(answer: &Answer, operation: Option<&Operation>) -> Outcome {
    let Some(operation) = operation.filter(|operation| operation.template.starts_with("/api/")) else {
        answer.lacks_header("server-timing")?;
        return Ok(());
    };
    // Reading the body or a conditional header belongs to no layer, and without a token none comes before it. A fault may
    // hit anywhere.
    let is_read = matches!(answer.method.as_str(), "GET" | "HEAD");
    let unread = matches!(answer.status, 408 | 413) || (answer.status == 400 && is_read);
    let may_have_run_none = (!operation.needs_token && unread) || answer.status >= 500;
    if may_have_run_none && answer.header("server-timing").is_none() {
        return Ok(());
    }
    let value = answer.needs_header("server-timing")?;
    let is_entry = |entry: &str| {
        let (layer, milliseconds) = entry.split_once(";dur=").unwrap_or_default();
        let (whole, fraction) = milliseconds.split_once('.').unwrap_or_default();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        LAYERS.contains(&layer) && is_number(whole) && is_number(fraction) && fraction.len() == 3
    };
    answer.check(value.split(", ").all(is_entry), "Server-Timing as `layer;dur=0.000, layer;dur=0.000`")?;
    let layers = answer.layers();
    let places: Vec<_> = layers.iter().filter_map(|layer| LAYERS.iter().position(|known| known == layer)).collect();
    let rising = places.iter().zip(places.iter().skip(1)).all(|(one, next)| one < next);
    answer.check(rising, format_args!("layers in the order {LAYERS:?}, each once"))?;
    Ok(())
}

/// Answers with a body say how long it is; no answer is sent in chunks.
fn check_length(answer: &Answer) -> Outcome {
    answer.lacks_header("transfer-encoding")?;
    if matches!(answer.status, 204 | 304) {
        // RFC 9110, section 8.6: none with 204, and with 304 no other than that of the 200, least of all 0.
        answer.lacks_header("content-length")?;
    } else {
        let length = answer.needs_header("content-length")?;
        let right = answer.method == "HEAD" || length == answer.body.len().to_string();
        answer.check(right, "a Content-Length that is the length of the body")?;
    }
    Ok(())
}

fn check_leaks(answer: &Answer, operation: Option<&Operation>) -> Outcome {
    let path = operation.map_or(answer.path.as_str(), |operation| operation.template.as_str());
    // The document and its page speak of passwords; /metrics names the store; a trace shows statements.
    if ["/openapi.json", "/docs", "/problems/", "/metrics", "/trace/"].iter().any(|start| path.starts_with(start)) {
        return Ok(());
    }
    let text = answer.text();
    for leak in LEAKS {
        answer.check(!text.contains(leak), format_args!("no `{leak}` in the answer"))?;
    }
    if let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&answer.body) {
        let told = body.contains_key("password") || text.contains("\"password\":");
        answer.check(!told, "no member `password` in the answer")?;
    }
    Ok(())
}

fn check_problem_headers(answer: &Answer) -> Outcome {
    match answer.status {
        401 => {
            let scheme = answer.needs_header("www-authenticate")?;
            answer.check(scheme.starts_with("Bearer"), "`WWW-Authenticate: Bearer`")?;
        }
        405 => {
            answer.needs_header("allow")?;
        }
        429 | 503 => {
            let wait = answer.needs_header("retry-after")?.parse::<u64>();
            answer.check(wait.is_ok_and(|seconds| (1..=60).contains(&seconds)), "a Retry-After of 1 to 60 seconds")?;
        }
        _ => {}
    }
    Ok(())
}

fn check_problem(answer: &Answer, id: &str) -> Outcome {
    let slug = answer.text_at("/type")?;
    let slug = slug.strip_prefix("/problems/").unwrap_or_default();
    let known = PROBLEMS.iter().chain([&SHUTTING_DOWN]).find(|(known, _, _)| *known == slug);
    let known = known.ok_or_else(|| answer.unexpected("a `type` that is one of the known problems"));
    let (_, status, title) = known?;
    answer.status(*status)?.has("/status", *status)?.has("/title", *title)?.has("/request_id", id)?;
    let instance = answer.path.split('?').next().unwrap_or_default();
    answer.has("/instance", instance)?;
    answer.check(!answer.text_at("/detail")?.is_empty(), "a `detail`")?;
    let header = match slug {
        "token-missing" | "invalid-credentials" => Some(("www-authenticate", "Bearer")),
        "token-invalid" => Some(("www-authenticate", r#"Bearer error="invalid_token""#)),
        "token-expired" => {
            Some(("www-authenticate", r#"Bearer error="invalid_token", error_description="The token has expired""#))
        }
        "unsupported-media-type" if answer.method == "PATCH" => {
            Some(("accept-patch", "application/merge-patch+json, application/json"))
        }
        "unsupported-media-type" => Some(("accept", "application/json")),
        "overloaded" | "store-unavailable" | "shutting-down" => Some(("retry-after", "1")),
        _ => None,
    };
    if let Some((name, value)) = header {
        answer.header_is(name, value)?;
    }
    let lists_errors = answer.json()?.get("errors").is_some();
    let expected = "`errors` with `validation` and `insufficient-stock`, and with nothing else";
    answer.check(lists_errors == matches!(slug, "validation" | "insufficient-stock"), expected)?;
    Ok(())
}
