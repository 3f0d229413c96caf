//! For the tests of the stores over a server: a server of a test's own, a way to it that can be cut, and what must hold on
//! either server.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)]

pub mod faults;

use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Role, User};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}

pub fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

/// The demo users' addresses begin again after some hundreds; these do not.
pub fn user(number: u64) -> User {
    let email = format!("user-{number}@example.com");
    User { role: Role::User, email, ..demo::user(number, demo::unusable_hash()) }
}

pub fn admin(number: u64) -> User {
    User { role: Role::Admin, ..user(number) }
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program from the PATH, or from one of the folders where Debian puts servers.
pub fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.push("/usr/sbin".into());
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("there is no {name}: run `infra/services install`"))
}

/// Whether this test runs as root: PostgreSQL's programs refuse to, and MariaDB's want to be told.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Runs a program to its end.
pub fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A process of this test, with those that it started. Ended when it is dropped.
pub struct Process {
    child: Child,
    /// Where the server writes its own process id, if it is not the child's.
    pid_file: Option<PathBuf>,
}

impl Process {
    pub fn start(command: &mut Command, pid_file: Option<PathBuf>) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, pid_file }
    }

    /// The process and all below it.
    fn ids(&self) -> Vec<u32> {
        let written = self.pid_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let server: Option<u32> = written.and_then(|text| text.lines().next()?.trim().parse().ok());
        let mut ids = vec![self.child.id()];
        ids.extend(server.filter(|server| *server != self.child.id()));
        let mut next = 0;
        while let Some(id) = ids.get(next) {
            let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            let children: Vec<u32> = children.split_whitespace().map(|child| child.parse().unwrap()).collect();
            let new: Vec<u32> = children.into_iter().filter(|child| !ids.contains(child)).collect();
            ids.extend(new);
            next += 1;
        }
        ids
    }

    /// Sends a signal, such as `STOP`, to all of them.
    pub fn signal(&self, signal: &str) {
        // One after the other: one that is gone meanwhile must not keep the others from theirs.
        for id in self.ids() {
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).stderr(Stdio::null()).status();
        }
    }

    /// Ends them all at once, as a power cut would.
    pub fn kill(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something listens there.
pub async fn wait_for(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < deadline, "nothing listens at port {port}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The URL with another port in it.
pub fn with_port(url: &str, port: u16) -> String {
    let (before, after) = url.rsplit_once(':').unwrap();
    let (_, path) = after.split_once('/').unwrap();
    format!("{before}:{port}/{path}")
}

pub fn port(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.parse().unwrap()
}

/// A way to a server that can be cut.
pub struct Proxy {
    pub port: u16,
    open: Arc<Mutex<JoinSet<()>>>,
    _listening: JoinSet<()>,
}

impl Proxy {
    pub async fn start(server: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, open) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(JoinSet::new())));
        let (tasks, mut listening) = (open.clone(), JoinSet::new());
        listening.spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                tasks.lock().unwrap().spawn(async move {
                    if let Ok(mut server) = tokio::net::TcpStream::connect(("127.0.0.1", server)).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { port, open, _listening: listening }
    }

    /// Cuts all connections, and waits until they are: a call that comes next never meets an old one that works. New ones
    /// are let through.
    pub async fn cut(&self) {
        let mut open = std::mem::take(&mut *self.open.lock().unwrap());
        open.shutdown().await;
    }
}

/// The numbers of the users that are there.
pub async fn emails(store: &shared::repository::Repositories) -> BTreeSet<String> {
    let query = shared::repository::UserQuery { role: None, after: None, limit: 100_000 };
    let listed = store.users.list(&context(), &query).await.unwrap();
    listed.into_iter().map(|user| user.email).collect()
}

/// A certificate authority and a server's certificate by it for `localhost`, made in this folder.
pub fn make_certificates(folder: &Path) {
    let openssl = program("openssl");
    let run_here = |arguments: &str| run(Command::new(&openssl).args(arguments.split(' ')).current_dir(folder));
    let key = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for authority in ["ca", "other"] {
        run_here(&format!("{key} -x509 -days 2 -keyout {authority}.key -out {authority}.pem -subj /CN={authority}"));
    }
    run_here(&format!("{key} -keyout server.key -out server.csr -subj /CN=localhost"));
    std::fs::write(folder.join("san"), "subjectAltName=DNS:localhost").unwrap();
    run_here("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem");
}
