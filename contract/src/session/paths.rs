//! Odd paths, and every method on every path.

use super::{NOBODY, Recorder};
use crate::request::Request;

/// Longer than 70 lines because it is one list of requests, in the order in which they are sent.
pub(super) async fn run(recorder: &mut Recorder) {
    recorder.part("paths");
    let paths = [
        "/",
        "//",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/hello/",
        "/api/users/",
        "/api/users//",
        "//api/hello",
        "/api//hello",
        "/api/./hello",
        "/api/../api/hello",
        "/api/hello/.",
        "/api/hello/..",
        "/API/hello",
        "/api/Hello",
        "/%61pi/hello",
        "/api/%68ello",
        "/api%2Fhello",
        "/api%2fhello",
        "/api/hello%2F",
        "/api/hello%20",
        "/api/hello%00",
        "/api/hello%FF",
        "/api/hello%",
        "/api/hello%6",
        "/api/%zzhello",
        "/api/hello;a=b",
        "/api/hello?",
        "/api/hello??x",
        "/api/hello?x=%FF",
        "/api/hello?%zz",
        "/api/hello+",
        "/openapi%2Ejson",
        "/openapi.json/",
        "/docs/x/y",
        "/metrics/",
        "/health",
        "/health/",
        "/health/live/",
        "/favicon.ico",
        "/robots.txt",
        "/api/users/1/2",
        "/api/users/1/",
        "/api/users/%2F",
        "/api/users/..",
        "/api/users/%2e%2e",
        "/api/auth",
        "/api/auth/me/",
        "/api/auth/login/",
        "/api/users/1/orders/",
        "/api/users//orders",
        "/api/users/1/Orders",
        "/api/products/",
        "/api/products/1/2",
        "/api/Products",
        "/api/orders/",
        "/api/orders/1/lines",
        "/api/reports",
        "/api/reports/",
        "/api/reports/sales/",
        "/api/reports/Sales",
    ];
    for path in paths {
        recorder.get(path).await;
        recorder.step(Request::new("DELETE", path)).await;
    }
    recorder.get(&format!("/{}", "x".repeat(2_000))).await;
    recorder.part("methods");
    let paths = [
        "/api/hello",
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/me",
        "/api/users",
        NOBODY,
        "/api/users/1/orders",
        "/api/products",
        "/api/products/1",
        "/api/orders",
        "/api/orders/1",
        "/api/reports/sales",
        "/api/reports",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/problems/not-found",
        "/problems/nothing",
        "/docs/nothing.js",
        "/trace/nothing",
        "/nothing",
    ];
    for path in paths {
        for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "PROPFIND", "get"] {
            recorder.step(Request::new(method, path)).await;
        }
    }
}
