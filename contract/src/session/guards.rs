//! Every pair of broken guards: which comes first must be the same everywhere.

use super::{NOBODY, Recorder};
use crate::request::{Framing, Request};

pub(super) async fn run(recorder: &mut Recorder) {
    recorder.part("guards");
    let (own, other) = (recorder.user.path(), recorder.admin.path());
    let tokens =
        [None, Some("garbage".to_owned()), Some(recorder.user.token.clone()), Some(recorder.admin.token.clone())];
    let targets = [
        ("POST", "/api/users"),
        ("PUT", own.as_str()),
        ("PATCH", other.as_str()),
        ("PATCH", NOBODY),
        ("POST", "/api/auth/register"),
        ("POST", "/api/products"),
        ("PUT", "/api/products/1"),
        ("POST", "/api/orders"),
        ("PATCH", "/api/orders/1"),
    ];
    for (method, path) in targets {
        for token in &tokens {
            for body in 0..7 {
                // The admin's own user would really be changed by a valid body; all of these are refused.
                recorder.step(broken(method, path, token.as_deref(), body)).await;
            }
        }
    }
    recorder.part("guards on headers");
    let (user, admin) = (recorder.user.token.clone(), recorder.admin.token.clone());
    for token in [user, admin] {
        let targets = [
            ("PUT", NOBODY),
            ("PATCH", NOBODY),
            ("DELETE", NOBODY),
            ("GET", NOBODY),
            ("PUT", "/api/products/1"),
            ("DELETE", "/api/products/1"),
            ("GET", "/api/products/1"),
            ("POST", "/api/orders"),
            ("PATCH", "/api/orders/1"),
            ("GET", "/api/orders/1"),
        ];
        for (method, path) in targets {
            for condition in ["1", "\"9\""] {
                let request = Request::new(method, path).bearer(&token);
                let request = request.header("If-Match", condition).header("If-None-Match", condition);
                recorder.step(request.clone().json_text("{")).await;
                recorder.step(request.header("Content-Type", "text/plain").bytes(vec![b'{'; 65_537])).await;
            }
        }
    }
    for query in ["?limit=0", "?foo=1"] {
        recorder.get(&format!("/api/users{query}")).await;
        recorder.step(Request::new("HEAD", &format!("/api/users{query}"))).await;
    }
}

/// A request whose body breaks the guards from this one on.
fn broken(method: &str, path: &str, token: Option<&str>, body: usize) -> Request {
    let mut request = Request::new(method, path);
    if let Some(token) = token {
        request = request.bearer(token);
    }
    match body {
        0 => request.header("Content-Type", "text/plain").bytes(vec![b'{'; 65_537]),
        1 => request.header("Content-Type", "text/plain").bytes(vec![b'{'; 65_537]).framing(Framing::Chunked),
        2 => request.header("Content-Type", "text/plain").bytes("{"),
        3 => request.header("Content-Encoding", "gzip").json_text("{"),
        4 => request.json_text("{"),
        5 => request.json_text("[]"),
        _ => request,
    }
}
