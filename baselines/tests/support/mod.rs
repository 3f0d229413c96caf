//! Yardsticks as real processes, on databases that the project's own stores have made and seeded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "each test program uses its own part of this"
)]

use serde_json::Value;
use server::{Database, Store};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::UserId;
use shared::repository::{Repositories, StoreOptions};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Time enough for a busy machine.
pub const OPTIONS: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_secs(10) };

/// A yardstick that listens. Ended when it is dropped.
pub struct Service {
    child: Child,
    address: String,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Service {
    /// Starts `baselines` with these arguments, and waits for the line that says where it listens.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("listening on ").map(str::to_owned) else {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} said {line:?} and {error}");
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { child, address, client: reqwest::Client::new(), runtime }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request, and returns the status, the headers and the body of its answer.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, reqwest::header::HeaderMap, String) {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}{path}", self.address));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
        })
    }

    /// Its status and body alone.
    pub fn answer(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (status, _, body) = self.ask(method, path, body);
        (status, body)
    }

    /// Sends these at the same time and returns the statuses of their answers.
    pub fn ask_at_once(&self, method: &str, requests: &[(String, String)]) -> Vec<u16> {
        self.runtime.block_on(async {
            let mut answers = tokio::task::JoinSet::new();
            for (path, body) in requests {
                let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.address));
                let request = request.header("content-type", "application/json").body(body.clone());
                answers.spawn(async move { request.send().await.unwrap().status().as_u16() });
            }
            answers.join_all().await
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a yardstick that ends by itself.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Runs a loop, and returns the line that it prints.
pub fn measured(arguments: &[&str]) -> Value {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    let measured: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(measured["errors"], 0, "{measured}: {error}");
    measured
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baselines"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A database with the demo data in it. Removed when this is dropped.
pub struct Seeded {
    store: Store,
    pub url: String,
    runtime: Runtime,
    _folder: TempDir,
}

impl Seeded {
    /// A file for SQLite, else a database with a name of its own on the server that `infra/services up` starts, or that a
    /// variable such as `POSTGRES_URL` names, with `{database}` where the name of the database goes.
    pub fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("stackdiff_test_{}", UserId::generate().to_string().replace('-', ""));
        let url = match store.database().service() {
            None => format!("sqlite://{}", folder.path().join("test.db").display()),
            Some(service) => match std::env::var(format!("{}_URL", service.to_uppercase())) {
                Ok(template) => template.replace("{database}", &name),
                Err(_) => store.development_url(&name),
            },
        };
        let seeded = Self { store, url, runtime: Runtime::new().unwrap(), _folder: folder };
        seeded.with(async |repositories| {
            let hash = demo::unusable_hash();
            demo::fill(&context(), &repositories, &hash).await.unwrap();
        });
        seeded
    }

    /// Looks at it through the project's own store. What is wrong with a server says which command starts one.
    pub fn with<T>(&self, look: impl AsyncFnOnce(Repositories) -> T) -> T {
        self.runtime.block_on(async {
            let repositories = self.store.open(&self.url, OPTIONS).await.unwrap_or_else(|error| panic!("{error}"));
            let seen = look(repositories.clone()).await;
            repositories.store.close().await;
            seen
        })
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        if self.store.database() == Database::Sqlite {
            return;
        }
        if let Err(error) = self.runtime.block_on(self.store.remove(&self.url, OPTIONS)) {
            eprintln!("a database of a test was left behind: {error}");
        }
    }
}

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}
