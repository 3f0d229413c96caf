//! A Redis of a test's own, to be stopped, killed and set up wrongly, and a proxy whose connections can be cut.

#![allow(dead_code, missing_docs)]

use redis::Client;
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::User;
use shared::repository::{OpenError, Repositories, StoreOptions, UserQuery};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What makes a write survive.
pub const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// A process of Redis on a port and in a folder of its own. `REDIS_SERVER` names another program, such as valkey-server.
pub struct Server {
    pub port: u16,
    pub folder: TempDir,
    process: Child,
}

impl Server {
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let process = spawn(port, &folder, arguments);
        let server = Self { port, folder, process };
        server.answers().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// A connection by the driver alone.
    pub async fn raw(&self) -> redis::aio::MultiplexedConnection {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// Sends one command, as typed in `redis-cli`.
    pub async fn command(&self, words: &str) {
        let mut command = redis::Cmd::new();
        command.arg(words.split(' ').collect::<Vec<_>>());
        command.exec_async(&mut self.raw().await).await.unwrap();
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// As `kill -9` does: it has no chance to write anything more.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub async fn start_again(&mut self, arguments: &[&str]) {
        self.process = spawn(self.port, &self.folder, arguments);
        self.answers().await;
    }

    async fn answers(&self) {
        let started = Instant::now();
        let client = Client::open(self.url()).unwrap();
        loop {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                // Another error than LOADING is an answer as well: some of these servers want a password.
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(port: u16, folder: &TempDir, arguments: &[&str]) -> Child {
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]).arg("--dir").arg(folder.path());
    command.args(arguments).stdout(Stdio::null());
    command.spawn().expect("redis-server is not there: run `infra/services install`")
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Passes on what goes to a server and back, until its connections are cut.
pub struct Proxy {
    pub port: u16,
    passing: Arc<Mutex<Vec<JoinHandle<()>>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passing = Arc::<Mutex<Vec<_>>>::default();
        let kept = passing.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let pass = async move {
                    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, to));
                    let mut server = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                };
                kept.lock().unwrap().push(tokio::spawn(pass));
            }
        });
        Self { port, passing, accepting }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub fn cut(&self) -> usize {
        let passing = std::mem::take(&mut *self.passing.lock().unwrap());
        passing.iter().filter(|pass| !pass.is_finished()).map(JoinHandle::abort).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub async fn open(url: &str, connections: usize, timeout_ms: u64) -> Repositories {
    try_open(url, connections, timeout_ms).await.unwrap()
}

pub async fn try_open(url: &str, connections: usize, timeout_ms: u64) -> Result<Repositories, OpenError> {
    store_redis::open(url, StoreOptions { connections, timeout: Duration::from_millis(timeout_ms) }).await
}

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}

pub fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

/// A user of whom there is one for each number.
pub fn somebody(number: u64) -> User {
    User { email: format!("user{number}@example.com"), ..user(number + 1, unusable_hash()) }
}

pub async fn all(store: &Repositories) -> Vec<User> {
    let query = UserQuery { role: None, after: None, limit: 1_000_000 };
    store.users.list(&context(), &query).await.unwrap()
}

pub async fn soon<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "not so after ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
