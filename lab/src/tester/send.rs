//! Sends a request to a variant, as it was typed, and tells apart the ways in which no answer comes.

use contract::answer::{Answer, shortened};
use contract::client::{Client, ClientError, Limits};
use contract::request::{Framing, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use shared::context::STATEMENTS_MAX;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::run::log::OWN_REQUEST_ID;

/// What the page waits for and holds of one answer.
pub(crate) const LIMITS: Limits = Limits { time: Duration::from_secs(15), body: 1024 * 1024 };

/// How long a variant may take to say what it sent to its database.
const TRACE_LIMITS: Limits = Limits { time: Duration::from_secs(2), body: 1024 * 1024 };

/// A request as somebody typed it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Something that would end the line it stands in.
    #[error("{0} holds a line break or another control character, which cannot be sent: take it out")]
    ControlCharacter(String),
    /// A request line without a method, or a header line without a name.
    #[error("{0} is empty: fill it in")]
    Empty(&'static str),
    /// Something that no header's name may hold.
    #[error("{what} holds `{character}`, which no name may: letters, digits and hyphens are safe")]
    NoToken { what: String, character: char },
    /// Something that would make two words of one.
    #[error("{what} holds {separator}, which ends it: {advice}")]
    Separator { what: String, separator: &'static str, advice: &'static str },
}

impl Order {
    /// The request, unless it would be another one on the wire than the one that was typed.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn request(&self) -> Result<Request, Refusal> {
        word("The method", &self.method, "a method is one word")?;
        word("The path", &self.path, "write a space as %20")?;
        let mut request = Request::new(&self.method, &self.path);
        for (name, value) in &self.headers {
            if name.is_empty() {
                return Err(Refusal::Empty("The name of a header"));
            }
            let what = format!("The name of the header `{}`", visible(name));
            word(&what, name, "take it out")?;
            if let Some(character) = name.chars().find(|character| !is_token(*character)) {
                return Err(Refusal::NoToken { what, character });
            }
            // A tab may stand in a value (RFC 9110, section 5.5).
            if value.chars().any(|character| character.is_control() && character != '\t') {
                return Err(Refusal::ControlCharacter(format!("The value of the header `{name}`")));
            }
            request = request.header(name, value);
        }
        let Some(body) = &self.body else { return Ok(request) };
        let is_framed = ["content-length", "transfer-encoding"];
        let is_framed = |name: &str| is_framed.iter().any(|framing| name.eq_ignore_ascii_case(framing));
        let request = request.bytes(body.as_bytes());
        // Whoever announces the body otherwise wants to see what comes of it.
        let announced = self.headers.iter().any(|(name, _)| is_framed(name));
        Ok(if announced { request.framing(Framing::None) } else { request })
    }
}

/// Refuses what would not stay one word of a line.
fn word(what: &str, text: &str, advice: &'static str) -> Result<(), Refusal> {
    match text.chars().find(|character| character.is_control() || *character == ' ') {
        _ if text.is_empty() => Err(Refusal::Empty(if what == "The method" { "The method" } else { "The path" })),
        Some(' ') => Err(Refusal::Separator { what: what.to_owned(), separator: "a space", advice }),
        Some(_) => Err(Refusal::ControlCharacter(what.to_owned())),
        None => Ok(()),
    }
}

/// What the name of a header may hold (`tchar`, RFC 9110, 5.6.2).
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was not started, or has ended; with more about that, if it is known.
    NotRunning(Option<String>),
    /// Nobody listens where it listened a moment ago.
    Refused,
    /// The connection ended before the answer was whole.
    Closed { begun: bool },
    /// Nothing, or not all, came in time.
    TimeLimit(Duration),
    /// What came is something else.
    NotHttp(String),
    /// The system's words.
    Connection(String),
}

impl Failure {
    /// What happened, in a few words.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::NotRunning(_) => "It is not running".to_owned(),
            Self::Refused => "Nobody listens there any more".to_owned(),
            Self::Closed { begun: true } => "The connection was closed in the middle of the answer".to_owned(),
            Self::Closed { begun: false } => "The connection was closed without an answer".to_owned(),
            Self::TimeLimit(limit) => format!("No whole answer within {} s", limit.as_secs_f64()),
            Self::NotHttp(_) => "What came back is not HTTP".to_owned(),
            Self::Connection(_) => "The connection failed".to_owned(),
        }
    }

    /// What that means, and what to do.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::NotRunning(detail) => {
                let detail = detail.as_ref().map(|detail| format!("{detail}. ")).unwrap_or_default();
                format!("{detail}Start it in Variants, and send again.")
            }
            Self::Refused => {
                "The connection was refused: the process has ended a moment ago. Its log in Variants may say why; start it again there."
                    .to_owned()
            }
            Self::Closed { begun } => format!(
                "The process may have died while it answered{}. Look into its log in Variants.",
                if *begun { "; what had come of the answer is of no use without its end" } else { ", or refuses such a request without a word" }
            ),
            Self::TimeLimit(_) => "The connection was made, but the answer did not end. It may hang, or wait for a body that was \
                announced and not sent: look at `Content-Length`, and into its log in Variants."
                .to_owned(),
            Self::NotHttp(what) => format!("Something else may listen at this address ({what})."),
            Self::Connection(error) => format!("The system says: {error}."),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Connection(error) => match error.kind() {
                ErrorKind::ConnectionRefused => Self::Refused,
                ErrorKind::ConnectionReset
                | ErrorKind::BrokenPipe
                | ErrorKind::ConnectionAborted
                | ErrorKind::UnexpectedEof => Self::Closed { begun: false },
                _ => Self::Connection(error.to_string()),
            },
            ClientError::Closed { begun } => Self::Closed { begun },
            ClientError::TimeLimit(limit) => Self::TimeLimit(limit),
            ClientError::NotHttp(what) => Self::NotHttp(what),
            ClientError::BaseUrl(url) => Self::Connection(url),
        }
    }
}

/// An answer, with what was measured and asked about it.
#[derive(Debug)]
pub(crate) struct Received {
    pub answer: Answer,
    /// From connecting to the last byte.
    pub took: Duration,
    /// What was sent to the database; none if the variant does not say.
    pub trace: Option<Vec<Statement>>,
}

/// One statement of a trace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Statement {
    pub statement: String,
    pub parameters: Vec<String>,
    pub duration_ms: f64,
}

/// Sends a request to a server on a connection of its own, then asks it what it sent to its database.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn ask(address: SocketAddr, request: &Request, limits: Limits) -> Result<Received, Failure> {
    let client = Client::new(&format!("http://{address}"))?;
    let begun = Instant::now();
    let answer = client.clone().with_limits(limits).send(request).await?;
    let took = begun.elapsed();
    let trace = match answer.header("x-request-id") {
        Some(id) => trace(&client, id).await,
        None => None,
    };
    Ok(Received { answer, took, trace })
}

/// The statements of a request; none if the server does not tell, as an attached one need not.
async fn trace(client: &Client, request_id: &str) -> Option<Vec<Statement>> {
    #[derive(Deserialize)]
    struct Trace {
        statements: Vec<Statement>,
    }
    let path = format!("/trace/{}", utf8_percent_encode(request_id, NON_ALPHANUMERIC));
    let request = Request::new("GET", &path).header("X-Request-Id", OWN_REQUEST_ID.as_str());
    let answer = client.clone().with_limits(TRACE_LIMITS).send(&request).await.ok()?;
    let trace: Trace = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
    // An attached server may send whatever it likes.
    let shown = |statement: Statement| Statement { statement: shortened(&statement.statement, 4_000), ..statement };
    Some(trace.statements.into_iter().take(STATEMENTS_MAX).map(shown).collect())
}
