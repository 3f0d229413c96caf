//! A database server of a test's own, started by `infra/services`: to hang, to be killed, and to be started again.

use server::Database;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// Below what the system gives to clients (from 32768 on): a client that was given the port of a server while it is away
/// would keep it from starting again.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A server with data of its own. Both end with this, also after a failure.
pub struct Service {
    /// As `infra/services` calls it.
    name: &'static str,
    port: u16,
    /// For what else it listens on: Redis has a second port.
    other_port: u16,
    folder: TempDir,
}

/// The processes of a server that are stopped until this is dropped.
pub struct Suspended(Vec<u32>);

impl Service {
    pub fn start(database: Database) -> Self {
        let name = database.service().unwrap();
        let service = Self { name, port: free_port(), other_port: free_port(), folder: super::folder() };
        service.up();
        service
    }

    /// Starts it on its data, and waits until it answers. If it is up, nothing happens.
    pub fn up(&self) {
        self.services(&["up", "--native", self.name]).unwrap();
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        self.services(&["url", self.name, database]).unwrap().trim().to_owned()
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9` of all its processes: those of PostgreSQL would go on with what they have begun.
    pub fn kill(&self) {
        signal("KILL", &self.processes());
    }

    /// It keeps its connections and answers nothing.
    pub fn suspend(&self) -> Suspended {
        // Once more for those that the first one had begun before it was stopped.
        signal("STOP", &self.processes());
        let processes = self.processes();
        signal("STOP", &processes);
        Suspended(processes)
    }

    /// The process that was started, and those that it has started itself: a connection to PostgreSQL is one.
    fn processes(&self) -> Vec<u32> {
        let file = self.folder.path().join(self.name).join("process");
        let first: u32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
        std::iter::once(first).chain(children.split_whitespace().map(|child| child.parse().unwrap())).collect()
    }

    fn services(&self, arguments: &[&str]) -> Result<String, String> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/services");
        let port = format!("{}_PORT", self.name.to_uppercase());
        let mut command = Command::new(program);
        command.args(arguments).env("SERVICES_DATA", self.folder.path()).env("SERVICES_ENGINE", "native");
        command.env("REDIS_TLS_PORT", self.other_port.to_string()).env(port, self.port.to_string());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let complained = String::from_utf8_lossy(&output.stderr);
        Err(format!("infra/services {}: {said}{complained}", arguments.join(" ")))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // No panic: this may be what a failed test leaves behind.
        if let Err(error) = self.services(&["down", self.name]) {
            eprintln!("{error}");
        }
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

/// One that has ended meanwhile is none to worry about.
fn signal(name: &str, processes: &[u32]) {
    let ids = processes.iter().map(ToString::to_string);
    let _ = Command::new("kill").args(["-s", name]).args(ids).output().unwrap();
}

/// A port that nobody listens on, and that no other test is given.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // Test programs that run at once begin at different places.
    let first = u16::try_from(std::process::id() * 37 % u32::from(count)).unwrap();
    loop {
        let port = PORTS.start + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
