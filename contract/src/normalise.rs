//! Making two recordings comparable: ids, times, tokens and durations become names.
//!
//! What is named is named consistently within a recording: the second id that appears is `<uuid-2>` wherever it stands,
//! and a cursor is told by the id that it holds. So an answer that names the wrong user still differs.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::{Captures, Regex};

use crate::answer::{Answer, CaseError};

/// Headers of the transfer, which may differ.
const TRANSFER: [&str; 5] = ["server", "date", "connection", "keep-alive", "transfer-encoding"];

/// Names the ids of one recording.
pub struct Normaliser {
    names: HashMap<String, usize>,
    cursor: Regex,
    duration: Regex,
    port: Regex,
    time: Regex,
    token: Regex,
    uuid: Regex,
}

impl Normaliser {
    /// Starts without any name.
    ///
    /// # Errors
    /// Never, unless a pattern of this file is mistyped.
    pub fn new() -> Result<Self, CaseError> {
        let pattern = |text: &str| Regex::new(text).map_err(|error| CaseError::new(error.to_string()));
        Ok(Self {
            names: HashMap::new(),
            cursor: pattern(r#"(after=|"next": ?")([A-Za-z0-9_-]{22})"#)?,
            duration: pattern(r#"(dur=|"duration_ms": ?)[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?"#)?,
            port: pattern(r"(127\.0\.0\.1|localhost|\[::1\]):[0-9]{2,5}")?,
            time: pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")?,
            token: pattern(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")?,
            uuid: pattern(r"[0-9A-Fa-f]{8}(?:(?:-|%2[Dd])[0-9A-Fa-f]{4}){3}(?:-|%2[Dd])[0-9A-Fa-f]{12}")?,
        })
    }

    /// An answer as text: status, headers sorted by name, an empty line, the body.
    pub fn answer(&mut self, answer: &Answer) -> String {
        self.answer_with_body(answer, &body(&answer.body))
    }

    /// An answer as text, with this text for its body: the body as it is laid out for a reader. What is named stays in
    /// its line, so that the lines of the body are those of the text.
    pub fn answer_with_body(&mut self, answer: &Answer, body: &str) -> String {
        let sent_id = answer.sent_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
        let made_id = answer.header("x-request-id").filter(|id| sent_id.is_none_or(|(_, sent)| sent != id));
        let is_metrics = is_metrics(answer);
        let is_trace = answer.path.starts_with("/trace/");
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
            .filter(|(name, _)| !TRANSFER.contains(&name.as_str()))
            // What is counted or timed differs from run to run, and so does the length of the text that says so.
            .filter(|(name, _)| !((is_metrics || is_trace) && name == "content-length"))
            .map(
                |(name, value)| {
                    if name == "retry-after" && answer.status == 429 { (name, "<seconds>") } else { (name, value) }
                },
            )
            .collect();
        // By name alone: the order of lines with one name matters (RFC 9110, 5.3).
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut text = format!("{}\n", answer.status);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        if is_metrics && answer.status == 200 {
            text.push_str("<metrics>");
        } else {
            text.push_str(body);
        }
        // A made request id goes first: it may look like the id of a user.
        if let Some(id) = made_id.filter(|id| !id.is_empty()) {
            text = text.replace(id, "<request-id>");
        }
        self.text(&text)
    }

    /// Names what is in a text.
    pub fn text(&mut self, text: &str) -> String {
        let text = self.token.replace_all(text, "<token>");
        let text = self.time.replace_all(&text, "<time>");
        let text = self.duration.replace_all(&text, "${1}<ms>");
        let text = self.port.replace_all(&text, "$1:<port>");
        let names = &mut self.names;
        // One id in another spelling has the same number, and says so: an answer in capitals is a difference.
        let mut name = |uuid: &str| {
            let canonical = uuid.to_ascii_lowercase().replace("%2d", "-");
            let spelling = match () {
                () if canonical == uuid => "",
                () if uuid.contains('%') => " encoded",
                () => " in capitals",
            };
            let next = names.len() + 1;
            format!("<uuid-{}{spelling}>", names.entry(canonical).or_insert(next))
        };
        let text =
            self.uuid.replace_all(&text, |found: &Captures<'_>| name(found.get(0).map_or("", |all| all.as_str())));
        let named = self.cursor.replace_all(&text, |found: &Captures<'_>| {
            let part = |place: usize| found.get(place).map_or("", |part| part.as_str());
            match uuid_of(part(2)) {
                Some(uuid) => format!("{}<cursor of {}>", part(1), name(&uuid)),
                None => part(0).to_owned(),
            }
        });
        named.into_owned()
    }
}

/// Whether this is an answer to `GET /metrics`: what is counted differs from run to run, so its body is not compared.
pub fn is_metrics(answer: &Answer) -> bool {
    answer.path.split('?').next() == Some("/metrics")
}

/// The id in a cursor.
fn uuid_of(cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() == 16)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Some([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// A body as lines. JSON comes in one line, in which no reader finds a difference, so it is broken before each member;
/// what is long or no text is told by its length and a hash.
fn body(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        // Line breaks that were there already are told from those that are made here.
        Ok(text) if bytes.len() <= 200_000 => {
            text.replace('\n', "\u{23ce}\n").replace(",\"", ",\n\"").replace("{\"", "{\n\"")
        }
        _ => {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            format!("<{} bytes, hash {:016x}>", bytes.len(), hasher.finish())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Normaliser;
    use crate::answer::Answer;
    use crate::request::Request;

    const ONE: &str = "0198c0de-0000-7000-8000-000000000001";
    const TWO: &str = "0198c0de-0000-7000-8000-000000000002";

    fn text(input: &str) -> String {
        Normaliser::new().map(|mut normaliser| normaliser.text(input)).unwrap_or_default()
    }

    fn answer(sent_id: Option<&str>, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = Request::new("GET", "/x");
        if let Some(id) = sent_id {
            request = request.header("X-Request-Id", id);
        }
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = Answer::new(&request, 200, headers, body.as_bytes().to_vec());
        Normaliser::new().map(|mut normaliser| normaliser.answer(&answer)).unwrap_or_default()
    }

    #[test]
    fn ids_are_named_in_the_order_of_their_appearance() {
        assert_eq!(text(&format!("{TWO} {ONE} {TWO}")), "<uuid-1> <uuid-2> <uuid-1>");
        let others =
            format!("{TWO} {} {}", ONE.to_uppercase().replace("0198C0DE", "0198C0DF"), TWO.replace('-', "%2D"));
        assert_eq!(text(&others), "<uuid-1> <uuid-2 in capitals> <uuid-1 encoded>");
    }

    #[test]
    fn a_cursor_is_named_by_the_id_that_it_holds() {
        let input =
            format!("{ONE} after=AZjA3gAAcACAAAAAAAAAAg \"next\":\"AZjA3gAAcACAAAAAAAAAAQ\" after=not-a-cursor");
        let named = "<uuid-1> after=<cursor of <uuid-2>> \"next\":\"<cursor of <uuid-1>>\" after=not-a-cursor";
        assert_eq!(text(&input), named);
    }

    #[test]
    fn times_tokens_durations_and_ports_are_hidden_and_the_rest_is_not() {
        assert_eq!(text("2025-07-15T17:24:39.802Z"), "<time>");
        assert_eq!(text("2025-07-15T17:24:39.80Z"), "2025-07-15T17:24:39.80Z", "two decimals are a difference");
        assert_eq!(text("eyJhbGci.eyJzdWIi.c2ln"), "<token>");
        assert_eq!(text("auth;dur=0.012, store;dur=1.5"), "auth;dur=<ms>, store;dur=<ms>");
        assert_eq!(text("\"duration_ms\":0.184, \"duration_ms\": 1e-5"), "\"duration_ms\":<ms>, \"duration_ms\": <ms>");
        assert_eq!(text("http://127.0.0.1:3000/x"), "http://127.0.0.1:<port>/x");
        assert_eq!(text("\"version\":1"), "\"version\":1");
    }

    #[test]
    fn headers_are_sorted_lower_cased_and_rid_of_the_transfer() {
        let headers = [("Server", "x"), ("B", "2"), ("a", "1"), ("Date", "now"), ("Transfer-Encoding", "chunked")];
        assert_eq!(answer(None, &headers, "body"), "200\na: 1\nb: 2\n\nbody");
    }

    #[test]
    fn what_matters_is_kept_apart() {
        let cookies = |one, other| answer(None, &[("Set-Cookie", one), ("Set-Cookie", other)], "");
        assert_ne!(cookies("a=1", "b=2"), cookies("b=2", "a=1"), "the order of lines with one name");
        assert_ne!(answer(None, &[], r#"{"a":1,"b":2}"#), answer(None, &[], "{\n\"a\":1,\n\"b\":2}"), "line breaks");
    }

    #[test]
    fn a_request_id_is_hidden_where_it_was_made_and_kept_where_it_was_sent() {
        let headers = [("X-Request-Id", ONE)];
        assert_eq!(
            answer(None, &headers, &format!("{ONE} {TWO}")),
            "200\nx-request-id: <request-id>\n\n<request-id> <uuid-1>"
        );
        assert_eq!(answer(Some("abc"), &[("X-Request-Id", "abc")], "abc"), "200\nx-request-id: abc\n\nabc");
        assert_eq!(
            answer(Some("abc"), &[("X-Request-Id", "xyz")], "xyz"),
            "200\nx-request-id: <request-id>\n\n<request-id>"
        );
    }
}
