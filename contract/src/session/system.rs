//! What needs no token: hello, health, metrics, the contract, the pages.

use super::Recorder;
use crate::request::Request;
use crate::rules::{PROBLEMS, SHUTTING_DOWN};

pub(super) async fn run(recorder: &mut Recorder) {
    recorder.part("system");
    let paths =
        ["/api/hello", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/problems/not-found"];
    for path in paths {
        recorder.get(path).await;
        recorder.step(Request::new("HEAD", path)).await;
        recorder.step(Request::new("GET", path).bearer("garbage").json_text("{")).await;
    }
    for (slug, _, _) in PROBLEMS.iter().chain([&SHUTTING_DOWN]) {
        recorder.get(&format!("/problems/{slug}")).await;
    }
    for path in ["/problems/nothing", "/problems/Not-Found", "/problems", "/problems/%FF", "/problems/not%2Dfound"] {
        recorder.get(path).await;
    }
    for file in ["nothing.js", "..%2FCargo.toml", "%2e%2e/Cargo.toml", "%FF", "swagger-ui.css", "swagger-ui-bundle.js"]
    {
        recorder.get(&format!("/docs/{file}")).await;
        recorder.step(Request::new("HEAD", &format!("/docs/{file}"))).await;
    }
    for path in ["/docs/", "/trace/nothing", "/trace/%FF", "/trace/", "/trace"] {
        recorder.get(path).await;
    }
    recorder.part("headers");
    let (longest, long) = ("x".repeat(64), "x".repeat(65));
    for id in [&b"mine"[..], b"", b"a b", b"\xe9", b"\"<>\\", long.as_bytes(), longest.as_bytes()] {
        recorder.step(Request::new("GET", "/nothing").header("X-Request-Id", id)).await;
    }
    let twice = Request::new("GET", "/api/hello").header("X-Request-Id", "one").header("X-Request-Id", "two");
    recorder.step(twice).await;
    for accept in ["text/html", "nonsense", "*/*;q=0"] {
        recorder.step(Request::new("GET", "/nothing").header("Accept", accept)).await;
        recorder.step(Request::new("GET", "/api/hello").header("Accept", accept)).await;
    }
    let ranged =
        Request::new("GET", "/openapi.json").header("Range", "bytes=0-9").header("Accept-Encoding", "gzip, br");
    recorder.step(ranged).await;
    let origin = |method: &str, path: &str| Request::new(method, path).header("Origin", "https://elsewhere.test");
    recorder.step(origin("GET", "/api/hello")).await;
    recorder.step(origin("OPTIONS", "/api/users")).await;
    recorder.step(origin("OPTIONS", "/api/users").header("Access-Control-Request-Method", "POST")).await;
    recorder.step(origin("OPTIONS", "/nothing").header("Access-Control-Request-Method", "POST")).await;
    recorder.step(Request::new("GET", "/api/hello").header("Connection", "close")).await;
    recorder.step(Request::new("GET", "/api/hello").header("Expect", "100-continue")).await;
}
