//! A way to a server that can be broken.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on, until told otherwise.
pub struct Proxy {
    pub address: SocketAddr,
    faults: Arc<Faults>,
    cut: watch::Sender<u64>,
}

#[derive(Default)]
struct Faults {
    hold: AtomicBool,
    /// The answer to the next request of this operation is lost.
    lose: Mutex<Option<&'static str>>,
}

impl Proxy {
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (faults, (cut, cuts)) = (Arc::new(Faults::default()), watch::channel(0));
        let (server, faults_of_each) = (server.to_owned(), faults.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, faults, mut cuts) = (server.clone(), faults_of_each.clone(), cuts.clone());
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        () = both_ways(client, server, &faults) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, faults, cut }
    }

    /// Ends all connections that there are.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Answers stay on their way from now on.
    pub fn hold(&self) {
        self.faults.hold.store(true, Ordering::SeqCst);
    }

    /// Passes on again; what was held is lost, with its connection.
    pub fn pass(&self) {
        self.faults.hold.store(false, Ordering::SeqCst);
        self.cut();
    }

    /// The answer to the next request of this operation is lost: the server has done what it was asked, and the
    /// connection ends.
    pub fn lose_answer_to(&self, operation: &'static str) {
        *self.faults.lose.lock().unwrap() = Some(operation);
    }
}

async fn both_ways(mut client: TcpStream, mut server: TcpStream, faults: &Faults) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let lose = AtomicBool::new(false);
    tokio::select! {
        () = requests(from_client, to_server, faults, &lose) => {}
        () = answers(from_server, to_client, faults, &lose) => {}
    }
}

/// One request is under way on a connection at a time, and its head comes first.
async fn requests(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, faults: &Faults, lose: &AtomicBool) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..length]);
        let is_meant = |operation: &mut &str| text.contains(&format!("DynamoDB_20120810.{operation}"));
        if faults.lose.lock().unwrap().take_if(is_meant).is_some() {
            lose.store(true, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, faults: &Faults, lose: &AtomicBool) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if faults.hold.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if lose.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
