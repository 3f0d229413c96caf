//! What must hold when things go wrong, asked of a running server through its socket.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use async_trait::async_trait;
use shared::app::{App, Services};
use shared::context::RequestContext;
use shared::cors::Cors;
use shared::domain::{EmailKey, User, UserId};
use shared::drain::Drain;
use shared::passwords::Passwords;
use shared::repository::{PoolStatus, Repositories, Store, StoreError, UserQuery, UserRepository};
use shared::telemetry::Telemetry;
use shared::tokens::Tokens;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// A store whose reads hang for a while, and whose sign of life is a panic.
struct Faulty;

#[async_trait]
impl UserRepository for Faulty {
    async fn list(&self, _: &RequestContext, _: &UserQuery) -> Result<Vec<User>, StoreError> {
        Ok(Vec::new())
    }

    async fn insert(&self, _: &RequestContext, _: &User) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find(&self, _: &RequestContext, _: UserId) -> Result<Option<User>, StoreError> {
        Ok(None)
    }

    async fn find_by_email(&self, _: &RequestContext, _: &EmailKey) -> Result<Option<User>, StoreError> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok(None)
    }

    async fn update(&self, _: &RequestContext, _: &User, _: i64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, _: &RequestContext, _: UserId, _: i64) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Store for Faulty {
    async fn ping(&self, _: &RequestContext) -> Result<(), StoreError> {
        panic!("the store panics on purpose")
    }

    fn pool(&self) -> PoolStatus {
        PoolStatus::default()
    }

    async fn close(&self) {}
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn start() -> Running {
    let telemetry = Arc::new(Telemetry::new("axum", "faulty", Duration::from_secs(2), false).unwrap());
    let passwords = Arc::new(Passwords::start(1).unwrap());
    let tokens = Tokens::new(&[7; 32], "stackdiff", "stackdiff-api");
    let repositories = Repositories { users: Arc::new(Faulty), store: Arc::new(Faulty) };
    let shutdown = CancellationToken::new();
    let app = App {
        services: Services::new(repositories, passwords, tokens, telemetry.clone()),
        telemetry,
        drain: Drain::new(shutdown.clone()),
        cors: Arc::new(Cors::default()),
        body_timeout: Duration::from_millis(200),
        shutdown_timeout: Duration::from_secs(10),
        workers: 1,
    };
    let (tell, listening) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(framework_axum::serve(app, SocketAddr::from(([127, 0, 0, 1], 0)), move |address| {
        tell.send(address).unwrap();
    }));
    Running { address: listening.await.unwrap(), shutdown, server }
}

/// Sends `request` on a connection of its own and reads until an answer is complete or the connection ends.
async fn ask(address: SocketAddr, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        answer += std::str::from_utf8(&buffer[..count]).unwrap();
        let whole = answer.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.lines().next().unwrap().parse::<usize>().unwrap());
            body.len() >= length
        });
        if whole || count == 0 {
            return (answer, stream);
        }
    }
}

const HELLO: &str = "GET /api/hello HTTP/1.1\r\nHost: test\r\n\r\n";
const LOGIN: &str = "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
    Content-Length: 37\r\n\r\n{\"email\":\"a@b\",\"password\":\"12345678\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_500_problem_and_the_server_lives_on() {
    let running = start().await;
    for _ in 0..3 {
        let (answer, _) = ask(running.address, "GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("\"type\":\"/problems/internal\"") && answer.contains("x-request-id"), "{answer}");
        assert!(!answer.contains("on purpose"), "{answer}");
    }
    assert!(ask(running.address, HELLO).await.0.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_finishes_what_is_in_flight_and_refuses_new_work() {
    let running = start().await;
    let (hello, mut idle) = ask(running.address, HELLO).await;
    assert!(hello.starts_with("HTTP/1.1 200 "));
    let slow = tokio::spawn(ask(running.address, LOGIN));
    tokio::time::sleep(Duration::from_millis(150)).await;
    running.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The open connection is closed, or answers that nothing new is taken.
    let _ = idle.write_all(HELLO.as_bytes()).await;
    let mut late = String::new();
    let _ = idle.read_to_string(&mut late).await;
    assert!(late.is_empty() || late.contains("/problems/shutting-down"), "{late}");
    let (answer, _) = slow.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid-credentials"), "{answer}");
    running.server.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nothing listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_shutdown() {
    let running = start().await;
    let (_, _idle) = ask(running.address, HELLO).await;
    let begun = Instant::now();
    running.shutdown.cancel();
    running.server.await.unwrap().unwrap();
    // The limit for requests in flight is 10 s: an idle connection counted as one would take all of it.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_408() {
    let running = start().await;
    let (answer, _) = ask(running.address, &LOGIN[..LOGIN.len() - 5]).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("/problems/request-timeout"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(ask(running.address, HELLO).await.0.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_goes_away_is_counted() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(LOGIN.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    // The store is still at work.
    drop(stream);
    let counted = "route=\"/api/auth/login\",status=\"401\",store=\"faulty\"} 1";
    let begun = Instant::now();
    while !ask(running.address, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").await.0.contains(counted) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the login is not counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_closed_its_side_is_answered() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(LOGIN.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid-credentials"), "{answer}");
}
