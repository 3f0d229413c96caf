//! What must hold when things go wrong: what every framework is asked, then what only this one makes necessary.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use shared::framework_faults::{self, Running, ask};

async fn start() -> Running {
    framework_faults::start("rocket", framework_rocket::serve).await
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
async fn a_form_does_not_choose_its_method() {
    let running = start().await;
    for field in ["_method=delete", "%5Fmethod=put", "_method=get&a="] {
        let length = field.len();
        let form =
            format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{field}");
        let post = |path| format!("POST {path} HTTP/1.1\r\nHost: test\r\n{form}");
        let (answer, _) = ask(running.address, &post("/api/auth/login")).await;
        assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
        let (answer, _) = ask(running.address, &post("/api/users/1")).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET,HEAD,PUT,PATCH,DELETE"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_at_its_beginning_is_not_taken_for_whole() {
    let running = start().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\nno size\r\n");
    let (answer, _) = ask(running.address, &broken).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("could not be read"), "{answer}");
}
