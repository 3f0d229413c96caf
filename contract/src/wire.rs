//! Reading an answer back: its head, and its body however that is framed.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::answer::Answer;
use crate::client::ClientError;
use crate::request::Request;

/// The longest head that is waited for to end.
const HEAD_MAX: usize = 256 * 1024;

/// The longest line before a chunk, with whatever extensions (RFC 9112, 7.1.1), that is waited for to end.
const CHUNK_LINE_MAX: usize = 4 * 1024;

/// So many header lines are read.
const HEADERS_MAX: usize = 256;

/// A body, or its beginning.
struct Body {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// Reads the answer to this request and at most `body_max` bytes of its body; what comes after it stays in `unread`.
pub(crate) async fn read_answer(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    request: &Request,
    body_max: usize,
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
            Body { bytes: Vec::new(), is_cut: false }
        } else if value_of("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            read_chunks(reader, unread, body_max).await?
        } else if let Some(length) = value_of("content-length") {
            let length = length.parse().map_err(|_| ClientError::NotHttp(format!("Content-Length: {length}")))?;
            let bytes = read_exactly(reader, unread, body_max.min(length)).await?;
            Body { bytes, is_cut: length > body_max }
        } else {
            read_to_end(reader, unread, body_max).await?
        };
        let is_cut = body.is_cut;
        return Ok(Answer { is_cut, ..Answer::new(request, status, headers, body.bytes) });
    }
}

async fn read_head(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> Result<(u16, Vec<(String, String)>), ClientError> {
    loop {
        let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
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
        if unread.len() > HEAD_MAX {
            return Err(ClientError::NotHttp(format!("its head does not end within {HEAD_MAX} bytes")));
        }
        let begun = !unread.is_empty();
        read_more(reader, unread, begun).await?;
    }
}

async fn read_more(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    begun: bool,
) -> Result<(), ClientError> {
    if reader.read_buf(unread).await? == 0 { Err(ClientError::Closed { begun }) } else { Ok(()) }
}

/// Reads a body that only the end of the connection ends.
async fn read_to_end(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    body_max: usize,
) -> Result<Body, ClientError> {
    while unread.len() <= body_max && reader.read_buf(unread).await? > 0 {}
    let is_cut = unread.len() > body_max;
    let mut bytes = std::mem::take(unread);
    bytes.truncate(body_max);
    Ok(Body { bytes, is_cut })
}

async fn read_exactly(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    length: usize,
) -> Result<Vec<u8>, ClientError> {
    while unread.len() < length {
        read_more(reader, unread, true).await?;
    }
    Ok(unread.drain(..length).collect())
}

async fn read_chunks(
    reader: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    body_max: usize,
) -> Result<Body, ClientError> {
    let mut bytes = Vec::new();
    loop {
        match httparse::parse_chunk_size(unread) {
            Err(_) => return Err(ClientError::NotHttp("a chunk without a size".to_owned())),
            // Each look begins at the beginning of the line, so one without an end would cost more and more.
            Ok(httparse::Status::Partial) if unread.len() > CHUNK_LINE_MAX => {
                return Err(ClientError::NotHttp(format!("a chunk's line does not end within {CHUNK_LINE_MAX} bytes")));
            }
            Ok(httparse::Status::Partial) => read_more(reader, unread, true).await?,
            Ok(httparse::Status::Complete((line, size))) => {
                unread.drain(..line);
                let size = usize::try_from(size).map_err(|_| ClientError::NotHttp("a chunk too large".to_owned()))?;
                let room = body_max - bytes.len();
                bytes.append(&mut read_exactly(reader, unread, room.min(size)).await?);
                if size > room {
                    return Ok(Body { bytes, is_cut: true });
                }
                read_exactly(reader, unread, 2).await?;
                if size == 0 {
                    return Ok(Body { bytes, is_cut: false });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read_answer;
    use crate::answer::Answer;
    use crate::client::ClientError;
    use crate::request::Request;

    async fn read(mut bytes: &[u8], body_max: usize) -> Result<Answer, ClientError> {
        read_answer(&mut bytes, &mut Vec::new(), &Request::new("GET", "/"), body_max).await
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_cut_however_it_is_framed() {
        for framed in [
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nabcdef",
        ] {
            for (limit, held, is_cut) in [(0, "", true), (5, "abcde", true), (6, "abcdef", false), (7, "abcdef", false)]
            {
                let answer = read(framed.as_bytes(), limit).await;
                assert!(
                    answer.as_ref().is_ok_and(|answer| answer.text() == held && answer.is_cut == is_cut),
                    "{limit} of {framed}: {answer:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_end_in_the_middle_is_told_from_no_answer_and_from_no_http() {
        assert!(matches!(read(b"", 9).await, Err(ClientError::Closed { begun: false })));
        for begun in [
            "HTTP/1.1 2",
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab",
        ] {
            assert!(matches!(read(begun.as_bytes(), 9).await, Err(ClientError::Closed { begun: true })), "{begun}");
        }
        assert!(matches!(read(b"SSH-2.0-x\r\n", 9).await, Err(ClientError::NotHttp(_))));
        let headers = |count: usize| "X: y\r\n".repeat(count);
        assert!(read(format!("HTTP/1.1 200 OK\r\n{}\r\n", headers(200)).as_bytes(), 9).await.is_ok());
        assert!(read(format!("HTTP/1.1 200 OK\r\n{}\r\n", headers(300)).as_bytes(), 9).await.is_err());
        let chunk = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a={}", "x".repeat(5_000));
        assert!(matches!(read(chunk.as_bytes(), 9).await, Err(ClientError::NotHttp(_))));
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(300_000));
        assert!(matches!(read(endless.as_bytes(), 9).await, Err(ClientError::NotHttp(_))));
    }
}
