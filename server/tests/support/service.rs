//! A database server of a test's own, started by `infra/services`: to hang, to be killed, and to be started again.

use server::Database;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/services");

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
    /// Stops the server when its standard input ends: with this, or with a test program that is killed.
    stopping: Child,
}

/// The processes of a server that are stopped until this is dropped.
pub struct Suspended(Vec<u32>);

impl Service {
    pub fn start(database: Database) -> Self {
        let (name, folder) = (database.service().unwrap(), super::folder());
        let mut stopping = Command::new("sh");
        stopping.args(["-c", "cat && exec \"$0\" down \"$1\"", PROGRAM, name]).env("SERVICES_DATA", folder.path());
        // A Ctrl-C that ends the tests must not end this.
        let stopping = stopping.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0).spawn().unwrap();
        let service = Self { name, port: free_port(), other_port: free_port(), folder, stopping };
        service.up();
        service
    }

    /// Starts it on its data, and waits until it answers. If it is up, nothing happens.
    pub fn up(&self) {
        self.services(&["up", "--native", self.name]);
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        self.services(&["url", self.name, database]).trim().to_owned()
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

    fn services(&self, arguments: &[&str]) -> String {
        let port = format!("{}_PORT", self.name.to_uppercase());
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("SERVICES_DATA", self.folder.path()).env("SERVICES_ENGINE", "native");
        command.env("REDIS_TLS_PORT", self.other_port.to_string()).env(port, self.port.to_string());
        let output = command.output().unwrap();
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "infra/services {}: {said}{complained}", arguments.join(" "));
        said.into_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stopping.stdin.take());
        // No panic: this may be what a failed test leaves behind.
        if !self.stopping.wait().is_ok_and(|status| status.success()) {
            eprintln!("infra/services down {} failed", self.name);
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
