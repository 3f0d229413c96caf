//! What every framework crate must hold when things go wrong, as tests that ask a running server through its socket.
//!
//! Each framework crate runs all of them in its `tests/faults.rs`, beside those that its own framework makes necessary.
//! They are here and not beside one framework, so that no framework can have a test that another one lacks. Behind the
//! feature `framework-faults`: nothing of this is in a server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod faulty;

use crate::app::{App, Parts, Services};
use crate::cors::Cors;
use crate::drain::Drain;
use crate::passwords::Passwords;
use crate::telemetry::Telemetry;
use crate::tokens::Tokens;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A server of a framework over a store with faults.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    shutdown: CancellationToken,
    server: JoinHandle<io::Result<()>>,
}

/// What a framework crate's `serve` tells its address to.
pub type OnListening = Box<dyn FnOnce(SocketAddr) + Send>;

/// Starts a framework crate's `serve`.
pub async fn start<F>(framework: &str, serve: impl FnOnce(App, SocketAddr, OnListening) -> F) -> Running
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let telemetry = Arc::new(Telemetry::new(framework, "faulty", Duration::from_secs(2), false).unwrap());
    let passwords = Arc::new(Passwords::start(1).unwrap());
    let tokens = Tokens::new(&[7; 32], "stackdiff", "stackdiff-api");
    let shutdown = CancellationToken::new();
    let app = App::new(Parts {
        services: Services::new(faulty::repositories(), passwords, tokens, telemetry.clone()),
        telemetry,
        drain: Drain::new(shutdown.clone()),
        cors: Cors::default(),
        body_timeout: Duration::from_millis(200),
        // Whatever should not be waited for shows by the test never coming to its end.
        shutdown_timeout: Duration::from_secs(3_600),
        workers: 1,
    });
    let (tell, listening) = tokio::sync::oneshot::channel();
    let on_listening = Box::new(move |address| {
        let _ = tell.send(address);
    });
    let server = tokio::spawn(serve(app, SocketAddr::from(([127, 0, 0, 1], 0)), on_listening));
    Running { address: listening.await.unwrap(), shutdown, server }
}

/// Sends `request` on a connection of its own and reads until an answer is complete or the connection ends.
pub async fn ask(address: SocketAddr, request: &str) -> (String, TcpStream) {
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

/// A small request.
pub const HELLO: &str = "GET /api/hello HTTP/1.1\r\nHost: test\r\n\r\n";
/// A request that the store takes its time for.
pub const LOGIN: &str = "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
    Content-Length: 37\r\n\r\n{\"email\":\"a@b\",\"password\":\"12345678\"}";

/// A panic is a 500 problem and the server lives on.
pub async fn a_panic_is_a_500_problem_and_the_server_lives_on(running: Running) {
    for _ in 0..3 {
        let (answer, _) = ask(running.address, "GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("\"type\":\"/problems/internal\"") && answer.contains("x-request-id"), "{answer}");
        assert!(!answer.contains("on purpose"), "{answer}");
    }
    assert!(ask(running.address, HELLO).await.0.starts_with("HTTP/1.1 200 "));
}

/// A shutdown finishes what is in flight and refuses new work.
pub async fn a_shutdown_finishes_what_is_in_flight_and_refuses_new_work(running: Running) {
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

/// Idle connections do not hold up the shutdown.
pub async fn idle_connections_do_not_hold_up_the_shutdown(running: Running) {
    let (_, _idle) = ask(running.address, HELLO).await;
    running.shutdown.cancel();
    // The limit for requests in flight is an hour: an idle connection counted as one would take all of it.
    let ended = tokio::time::timeout(Duration::from_secs(60), running.server).await;
    ended.expect("an idle connection is waited for").unwrap().unwrap();
}

/// A body that never comes is 408.
pub async fn a_body_that_never_comes_is_408(running: Running) {
    let (answer, _) = ask(running.address, &LOGIN[..LOGIN.len() - 5]).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("/problems/request-timeout"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(ask(running.address, HELLO).await.0.starts_with("HTTP/1.1 200 "));
}

/// A request whose client goes away is counted.
pub async fn a_request_whose_client_goes_away_is_counted(running: Running) {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(LOGIN.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    // The store is still at work.
    drop(stream);
    let counted = "route=\"/api/auth/login\",status=\"401\",store=\"faulty\"} 1";
    let mut looks = 0..200;
    while !ask(running.address, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").await.0.contains(counted) {
        assert!(looks.next().is_some(), "the login is not counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
