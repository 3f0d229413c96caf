//! The bare server answers what was recorded.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use support::{Service, run};

const ANSWERS: &str = r#"[
    {"method": "GET", "path": "/api/users", "status": 200, "headers": [], "body": "a page"},
    {"method": "GET", "path": "/api/users/", "status": 200,
     "headers": [["Content-Type", "application/json"], ["ETag", "\"1\""], ["Vary", "Origin"], ["Vary", "Accept"],
                 ["Content-Length", "999"], ["Date", "then"], ["Transfer-Encoding", "chunked"], ["Connection", "close"]],
     "body": "{\"name\":\"Ad\u00e4\"}"},
    {"method": "POST", "path": "/api/products", "status": 201, "headers": [["location", "/api/products/1"]], "body": "{}"}
]"#;

fn serve(answers: &str) -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.json");
    std::fs::write(&file, answers).unwrap();
    (
        Service::start(&["hyper", "--listen", "127.0.0.1:0", "--workers", "2", "--answers", file.to_str().unwrap()]),
        folder,
    )
}

#[test]
fn the_longest_recorded_path_answers() {
    let (service, _folder) = serve(ANSWERS);
    assert_eq!(service.answer("GET", "/api/users/0190-7", ""), (200, "{\"name\":\"Ad\u{e4}\"}".to_owned()));
    assert_eq!(service.answer("GET", "/api/users?limit=20", ""), (200, "a page".to_owned()));
    assert_eq!(service.answer("POST", "/api/products", "{\"name\": \"Lamp\"}"), (201, "{}".to_owned()));
    assert_eq!(service.answer("GET", "/api/products", ""), (404, String::new()));
    assert_eq!(service.answer("PATCH", "/api/users/0190-7", "{}"), (404, String::new()));
    assert_eq!(service.answer("GET", "/other", ""), (404, String::new()));
}

#[test]
fn recorded_headers_are_sent_but_for_those_of_the_connection() {
    let (service, _folder) = serve(ANSWERS);
    let (_, headers, body) = service.ask("GET", "/api/users/1", "");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["etag"], "\"1\"");
    assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), ["Origin", "Accept"]);
    assert_eq!(headers["content-length"], body.len().to_string().as_str());
    assert_ne!(headers["date"], "then");
    assert!(!headers.contains_key("transfer-encoding") && !headers.contains_key("connection"), "{headers:?}");
}

#[test]
fn a_connection_is_kept_after_a_body_that_nobody_wanted() {
    let (service, _folder) = serve(ANSWERS);
    let address = service.address().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = "x".repeat(200_000);
    let request = format!("POST /api/products HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 201");
        let mut last = [0; 4];
        while !last.ends_with(b"{}") {
            last.rotate_left(1);
            stream.read_exact(&mut last[3..]).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_answered_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.json");
    for (text, expected) in [
        (None, "cannot be read"),
        (Some("{}"), "holds no answers"),
        (Some(r#"[{"method": "GET", "path": "/", "status": 99, "headers": [], "body": ""}]"#), "invalid status code"),
        (
            Some(r#"[{"method": "GET", "path": "/", "status": 200, "headers": [["a b", ""]], "body": ""}]"#),
            "header name",
        ),
        (Some(r#"[{"method": "GET", "path": "/", "status": 200, "headers": [], "body": "", "boody": ""}]"#), "boody"),
    ] {
        text.inspect(|text| std::fs::write(&file, text).unwrap());
        let output = run(&["hyper", "--answers", file.to_str().unwrap()]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(expected), "{error}");
    }
}
