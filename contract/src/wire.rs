//! Reading an answer back: its head, and its body however that is framed.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::answer::Answer;
use crate::client::ClientError;
use crate::request::Request;

/// Reads the answer to this request; what comes after it stays in `unread`.
pub(crate) async fn read_answer(
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
