//! The wire: requests written byte by byte, answers read back as they came.
//!
//! A ready-made HTTP client was not taken on purpose. It would tidy what this suite must send untidily (a body that
//! never ends, a header that is not ASCII, a method in lower case) and hide what it must see (framing, header order,
//! bytes after a `HEAD`). Only the parsing of the answer's head is a library's.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::Answer;

/// How long one request may take until the suite gives up on it.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL is not `http://host:port`.
    #[error("`{0}` is no base URL; it must look like http://127.0.0.1:3000")]
    BaseUrl(String),
    /// The connection could not be made or broke.
    #[error("the connection failed: {0}")]
    Connection(#[from] std::io::Error),
    /// What came back is not an HTTP/1.1 answer.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(String),
    /// Nothing, or not all, came back within [`TIME_LIMIT`].
    #[error("no whole answer came within {} s", TIME_LIMIT.as_secs())]
    TimeLimit,
}

/// How a request announces the length of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// No body is announced.
    None,
    /// `Content-Length` with this value, whatever is really sent.
    Length(u64),
    /// `Transfer-Encoding: chunked`, one chunk a piece, and the last chunk.
    Chunked,
    /// Chunked, but the last chunk is never sent.
    ChunkedWithoutEnd,
}

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, sent as it is.
    pub method: String,
    /// Path and query, sent as they are.
    pub path: String,
    /// Header lines in order; values are bytes, since some are no text.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What announces the body.
    pub framing: Framing,
    /// The body in pieces.
    pub pieces: Vec<Vec<u8>>,
    /// The rest before each piece.
    pub pause: Duration,
}

impl Request {
    /// A request without headers of its own and without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            framing: Framing::None,
            pieces: Vec::new(),
            pause: Duration::ZERO,
        }
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Adds the token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Sets the body, announced by its length, without a content type.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.framing = Framing::Length(body.len() as u64);
        self.pieces = vec![body];
        self
    }

    /// Sets the body as `application/json`; the text need not be JSON.
    #[must_use]
    pub fn json_text(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").bytes(body)
    }

    /// Sets the body to this value.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        self.json_text(body.to_string())
    }

    /// Announces the body otherwise than by its true length.
    #[must_use]
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sends the body in pieces of `size` bytes with a rest before each.
    #[must_use]
    pub fn pieces_of(mut self, size: usize, pause: Duration) -> Self {
        let body = self.pieces.concat();
        self.pieces = body.chunks(size).map(<[u8]>::to_vec).collect();
        self.pause = pause;
        self
    }

    fn head(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        match self.framing {
            Framing::None => {}
            Framing::Length(length) => head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes()),
            Framing::Chunked | Framing::ChunkedWithoutEnd => {
                head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            }
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    async fn write(&self, host: &str, writer: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let chunked = matches!(self.framing, Framing::Chunked | Framing::ChunkedWithoutEnd);
        let mut bytes = self.head(host);
        for piece in &self.pieces {
            if !self.pause.is_zero() {
                writer.write_all(&bytes).await?;
                bytes.clear();
                tokio::time::sleep(self.pause).await;
            }
            if chunked && !piece.is_empty() {
                bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
            } else if !chunked {
                bytes.extend_from_slice(piece);
            }
        }
        if self.framing == Framing::Chunked {
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
        writer.write_all(&bytes).await?;
        writer.flush().await
    }
}

/// Speaks to one base URL. Each request has a connection of its own unless [`Client::connect`] is used.
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
}

impl Client {
    /// Takes `http://host:port`, with or without a slash at its end.
    ///
    /// # Errors
    /// [`ClientError::BaseUrl`] for anything else; https and base paths are not spoken.
    pub fn new(base_url: &str) -> Result<Self, ClientError> {
        let refused = || ClientError::BaseUrl(base_url.to_owned());
        let authority = base_url.strip_prefix("http://").ok_or_else(refused)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(refused());
        }
        // The port is what follows the last colon, unless that colon is inside the brackets of an IPv6 address.
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { address })
    }

    /// Opens a connection that several requests may share.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(&self) -> Result<Connection, ClientError> {
        let stream = TcpStream::connect(&self.address).await?;
        // Byte-by-byte bodies shall leave as they are written.
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host: self.address.clone(), unread: Vec::new() })
    }

    /// Sends one request on a connection of its own.
    ///
    /// # Errors
    /// When no whole HTTP answer comes in time.
    pub async fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        let exchange = async { self.connect().await?.send_within(request).await };
        tokio::time::timeout(TIME_LIMIT, exchange).await.map_err(|_| ClientError::TimeLimit)?
    }

    /// Sends these bytes as they are and reads what comes back as one answer to a `GET`.
    ///
    /// # Errors
    /// When no whole HTTP answer comes in time.
    pub async fn raw(&self, bytes: &[u8]) -> Result<Answer, ClientError> {
        let exchange = async {
            let mut connection = self.connect().await?;
            connection.stream.write_all(bytes).await?;
            let named = Request::new("GET", "(hand-written bytes)");
            let (mut reader, _writer) = connection.stream.split();
            read_answer(&mut reader, &mut connection.unread, &named).await
        };
        tokio::time::timeout(TIME_LIMIT, exchange).await.map_err(|_| ClientError::TimeLimit)?
    }
}

/// One connection, kept alive.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    unread: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads its answer, leaving the connection open.
    ///
    /// # Errors
    /// When no whole HTTP answer comes in time.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, ClientError> {
        tokio::time::timeout(TIME_LIMIT, self.send_within(request)).await.map_err(|_| ClientError::TimeLimit)?
    }

    async fn send_within(&mut self, request: &Request) -> Result<Answer, ClientError> {
        let (mut reader, mut writer) = self.stream.split();
        let reading = std::pin::pin!(read_answer(&mut reader, &mut self.unread, request));
        let writing = std::pin::pin!(request.write(&self.host, &mut writer));
        // Both at once: a server may answer 413 and close while the body is still on its way. That is also why a
        // failure to write is no failure as long as an answer can be read.
        match futures_util::future::select(reading, writing).await {
            futures_util::future::Either::Left((answer, _)) => answer,
            futures_util::future::Either::Right((written, reading)) => match (written, reading.await) {
                (_, Ok(answer)) => Ok(answer),
                (Err(broken), Err(_)) => Err(broken.into()),
                (Ok(()), Err(error)) => Err(error),
            },
        }
    }
}

async fn read_answer(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    request: &Request,
) -> Result<Answer, ClientError> {
    loop {
        let (status, headers) = read_head(reader, unread).await?;
        // 100 Continue and its like announce the answer; they are not it.
        if (100..200).contains(&status) {
            continue;
        }
        let value_of = |wanted: &str| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
        };
        let body = if request.method == "HEAD" || status == 204 || status == 304 {
            Vec::new()
        } else if value_of("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            read_chunks(reader, unread).await?
        } else if let Some(length) = value_of("content-length") {
            let length = length.parse().map_err(|_| ClientError::NotHttp(format!("Content-Length: {length}")))?;
            read_exactly(reader, unread, length).await?
        } else {
            reader.read_to_end(unread).await?;
            std::mem::take(unread)
        };
        return Ok(Answer::new(request, status, headers, body));
    }
}

async fn read_head(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> Result<(u16, Vec<(String, String)>), ClientError> {
    loop {
        let mut lines = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut lines);
        let parsed = head.parse(unread).map_err(|error| {
            let start: Vec<u8> = unread.iter().copied().take(80).collect();
            ClientError::NotHttp(format!("{error}: {:?}", String::from_utf8_lossy(&start)))
        })?;
        if let httparse::Status::Complete(length) = parsed {
            let status = head.code.unwrap_or_default();
            let text = |header: &httparse::Header<'_>| {
                (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
            };
            let headers = head.headers.iter().map(text).collect();
            unread.drain(..length);
            return Ok((status, headers));
        }
        read_more(reader, unread).await?;
    }
}

async fn read_more(reader: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Result<(), ClientError> {
    if reader.read_buf(unread).await? == 0 {
        let kept = if unread.is_empty() { "without an answer" } else { "in the middle of the answer" };
        return Err(ClientError::NotHttp(format!("the connection was closed {kept}")));
    }
    Ok(())
}

async fn read_exactly(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    length: usize,
) -> Result<Vec<u8>, ClientError> {
    while unread.len() < length {
        read_more(reader, unread).await?;
    }
    Ok(unread.drain(..length).collect())
}

async fn read_chunks(reader: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(unread) {
            Err(_) => return Err(ClientError::NotHttp("a chunk without a size".to_owned())),
            Ok(httparse::Status::Partial) => read_more(reader, unread).await?,
            Ok(httparse::Status::Complete((line, size))) => {
                unread.drain(..line);
                let size = usize::try_from(size).map_err(|_| ClientError::NotHttp("a chunk too large".to_owned()))?;
                body.append(&mut read_exactly(reader, unread, size).await?);
                read_exactly(reader, unread, 2).await?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn base_urls_are_told_from_other_text() {
        for good in ["http://127.0.0.1:3000", "http://localhost:3000/", "http://[::1]:80", "http://example"] {
            assert!(Client::new(good).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:3000", "https://localhost", "http://", "http://a/b", "http://a b", ""] {
            assert!(Client::new(bad).is_err(), "{bad}");
        }
    }
}
