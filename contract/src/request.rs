//! A request as it goes over the wire, byte by byte.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

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

/// How a body begins whose rest is never sent. Not a byte or two: a server may look at the first few bytes of a body before
/// it looks at anything else of the request.
pub const BEGINNING: &str = "{\"email\": \"nobody@example.com\", ";

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
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        // A second `Host` would be another request than the one that is meant (RFC 9112, section 3.2).
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.extend_from_slice(format!("Host: {host}\r\n").as_bytes());
        }
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

    pub(crate) async fn write(&self, host: &str, writer: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn a_host_that_is_given_goes_instead_of_the_clients_own() {
        let head = |request: Request| String::from_utf8(request.head("127.0.0.1:3000")).unwrap_or_default();
        assert_eq!(head(Request::new("GET", "/x")), "GET /x HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n");
        let own = Request::new("GET", "/x").header("host", "example.com");
        assert_eq!(head(own), "GET /x HTTP/1.1\r\nhost: example.com\r\n\r\n");
    }
}
