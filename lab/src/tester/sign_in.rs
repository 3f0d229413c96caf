//! Signs in at a variant, so that the page can send the token that it got.

use super::send::LIMITS;
use contract::client::Client;
use contract::request::Request;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Who signs in.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    pub email: String,
    pub password: String,
}

/// What the page is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The token.
    Token(String),
    /// Why there is none, and what to do.
    Error(String),
}

/// Signs in at the variant of this name.
pub(crate) async fn sign_in(name: &str, address: SocketAddr, credentials: &Credentials) -> Outcome {
    let body = json!({ "email": credentials.email, "password": credentials.password });
    let request = Request::new("POST", "/api/auth/login").json(&body);
    let client = match Client::new(&format!("http://{address}")) {
        Ok(client) => client.with_limits(LIMITS),
        Err(error) => return Outcome::Error(error.to_string()),
    };
    let answer = match client.send(&request).await {
        Ok(answer) => answer,
        Err(error) => return Outcome::Error(format!("{name} did not answer: {error}. Look at it in Variants.")),
    };
    let body = answer.json().unwrap_or_default();
    match (answer.status, body.get("access_token").and_then(Value::as_str)) {
        (200, Some(token)) => Outcome::Token(token.to_owned()),
        (401, _) => Outcome::Error(
            "The e-mail address or the password is wrong. The password stands in the terminal, where the lab was started the \
             first time; if it is lost, start the lab with another --data folder."
                .to_owned(),
        ),
        (429, _) => {
            let wait = answer.header("retry-after").unwrap_or("60");
            Outcome::Error(format!("Too many attempts with this address have failed at {name}. Try again in {wait} s."))
        }
        (422, _) => Outcome::Error("That is no e-mail address with a password: fill in both.".to_owned()),
        (status, _) => Outcome::Error(format!("{name} answered {status}. Send auth.login below to see all of its answer.")),
    }
}
