//! No case may pass against a server that does nothing right: a case that cannot fail proves nothing.

use contract::{Credentials, World, cases};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers each connection once, by this function of the request's method and path, and closes it.
async fn serve(listener: TcpListener, respond: fn(&str, &str) -> String) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, respond));
    }
}

async fn answer(mut stream: TcpStream, respond: fn(&str, &str) -> String) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    stream.write_all(respond(method, path).as_bytes()).await?;
    stream.shutdown().await?;
    // What is left of the request is read away: closing over it would take the answer back.
    let mut rest = [0; 4_096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Says that all is well and nothing else.
fn careless(_method: &str, _path: &str) -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".to_owned()
}

/// Keeps every common rule, and fails whatever it is asked: only what a case itself asserts can tell.
fn failing(method: &str, path: &str) -> String {
    let instance = path.split('?').next().unwrap_or_default();
    let body = format!(
        r#"{{"type":"/problems/internal","title":"Internal error","status":500,"detail":"No.","instance":"{instance}","request_id":"1"}}"#
    );
    let timing = if path.starts_with("/api/") { "Server-Timing: service;dur=0.000\r\n" } else { "" };
    let private = ["/api/auth", "/api/users", "/api/orders", "/api/reports", "/health", "/metrics"];
    let writes_products = path.starts_with("/api/products") && !matches!(method, "GET" | "HEAD");
    let is_private = writes_products || private.iter().any(|start| path.starts_with(start));
    let cache = if is_private { "Cache-Control: no-store\r\n" } else { "" };
    format!(
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/problem+json\r\nX-Request-Id: 1\r\n\
         X-Content-Type-Options: nosniff\r\n{timing}{cache}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The names of the cases that pass against such a server.
async fn passing(respond: fn(&str, &str) -> String) -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener, respond));
    let credentials = Credentials {
        admin_email: "admin@contract.test".to_owned(),
        admin_password: "correct horse".to_owned(),
        jwt_secret: "a secret of more than thirty-two bytes".to_owned(),
    };
    let world = World::new(&base_url, credentials)?;
    let mut passing = Vec::new();
    for case in cases::all() {
        if case.run(&world).await.is_ok() {
            passing.push(case.name());
        }
    }
    Ok(passing)
}

#[tokio::test]
async fn no_case_passes_against_a_careless_server() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(passing(careless).await?, Vec::<&str>::new());
    Ok(())
}

#[tokio::test]
async fn no_case_passes_against_a_server_that_keeps_the_rules_and_fails() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(passing(failing).await?, Vec::<&str>::new());
    Ok(())
}

#[test]
fn each_case_has_a_name_of_its_own() {
    let mut names: Vec<_> = cases::all().iter().map(contract::Case::name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
