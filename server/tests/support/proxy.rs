//! A way to a server that is slow, and that can be cut.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What each piece takes on its way: enough that a cut meets requests and answers that are under way.
const DELAY: Duration = Duration::from_millis(4);

pub struct Proxy {
    pub port: u16,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    /// How many pieces of requests and answers are on their way.
    busy: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Proxy {
    /// A way to this port of this machine.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, busy) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (accepted, counted) = (connections.clone(), busy.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], server))).await else { continue };
                let task = tokio::spawn(forward(client, server, counted.clone()));
                accepted.lock().unwrap().push(task.abort_handle());
            }
        });
        Self { port, connections, busy, accepting: accepting.abort_handle() }
    }

    /// Waits until a request or an answer is on its way.
    pub async fn is_busy(&self) {
        while self.busy.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends all connections; new ones may be made.
    pub fn cut(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Counts a piece while it is on its way, also if the connection ends meanwhile.
struct Piece<'a>(&'a AtomicUsize);

impl<'a> Piece<'a> {
    fn of(busy: &'a AtomicUsize) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Self(busy)
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn forward(client: TcpStream, server: TcpStream, busy: Arc<AtomicUsize>) {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Ends both when one has ended.
    tokio::select! {
        () = pump(from_client, to_server, &busy) => {}
        () = pump(from_server, to_client, &busy) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, busy: &AtomicUsize) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let _piece = Piece::of(busy);
        tokio::time::sleep(DELAY).await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
