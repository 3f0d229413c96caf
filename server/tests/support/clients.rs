//! Clients that register users, one after the other, whatever becomes of the database.

use super::Process;
use super::requests::{new_user, send, value};
use contract::answer::Answer;
use contract::client::Client;
use contract::request::Request;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Longer than any answer may take whose store is given a second: that, once more for the check of a token, and what a
/// busy machine takes.
pub const LIMIT: Duration = Duration::from_secs(5);

/// The same with a password to hash, behind those of all other clients.
const LIMIT_WITH_A_PASSWORD: Duration = Duration::from_secs(20);

/// The longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user that a client saw created.
#[derive(Debug)]
pub struct Created {
    pub email: String,
    pub path: String,
}

#[derive(Default)]
struct Counts {
    next: AtomicUsize,
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    over: AtomicBool,
}

/// Clients at work. Each of their requests must be answered in time, by 201 or by 503 that says when to come back.
pub struct Clients {
    counts: Arc<Counts>,
    running: Vec<JoinHandle<Vec<Created>>>,
}

impl Clients {
    pub fn start(url: &str, count: usize) -> Self {
        let counts = Arc::new(Counts::default());
        let run = |_| tokio::spawn(register(Client::new(url).unwrap(), counts.clone()));
        let running = (0..count).map(run).collect();
        Self { counts, running }
    }

    /// How many users were created so far.
    pub fn acknowledged(&self) -> usize {
        self.counts.acknowledged.load(Ordering::SeqCst)
    }

    /// How many requests were answered 503.
    pub fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::SeqCst)
    }

    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            // What ended a client is said by it.
            assert!(self.running.iter().all(|client| !client.is_finished()), "a client gave up");
            let (created, refused) = (self.acknowledged(), self.refused());
            assert!(begun.elapsed() < PATIENCE, "{created} created, {refused} refused, and no more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets them end what they have begun, and gives who was created.
    pub async fn end(mut self) -> Vec<Created> {
        self.counts.over.store(true, Ordering::SeqCst);
        let mut created = Vec::new();
        for client in std::mem::take(&mut self.running) {
            created.extend(client.await.unwrap());
        }
        created
    }
}

impl Drop for Clients {
    /// Those of a test that failed.
    fn drop(&mut self) {
        for client in &self.running {
            client.abort();
        }
    }
}

async fn register(client: Client, counts: Arc<Counts>) -> Vec<Created> {
    let mut created = Vec::new();
    while !counts.over.load(Ordering::SeqCst) {
        let number = counts.next.fetch_add(1, Ordering::SeqCst);
        if let Some(path) = register_one(&client, &counts, number).await {
            created.push(Created { email: format!("u{number}@example.com"), path });
        }
    }
    created
}

/// Where the user is, once it was told. After a 503 it is tried again: then the first may have been done after all, which
/// the second is told by 409. A first request is never told so: nobody else has this address, and a server that sent it
/// to the database twice by itself would have to know what became of the first.
async fn register_one(client: &Client, counts: &Counts, number: usize) -> Option<String> {
    let request = new_user(number);
    let mut is_first = true;
    while !counts.over.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let answer = client.send(&request).await.unwrap();
        assert!(begun.elapsed() < LIMIT_WITH_A_PASSWORD, "{answer} took {:?}", begun.elapsed());
        assert!(in_store(&answer) < LIMIT, "{answer} took {:?} in the store", in_store(&answer));
        match answer.status {
            201 => {
                counts.acknowledged.fetch_add(1, Ordering::SeqCst);
                return Some(answer.header("location").unwrap().to_owned());
            }
            409 if !is_first => return None,
            _ => assert!(is_told_to_come_back(&answer), "{answer}"),
        }
        is_first = false;
        counts.refused.fetch_add(1, Ordering::SeqCst);
        // Hashing passwords all the time would leave no time to a database that starts.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

/// The store's share of the time, as `Server-Timing` tells it.
fn in_store(answer: &Answer) -> Duration {
    let layers = answer.header("server-timing").unwrap_or_default();
    let share = layers.split(", ").find_map(|layer| layer.strip_prefix("store;dur="));
    share.map_or(Duration::ZERO, |milliseconds| Duration::from_secs_f64(milliseconds.parse::<f64>().unwrap() / 1_000.0))
}

/// Whether it is a 503 that names the time.
pub fn is_told_to_come_back(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok())
}

/// Everybody's address. Nobody is there twice.
pub async fn emails(process: &Process, token: &str) -> HashSet<String> {
    let (mut emails, mut next) = (HashSet::new(), String::new());
    loop {
        let answer = send(process, Request::new("GET", &format!("/api/users?limit=100{next}")).bearer(token)).await;
        assert_eq!(answer.status, 200, "{answer}");
        let page = value(&answer);
        for user in page["items"].as_array().unwrap() {
            assert!(emails.insert(user["email"].as_str().unwrap().to_owned()), "{user} is there twice");
        }
        let Some(after) = page["next"].as_str() else { return emails };
        next = format!("&after={after}");
    }
}
