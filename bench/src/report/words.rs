//! Names as sentences have them.

use super::figures::Key;
use super::number::{count, counted, whole};
use crate::result::Load;

/// What a workload does.
#[must_use]
pub fn workload(name: &str) -> &str {
    match name {
        "hello" => "Hello, without a database",
        "read-one" => "Read one user",
        "list" => "List a page of 20 users",
        "create" => "Create a product",
        "update" => "Update a user",
        "order" => "Place an order of 3 lines",
        "report" => "Sales report",
        "mix" => "80 % read one, 20 % update",
        "mix-read-one" => "The reads of 80 % read one, 20 % update",
        "mix-update" => "The updates of 80 % read one, 20 % update",
        "login-mix-read-one" => "The reads of reading while others sign in",
        "login-mix-login" => "The sign-ins beside reads",
        "login" => "Log in (Argon2id)",
        other => other,
    }
}

/// A database as its makers write it.
#[must_use]
pub fn database(name: &str) -> &str {
    match name {
        "sqlite" => "SQLite",
        "postgres" => "PostgreSQL",
        "mysql" => "MySQL",
        "mongodb" => "MongoDB",
        "redis" => "Redis",
        "dynamodb" => "DynamoDB",
        other => other,
    }
}

/// How the load came, in a few words.
#[must_use]
pub fn load(load: Load) -> String {
    match load {
        Load::Closed => "as fast as answered".to_owned(),
        Load::Open { rate, of_highest: None } => format!("{}/s", count(rate)),
        Load::Open { rate, of_highest: Some(share) } => {
            format!("{}/s, {:.0} % of its highest rate", count(rate), share * 100.0)
        }
    }
}

/// `read-one, 10,000 users, 64 connections, as fast as answered`.
#[must_use]
pub fn place(key: &Key) -> String {
    let connections = counted(key.connections, "connection");
    format!("{}, {} users, {connections}, {}", key.workload, whole(key.users), load(key.load))
}

/// So many failures are told; more of them say the same.
const TOLD: usize = 5;

/// The first of a list of failures, and how many more there are.
#[must_use]
pub fn told(failures: &[String]) -> Vec<String> {
    let more = failures.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    failures.iter().take(TOLD).cloned().chain(more).collect()
}
