//! The few requests that these tests are made of.

use super::Process;
use contract::Credentials;
use contract::answer::Answer;
use contract::client::Client;
use contract::request::Request;
use serde_json::{Value, json};

/// Sends a request on a connection of its own.
pub async fn send(process: &Process, request: Request) -> Answer {
    Client::new(&process.url).unwrap().send(&request).await.unwrap()
}

pub async fn sign_in(process: &Process, credentials: &Credentials) -> String {
    let body = json!({"email": credentials.admin_email, "password": credentials.admin_password});
    let answer = send(process, Request::new("POST", "/api/auth/login").json(&body)).await;
    assert_eq!(answer.status, 200, "{answer}");
    value(&answer)["access_token"].as_str().unwrap().to_owned()
}

pub fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

pub fn new_user(number: usize) -> Request {
    let body = json!({"name": "Somebody", "email": format!("u{number}@example.com"), "password": "correct horse"});
    Request::new("POST", "/api/auth/register").json(&body)
}

/// How many users a server lists, page by page.
pub async fn count_users(process: &Process, token: &str) -> usize {
    let (mut count, mut path) = (0, "/api/users?limit=100".to_owned());
    loop {
        let answer = send(process, Request::new("GET", &path).bearer(token)).await;
        assert_eq!(answer.status, 200, "{answer}");
        let page = value(&answer);
        count += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => path = format!("/api/users?limit=100&after={next}"),
            None => return count,
        }
    }
}
