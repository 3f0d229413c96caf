//! What must hold when things go wrong: what every framework is asked, then what only this one makes necessary.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use shared::framework_faults::{self, LOGIN, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn start() -> Running {
    framework_faults::start("axum", framework_axum::serve).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_500_problem_and_the_server_lives_on() {
    framework_faults::a_panic_is_a_500_problem_and_the_server_lives_on(start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_finishes_what_is_in_flight_and_refuses_new_work() {
    framework_faults::a_shutdown_finishes_what_is_in_flight_and_refuses_new_work(start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_shutdown() {
    framework_faults::idle_connections_do_not_hold_up_the_shutdown(start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_408() {
    framework_faults::a_body_that_never_comes_is_408(start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_goes_away_is_counted() {
    framework_faults::a_request_whose_client_goes_away_is_counted(start().await).await;
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
