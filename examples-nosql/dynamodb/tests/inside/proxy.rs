//! A way to a server that can be broken.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, watch};

/// Passes requests and answers on, until told otherwise.
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
    /// These requests do not reach the server. They are answered with this status and body.
    answers: Mutex<VecDeque<(&'static str, u16, String)>>,
    /// How long a transaction takes; none if they do not cancel each other.
    contended: Mutex<Option<Duration>>,
    /// Whether one is under way.
    busy: AtomicBool,
    cancelled: AtomicUsize,
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

    /// The next request of this operation that no other such answer is for is answered so, and not by the server.
    pub fn answer(&self, operation: &'static str, status: u16, body: &serde_json::Value) {
        self.faults.answers.lock().unwrap().push_back((operation, status, body.to_string()));
    }

    /// From now on transactions take so long, and one that comes meanwhile is cancelled: what Amazon's service does if they
    /// touch the same item, and DynamoDB Local never.
    pub fn let_transactions_meet(&self, duration: Duration) {
        *self.faults.contended.lock().unwrap() = Some(duration);
    }

    /// How many were cancelled for that.
    pub fn cancelled(&self) -> usize {
        self.faults.cancelled.load(Ordering::SeqCst)
    }
}

/// How a transaction is refused with such reasons.
pub fn cancellation(reasons: &[serde_json::Value]) -> serde_json::Value {
    serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    })
}

impl Faults {
    /// The answer to a request that is not to reach the server.
    fn answer_to(&self, request: &str) -> Option<(u16, String)> {
        let is_of = |operation: &str| request.contains(&format!("DynamoDB_20120810.{operation}\r\n"));
        let mut answers = self.answers.lock().unwrap();
        if let Some(place) = answers.iter().position(|(operation, ..)| is_of(operation)) {
            return answers.remove(place).map(|(_, status, body)| (status, body));
        }
        if !is_of("TransactWriteItems") || self.contended.lock().unwrap().is_none() {
            return None;
        }
        if !self.busy.swap(true, Ordering::SeqCst) {
            return None;
        }
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        let mut reasons = vec![serde_json::json!({"Code": "None"}); request.matches("\"TableName\"").count()];
        *reasons.last_mut().unwrap() =
            serde_json::json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
        Some((400, cancellation(&reasons).to_string()))
    }
}

async fn both_ways(mut client: TcpStream, mut server: TcpStream, faults: &Faults) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let (lose, is_first, to_client) = (AtomicBool::new(false), AtomicBool::new(false), AsyncMutex::new(to_client));
    tokio::select! {
        () = requests(from_client, to_server, &to_client, faults, &lose, &is_first) => {}
        () = answers(from_server, &to_client, faults, &lose, &is_first) => {}
    }
    if is_first.load(Ordering::SeqCst) {
        faults.busy.store(false, Ordering::SeqCst);
    }
}

/// One request is under way on a connection at a time.
async fn requests(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    to_client: &AsyncMutex<WriteHalf<'_>>,
    faults: &Faults,
    lose: &AtomicBool,
    is_first: &AtomicBool,
) {
    while let Some(request) = whole_request(&mut from).await {
        let text = String::from_utf8_lossy(&request);
        let is_meant = |operation: &mut &str| text.contains(&format!("DynamoDB_20120810.{operation}"));
        if faults.lose.lock().unwrap().take_if(is_meant).is_some() {
            lose.store(true, Ordering::SeqCst);
        }
        if let Some((status, body)) = faults.answer_to(&text) {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\n");
            let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            if to_client.lock().await.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            continue;
        }
        let contended = faults.contended.lock().unwrap().filter(|_| text.contains("TransactWriteItems"));
        if let Some(duration) = contended {
            is_first.store(true, Ordering::SeqCst);
            tokio::time::sleep(duration).await;
        }
        if to.write_all(&request).await.is_err() {
            return;
        }
    }
}

/// The head and the body of a request; none if the connection ends.
async fn whole_request(from: &mut ReadHalf<'_>) -> Option<Vec<u8>> {
    let (mut request, mut buffer) = (Vec::new(), vec![0; 65_536]);
    loop {
        let length = from.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
        let body: usize = head.lines().find_map(length).unwrap_or(0);
        if request.len() >= head.len() + 4 + body {
            return Some(request);
        }
    }
}

async fn answers(
    mut from: ReadHalf<'_>,
    to: &AsyncMutex<WriteHalf<'_>>,
    faults: &Faults,
    lose: &AtomicBool,
    is_first: &AtomicBool,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if is_first.swap(false, Ordering::SeqCst) {
            faults.busy.store(false, Ordering::SeqCst);
        }
        if faults.hold.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if lose.load(Ordering::SeqCst) || to.lock().await.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
