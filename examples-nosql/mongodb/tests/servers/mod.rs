//! A server of a test's own, and a way to it that can fail.

use mongodb::Client;
use mongodb::bson::doc;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A `mongod` with a folder and a port of its own, ended with the test.
pub struct Mongod {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Mongod {
    /// Starts a server with these arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { child: spawn(port, folder.path(), &arguments), port, arguments, folder }
    }

    /// Starts a replica set of one server, and waits until it can be written to.
    pub async fn start_replica_set() -> Self {
        let server = Self::start(&["--replSet", "rs0"]);
        server.initiate("").await;
        server
    }

    /// Makes it a replica set. `options` are those that a client needs, such as `&tls=true`.
    pub async fn initiate(&self, options: &str) {
        let url = format!("mongodb://127.0.0.1:{}/?directConnection=true{options}", self.port);
        let admin = Client::with_uri_str(url).await.unwrap().database("admin");
        let member = doc! { "_id": 0, "host": format!("127.0.0.1:{}", self.port) };
        admin.run_command(doc! { "replSetInitiate": { "_id": "rs0", "members": [member] } }).await.unwrap();
        let started = Instant::now();
        while !admin.run_command(doc! { "hello": 1 }).await.unwrap().get_bool("isWritablePrimary").unwrap() {
            assert!(started.elapsed() < Duration::from_secs(60), "no primary");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, options: &str) -> String {
        format!("mongodb://127.0.0.1:{}/stackdiff{options}", self.port)
    }

    /// `STOP`: it hangs, and its connections stay open. `CONT`: it goes on.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// `kill -9`, and a start on the same data.
    pub fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.port, self.folder.path(), &self.arguments);
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, folder: &Path, arguments: &[String]) -> Child {
    let advice = "the variable MONGOD must hold the path of a mongod: run `infra/services install`";
    let mut command = Command::new(std::env::var_os("MONGOD").expect(advice));
    command.args(["--bind_ip", "127.0.0.1", "--port", &port.to_string(), "--nounixsocket"]).arg("--dbpath").arg(folder);
    command.args(["--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=false"]);
    command.args(arguments).stdout(Stdio::null()).spawn().expect(advice)
}

/// A way to a server that can be cut, held, and made to lose an answer.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct State {
    connections: Mutex<Vec<AbortHandle>>,
    held: AtomicBool,
    loses_an_answer: AtomicBool,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        let accepted = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let task = tokio::spawn(forward(client, server, accepted.clone()));
                accepted.connections.lock().unwrap().push(task.abort_handle());
            }
        });
        Self { address, state, accepting: accepting.abort_handle() }
    }

    /// Ends all connections. New ones may be made.
    pub fn cut(&self) {
        for connection in self.state.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }

    /// Nothing is passed on any more, or again.
    pub fn hold(&self, held: bool) {
        self.state.held.store(held, Ordering::Relaxed);
    }

    /// The next insert gets to the server, and its answer not to the client.
    pub fn lose_an_answer(&self) {
        self.state.loses_an_answer.store(true, Ordering::Relaxed);
    }

    pub fn has_lost_it(&self) -> bool {
        !self.state.loses_an_answer.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn forward(client: TcpStream, server: TcpStream, state: Arc<State>) {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let lost = AtomicBool::new(false);
    // Ends both when one has ended.
    tokio::select! {
        () = pump(from_client, to_server, &state, |bytes| {
            let is_insert = bytes.windows(8).any(|window| window == b"\x02insert\0");
            if is_insert && state.loses_an_answer.swap(false, Ordering::Relaxed) {
                lost.store(true, Ordering::Relaxed);
            }
            true
        }) => {}
        () = pump(from_server, to_client, &state, |_| !lost.load(Ordering::Relaxed)) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, passes: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        while state.held.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if !passes(&buffer[..length]) || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
