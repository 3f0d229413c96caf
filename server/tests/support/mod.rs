//! Variants as real processes: on a port that the system chose, with a folder of their own, ended by process id.

#![allow(dead_code, reason = "each test program uses its own part of this")]

pub mod clients;
pub mod database;
pub mod observed;
pub mod proxy;
pub mod requests;
pub mod service;
pub mod shop;

use clap::ValueEnum;
use contract::{CaseError, Credentials};
use database::OwnDatabase;
use server::{Database, Framework, Store};
use shared::config::Secret;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Every framework over every store.
pub fn variants() -> Vec<(Framework, Store)> {
    let stores = |framework: &Framework| Store::built_in().into_iter().map(|store| (*framework, store)).collect();
    Framework::value_variants().iter().flat_map(|framework| -> Vec<_> { stores(framework) }).collect()
}

/// The stores that keep their data in a SQLite file.
pub fn sqlite_stores() -> Vec<Store> {
    Store::built_in().into_iter().filter(|store| store.database() == Database::Sqlite).collect()
}

/// The stores whose database is a server.
pub fn server_stores() -> Vec<Store> {
    Store::built_in().into_iter().filter(|store| store.database().service().is_some()).collect()
}

/// The stores that outlive their process.
pub fn lasting_stores() -> Vec<Store> {
    Store::built_in().into_iter().filter(|store| *store != Store::Memory).collect()
}

/// Secrets made for this test.
pub fn credentials() -> Credentials {
    let random = |bytes| Secret::random(bytes).unwrap().expose().to_owned();
    Credentials { admin_email: "admin@stackdiff.example".to_owned(), admin_password: random(8), jwt_secret: random(32) }
}

/// How to start a variant.
#[derive(Clone)]
pub struct Start {
    pub framework: Framework,
    pub store: Store,
    /// The file, for SQLite.
    pub database: PathBuf,
    pub database_url: String,
    /// Removed with the last of its clones.
    pub own: Arc<OwnDatabase>,
    pub credentials: Credentials,
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// A shell command to run before the server in the same process, such as a limit.
    pub before: Option<String>,
}

impl Start {
    pub fn new(framework: Framework, store: Store, folder: &Path) -> Self {
        let database = folder.join("test.db");
        let own = OwnDatabase::new(store, &database);
        Self { database, ..Self::on(framework, own) }
    }

    /// On a database that is there already, or that the server makes.
    pub fn on(framework: Framework, own: OwnDatabase) -> Self {
        let own = Arc::new(own);
        Self {
            framework,
            store: own.store,
            database: PathBuf::new(),
            database_url: own.url.clone(),
            own,
            credentials: credentials(),
            arguments: Vec::new(),
            variables: Vec::new(),
            before: None,
        }
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// With time enough for hundreds of requests at once on a busy machine, where what is answered is looked at, and not how
    /// soon.
    pub fn patient(self) -> Self {
        self.argument("--store-timeout-ms").argument("20000")
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn command(&self) -> Command {
        let executable = env!("CARGO_BIN_EXE_server");
        let mut command = match &self.before {
            None => Command::new(executable),
            Some(before) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{before} && exec \"$0\" \"$@\""), executable]);
                shell
            }
        };
        command
            .args(["--framework", &self.framework.to_string(), "--store", &self.store.to_string()])
            .args(["--database-url", &self.database_url])
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(&self.arguments)
            .env("JWT_SECRET", &self.credentials.jwt_secret)
            .env("ADMIN_EMAIL", &self.credentials.admin_email)
            .env("ADMIN_PASSWORD", &self.credentials.admin_password)
            .envs(self.variables.iter().cloned());
        command
    }

    /// Starts it and waits until it listens.
    pub fn run(&self) -> Result<Process, CaseError> {
        let failed = |error: std::io::Error| CaseError::new(format!("the server cannot be started: {error}"));
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let log = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().unwrap();
        let (tell, listening) = std::sync::mpsc::channel();
        let kept = log.clone();
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let _ = tell.send(rest.split('"').next().unwrap_or_default().to_owned());
                }
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        match listening.recv_timeout(Duration::from_secs(60)) {
            Ok(url) => Ok(Process { url, child, log, reading: Some(reading) }),
            Err(_) => {
                let _ = child.kill();
                let mut said = String::new();
                let _ = child.stderr.take().unwrap().read_to_string(&mut said);
                let _ = child.wait();
                Err(CaseError::new(format!("the server did not start: {said}{}", log.lock().unwrap())))
            }
        }
    }

    /// Starts it where it must fail, and gives what it said.
    pub fn refusal(&self) -> (ExitStatus, String) {
        let output = self.command().stdin(Stdio::null()).output().unwrap();
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A server that runs until this is dropped.
pub struct Process {
    pub url: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait(Duration::from_secs(20))
    }

    /// Stops it, and gives what it wrote to standard error.
    pub fn said(mut self) -> String {
        let mut stderr = self.child.stderr.take().unwrap();
        self.terminate();
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        said
    }

    /// Waits until it has ended, and its log is whole: the last lines may be read after the end.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reading) = self.reading.take() {
                    reading.join().unwrap();
                }
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not end within {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that is gone at the end.
pub fn folder() -> TempDir {
    TempDir::with_prefix("stackdiff-test-").unwrap()
}
