//! One long scripted session, recorded: what `differential` compares.
//!
//! It expects a database that was just made and holds the configured admin alone, so that listings compare. It judges
//! nothing: the cases do. It asks about as much as can be asked, also where the contract is silent, since variants
//! must agree there too. Its requests are fixed but for what earlier answers gave: ids, tokens, cursors, entity tags.

mod accounts;
mod bodies;
mod chance;
mod guards;
mod orders;
mod paging;
mod paths;
mod products;
mod reports;
mod system;
mod tokens;
mod users;

use serde_json::{Value, json};

use crate::answer::{Answer, CaseError};
use crate::client::Client;
use crate::normalise::Normaliser;
use crate::request::Request;
use crate::world::{Credentials, PASSWORD};

/// An id that names nobody.
const NOBODY: &str = "/api/users/01890000-0000-7000-8000-000000000000";

/// One request and its answer, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its part of the session and its place in it, such as `users 7`.
    pub name: String,
    /// The request line.
    pub request: String,
    /// Status, headers and body.
    pub answer: String,
}

/// What one server answered to the session.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The variant's name, as given.
    pub variant: String,
    /// All steps in order.
    pub steps: Vec<Step>,
}

/// Runs the session against a server.
///
/// # Errors
/// When the base URL is none, or the configured admin cannot sign in: then nothing would be compared.
pub async fn record(variant: &str, base_url: &str, credentials: &Credentials) -> Result<Transcript, CaseError> {
    let mut recorder = Recorder {
        client: Client::new(base_url).map_err(|error| CaseError::new(error.to_string()))?,
        normaliser: Normaliser::new()?,
        variant: variant.to_owned(),
        part: "start",
        steps: Vec::new(),
        admin: Actor::default(),
        user: Actor::default(),
    };
    recorder.admin = recorder.sign_in_admin(credentials).await?;
    system::run(&mut recorder).await;
    paths::run(&mut recorder).await;
    accounts::run(&mut recorder).await;
    recorder.user = recorder.sign_in("user@session.test", PASSWORD).await?;
    users::run(&mut recorder).await;
    // That part may have ended the admin's token.
    recorder.admin = recorder.sign_in_admin(credentials).await?;
    paging::run(&mut recorder).await;
    bodies::run(&mut recorder).await;
    guards::run(&mut recorder).await;
    products::run(&mut recorder).await;
    orders::run(&mut recorder).await?;
    reports::run(&mut recorder).await;
    chance::run(&mut recorder).await;
    tokens::run(&mut recorder, &credentials.jwt_secret).await?;
    Ok(Transcript { variant: variant.to_owned(), steps: recorder.steps })
}

/// Who acts in the session.
#[derive(Debug, Clone, Default)]
struct Actor {
    id: String,
    token: String,
}

impl Actor {
    fn path(&self) -> String {
        format!("/api/users/{}", self.id)
    }
}

struct Recorder {
    client: Client,
    normaliser: Normaliser,
    variant: String,
    part: &'static str,
    steps: Vec<Step>,
    admin: Actor,
    user: Actor,
}

impl Recorder {
    /// Names the steps that follow.
    fn part(&mut self, part: &'static str) {
        self.part = part;
    }

    /// Sends a request and records what came. That no answer came is recorded with the variant's name, so that it is a
    /// difference even where no variant answers: every step can be answered.
    async fn step(&mut self, request: Request) -> Answer {
        let answer = self.client.send(&request).await;
        let text = match &answer {
            Ok(answer) => self.normaliser.answer(answer),
            Err(error) => format!("no answer from {}: {error}", self.variant),
        };
        let line = format!("{} {}", request.method, request.path);
        let place = self.steps.iter().filter(|step| step.name.starts_with(self.part)).count() + 1;
        let step = Step { name: format!("{} {place}", self.part), request: self.normaliser.text(&line), answer: text };
        self.steps.push(step);
        answer.unwrap_or_else(|_| Answer::new(&request, 0, Vec::new(), Vec::new()))
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.step(Request::new("GET", path)).await
    }

    async fn get_as_user(&mut self, path: &str) -> Answer {
        let token = self.user.token.clone();
        self.step(Request::new("GET", path).bearer(&token)).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.step(Request::new("POST", path).json(body)).await
    }

    /// A request with a JSON body by the plain user.
    async fn as_user(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.user.token.clone();
        self.step(Request::new(method, path).bearer(&token).json(body)).await
    }

    /// A request with a JSON body by the admin.
    async fn as_admin(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.admin.token.clone();
        self.step(Request::new(method, path).bearer(&token).json(body)).await
    }

    /// Walks a listing by its links, as the plain user or as nobody.
    async fn walk(&mut self, start: &str, as_user: bool) {
        let mut path = start.to_owned();
        // Each variant has the same few items; the bound is for one that would never end.
        for _ in 0..20 {
            let page = if as_user { self.get_as_user(&path).await } else { self.get(&path).await };
            let link =
                page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split_once('>'));
            match link {
                Some((next, _)) => path = next.to_owned(),
                None => break,
            }
        }
    }

    async fn sign_in_admin(&mut self, credentials: &Credentials) -> Result<Actor, CaseError> {
        let Credentials { admin_email, admin_password, .. } = credentials;
        self.sign_in(admin_email, admin_password).await.map_err(|error| error.without(admin_password))
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Result<Actor, CaseError> {
        let login = self.post("/api/auth/login", &json!({ "email": email, "password": password })).await;
        let token = login.status(200)?.text_at("/access_token")?;
        let me = self.step(Request::new("GET", "/api/auth/me").bearer(&token)).await;
        Ok(Actor { id: me.status(200)?.text_at("/id")?, token })
    }
}

/// The path in a `Location` header, or one that will show as a difference.
fn location(answer: &Answer) -> String {
    answer.header("location").unwrap_or("/no-location").to_owned()
}
