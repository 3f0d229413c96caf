//! Servers that do not answer as they should.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One server of each kind, with its name, until the runtime ends.
pub async fn start() -> Vec<(&'static str, SocketAddr)> {
    let mut servers = Vec::new();
    for name in ["silent", "broken", "gibberish", "large", "words", "chunk"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        servers.push((name, listener.local_addr().unwrap()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(name, stream));
            }
        });
    }
    // Where somebody listened once.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    servers.push(("nobody", gone.local_addr().unwrap()));
    servers
}

async fn answer(name: &'static str, mut stream: TcpStream) {
    let mut request = [0; 4096];
    let count = stream.read(&mut request).await.unwrap_or_default();
    // Whether it is there is answered well: only what the tester sends is answered strangely.
    if String::from_utf8_lossy(&request[..count]).contains("/health/ready") {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").await;
        return;
    }
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n").into_bytes()
    };
    let bytes = match name {
        "silent" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        "broken" => [head(100), b"{\"message\":".to_vec()].concat(),
        "gibberish" => b"SSH-2.0-server\r\n\r\n".to_vec(),
        // A chunk's line without an end.
        "chunk" => {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=".to_vec();
            [head, vec![b'x'; 10_000_000]].concat()
        }
        "large" => [head(10_000_000), vec![b'7'; 10_000_000]].concat(),
        _ => [head(5), b"Hello".to_vec()].concat(),
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}
