//! The client: one base URL, a connection for each request or one for several.
//!
//! A ready-made HTTP client was not taken on purpose. It would tidy what this suite must send untidily (a body that
//! never ends, a header that is not ASCII, a method in lower case) and hide what it must see (framing, header order,
//! bytes after a `HEAD`). Only the parsing of the answer's head is a library's.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::request::Request;
use crate::wire::read_answer;

/// What a client puts up with from one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a request may take, from connecting to the last byte.
    pub time: Duration,
    /// How many bytes of a body are held. The rest is not read, and [`Answer::is_cut`] says so.
    pub body: usize,
}

/// The limits of the suite: patient, since servers under test are slow at times, and without an end to the body, since
/// half an answer cannot be judged.
pub const SUITE_LIMITS: Limits = Limits { time: Duration::from_secs(30), body: usize::MAX };

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
    /// The connection was closed before the answer was whole.
    #[error("the connection was closed {}", if *.begun { "in the middle of the answer" } else { "without an answer" })]
    Closed {
        /// Whether anything of the answer had come.
        begun: bool,
    },
    /// Nothing, or not all, came back within the time limit.
    #[error("no whole answer came within {} s", .0.as_secs_f64())]
    TimeLimit(Duration),
}

/// Speaks to one base URL, or to several of servers that share a database: then each connection goes to one of them, by
/// chance. Each request has a connection of its own unless [`Client::connect`] is used.
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
    /// The other servers; most often none.
    others: Vec<String>,
    limits: Limits,
}

impl Client {
    /// Takes `http://host:port`, with or without a slash at its end.
    ///
    /// # Errors
    /// [`ClientError::BaseUrl`] for anything else; https and base paths are not spoken.
    pub fn new(base_url: &str) -> Result<Self, ClientError> {
        Ok(Self { address: address(base_url)?, others: Vec::new(), limits: SUITE_LIMITS })
    }

    /// The same client, whose connections go to this server, too.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn or(mut self, base_url: &str) -> Result<Self, ClientError> {
        self.others.push(address(base_url)?);
        Ok(self)
    }

    /// A client for one of the servers.
    #[must_use]
    pub fn to_one(&self) -> Self {
        Self { address: self.choose().to_owned(), others: Vec::new(), limits: self.limits }
    }

    /// The same client with other limits than the suite's.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Opens a connection that several requests may share.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(&self) -> Result<Connection, ClientError> {
        let address = self.choose();
        let stream = TcpStream::connect(address).await?;
        // Byte-by-byte bodies shall leave as they are written.
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host: address.to_owned(), unread: Vec::new(), limits: self.limits })
    }

    /// One of the servers. Chance comes from the standard library's hasher, which is seeded anew each time.
    fn choose(&self) -> &str {
        let chance = if self.others.is_empty() { 0 } else { RandomState::new().build_hasher().finish() };
        let count = u64::try_from(self.others.len() + 1).unwrap_or(u64::MAX);
        let place = usize::try_from(chance % count).unwrap_or_default();
        place.checked_sub(1).and_then(|place| self.others.get(place)).unwrap_or(&self.address)
    }

    /// Sends one request on a connection of its own.
    ///
    /// # Errors
    /// When no whole HTTP answer comes in time.
    pub async fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        let exchange = async { self.connect().await?.send_within(request).await };
        self.limits.in_time(exchange).await
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
            read_answer(&mut reader, &mut connection.unread, &named, self.limits.body).await
        };
        self.limits.in_time(exchange).await
    }
}

/// The host and port of a base URL.
fn address(base_url: &str) -> Result<String, ClientError> {
    let refused = || ClientError::BaseUrl(base_url.to_owned());
    let authority = base_url.strip_prefix("http://").ok_or_else(refused)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
        return Err(refused());
    }
    // The port is what follows the last colon, unless that colon is inside the brackets of an IPv6 address.
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok(if has_port { authority.to_owned() } else { format!("{authority}:80") })
}

impl Limits {
    async fn in_time<T>(self, exchange: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        tokio::time::timeout(self.time, exchange).await.map_err(|_| ClientError::TimeLimit(self.time))?
    }
}

/// One connection, kept alive.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    unread: Vec<u8>,
    limits: Limits,
}

impl Connection {
    /// Sends a request and reads its answer, leaving the connection open. After an answer that was cut it is of no more
    /// use: the rest of that answer would be taken for the next one.
    ///
    /// # Errors
    /// When no whole HTTP answer comes in time.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, ClientError> {
        self.limits.in_time(self.send_within(request)).await
    }

    async fn send_within(&mut self, request: &Request) -> Result<Answer, ClientError> {
        let (mut reader, mut writer) = self.stream.split();
        let reading = std::pin::pin!(read_answer(&mut reader, &mut self.unread, request, self.limits.body));
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
