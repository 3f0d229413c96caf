//! What the page shows of the answers: plain values for the template, nothing left to decide there.

use super::curl;
use super::meaning::{Meaning, meaning};
use super::pretty::{Piece, Shown, show};
use super::prose::Prose;
use super::send::{Failure, Order, Received};
use super::sent::{Sent, SentByStore, by_store};
use super::timing::{Lamp, Segment, Timing};
use super::verdict::{Compared, Comparison, Likeness, Marks, compare};
use crate::operations::{Contract, Operation};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::answer::shortened;
use contract::normalise::is_metrics;
use contract::rules;
use contract::schema::Schema;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::net::SocketAddr;

/// What came of asking one variant.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub variant: String,
    /// `diesel-sqlite`; none for an attached server.
    pub store: Option<String>,
    pub address: Option<SocketAddr>,
    pub outcome: Result<Received, Failure>,
}

impl Exchange {
    /// What came of it, in a word or two.
    pub(crate) fn summary(&self) -> String {
        match &self.outcome {
            Ok(received) => {
                format!("{} in {}", received.answer.status, milliseconds(received.took.as_secs_f64() * 1_000.0))
            }
            Err(failure) => failure.title(),
        }
    }
}

/// All answers to one request.
#[derive(Template)]
#[template(path = "answers.html")]
pub(crate) struct Answers {
    pub verdict: Verdict,
    /// What each store sent, where several were asked.
    pub sent: Vec<SentByStore>,
    pub columns: Vec<Column>,
    /// What the bars of all answers are drawn on.
    pub scale: String,
}

/// The verdict in words.
pub(crate) struct Verdict {
    /// `identical`, `different`, `incomplete`, `single`: for the style.
    pub kind: &'static str,
    /// Short enough to be read aloud.
    pub short: String,
    pub more: Vec<String>,
    /// Whether the data of the variants may have parted.
    pub may_have_parted: bool,
}

/// One variant.
pub(crate) struct Column {
    pub variant: String,
    pub curl: Option<String>,
    /// Where the tester itself asks for the trace.
    pub trace_link: Option<String>,
    /// Or what happened instead, and what to do.
    pub result: Result<Box<Shelf>, (String, Prose)>,
}

/// What a variant answered.
pub(crate) struct Shelf {
    pub status: u16,
    pub status_differs: bool,
    pub meaning: Meaning,
    pub took: String,
    pub size: String,
    pub lamps: Vec<(Lamp, String)>,
    pub bar: Vec<(Segment, String)>,
    pub rest: String,
    pub headers: Vec<HeaderLine>,
    pub lacking: Vec<String>,
    pub body: BodyView,
    /// What the contract says against it; none if it keeps the contract.
    pub against: Option<String>,
    /// Where the check was left out, and why.
    pub unchecked: Option<&'static str>,
    /// None if the variant does not say.
    pub sent: Option<Sent>,
}

/// A header line.
pub(crate) struct HeaderLine {
    pub name: String,
    pub value: String,
    pub differs: bool,
}

/// A body.
pub(crate) struct BodyView {
    /// Empty if there is none, or if it is no text.
    pub lines: Vec<BodyLine>,
    pub kind: String,
    /// What must be said about it.
    pub notes: Vec<String>,
    /// How many lines are missing at its end.
    pub missing_at_end: usize,
}

/// A line of a body.
pub(crate) struct BodyLine {
    pub pieces: Vec<Piece>,
    pub differs: bool,
    /// So many lines of another answer are missing before it.
    pub missing: usize,
}

/// Puts the answers beside each other.
pub(crate) fn answers(order: &Order, asked: Option<&Operation>, exchanges: &[Exchange]) -> Answers {
    let received: Vec<&Received> = exchanges.iter().filter_map(|exchange| exchange.outcome.as_ref().ok()).collect();
    let shown: Vec<Option<Shown>> = received
        .iter()
        .map(|received| show(&received.answer.body, is_text(received), received.answer.is_cut))
        .collect();
    let compared: Vec<Compared<'_>> = received
        .iter()
        .zip(&shown)
        .map(|(received, shown)| Compared { answer: &received.answer, shown: shown.as_ref() })
        .collect();
    let comparison = compare(&compared);
    let timings: Vec<Timing> = received.iter().map(|received| Timing::new(&received.answer, received.took)).collect();
    let scale = timings.iter().map(|timing| timing.total).fold(0.001, f64::max);
    let mut shelves = received
        .iter()
        .zip(shown)
        .zip(&timings)
        .zip(&comparison.marks)
        .map(|(((received, shown), timing), marks)| shelf(received, shown, timing, scale, marks, asked));
    let columns = exchanges
        .iter()
        .map(|exchange| Column {
            variant: exchange.variant.clone(),
            curl: exchange.address.map(|address| curl::command(order, address)),
            trace_link: exchange.outcome.as_ref().ok().and_then(|received| {
                received.answer.header("x-request-id").map(|id| trace_link(&exchange.variant, id))
            }),
            result: match &exchange.outcome {
                Ok(_) => shelves
                    .next()
                    .map(Box::new)
                    .ok_or_else(|| ("It cannot be shown".to_owned(), Prose::new("Send it again."))),
                Err(failure) => Err((failure.title(), Prose::new(&failure.advice()))),
            },
        })
        .collect();
    Answers { verdict: verdict(exchanges, &comparison), sent: by_store(exchanges), columns, scale: milliseconds(scale) }
}

fn verdict(exchanges: &[Exchange], comparison: &Comparison) -> Verdict {
    let names: Vec<&str> = exchanges
        .iter()
        .filter(|exchange| exchange.outcome.is_ok())
        .map(|exchange| exchange.variant.as_str())
        .collect();
    let (asked, came) = (exchanges.len(), names.len());
    let first = names.get(comparison.reference).copied().unwrap_or_default();
    let mut more = Vec::new();
    for (name, likeness) in names.iter().zip(&comparison.likeness) {
        match likeness {
            Likeness::Same => {}
            Likeness::Lines(1) => more.push(format!("{name} differs from {first} in 1 line.")),
            Likeness::Lines(count) => more.push(format!("{name} differs from {first} in {count} lines.")),
            Likeness::Hidden => more.push(format!(
                "{name} differs from {first} in what is not shown: white space, the spelling of the same values, the order of lines with one name, bytes that are no text, or what comes after the shown lines."
            )),
        }
    }
    let is_same = comparison.is_same();
    let (kind, short) = match (asked, came) {
        (0, _) => ("incomplete", "No variant runs: start one in Variants, and send again.".to_owned()),
        (_, 0) => (
            "incomplete",
            if asked == 1 { "No answer.".to_owned() } else { format!("No answer from any of {asked} variants.") },
        ),
        (1, 1) => ("single", "One answer: there is nothing to compare it with.".to_owned()),
        _ if !is_same => ("different", format!("{came} answers, not identical.")),
        _ if came < asked => ("incomplete", format!("{came} of {asked} answered: not identical.")),
        _ => ("identical", format!("{came} answers, identical.")),
    };
    if kind == "identical" {
        more.push("Ids, times and tokens aside: those are made anew by each variant. So are Date and what belongs to the connection.".to_owned());
        if exchanges.iter().all(|exchange| exchange.outcome.as_ref().is_ok_and(|received| is_metrics(&received.answer)))
        {
            more.push("What /metrics has counted is another thing everywhere, so its body is not compared.".to_owned());
        }
    }
    if kind == "different" && came < asked {
        more.push(format!("{} of {asked} gave no answer.", asked - came));
    }
    if kind == "incomplete" && came > 1 {
        more.push("Those that answered are alike, ids, times and tokens aside.".to_owned());
    }
    if kind == "single" {
        more.push("Send to all that run to see whether they agree.".to_owned());
    }
    Verdict { kind, short, more, may_have_parted: kind == "different" }
}

fn shelf(
    received: &Received,
    shown: Option<Shown>,
    timing: &Timing,
    scale: f64,
    marks: &Marks,
    asked: Option<&Operation>,
) -> Shelf {
    let answer = &received.answer;
    let operation = Schema::embedded().ok().and_then(|schema| schema.operation(&answer.method, &answer.path));
    let is_of = |operation: &contract::schema::Operation| {
        let method = if answer.method == "HEAD" { "GET" } else { &answer.method };
        let all = &Contract::embedded().operations;
        all.iter().find(|known| known.path == operation.template && known.method == method)
    };
    let known = operation.as_ref().and_then(is_of).or(asked);
    let header = |(name, value): &(String, String)| HeaderLine {
        name: name.clone(),
        value: value.clone(),
        differs: marks.headers.contains(&name.to_ascii_lowercase()),
    };
    // Their order means nothing (RFC 9110, 5.3), but for lines of one name: beside each other they read better by name.
    let mut headers: Vec<HeaderLine> = answer.headers.iter().map(header).collect();
    headers.sort_by_key(|header| header.name.to_ascii_lowercase());
    let with_words = |ms: f64| milliseconds(ms);
    Shelf {
        status: answer.status,
        status_differs: marks.status,
        meaning: meaning(answer, known),
        took: milliseconds(timing.total),
        size: size(received),
        lamps: timing
            .lamps
            .iter()
            .map(|lamp| (lamp.clone(), lamp.milliseconds.map(with_words).unwrap_or_default()))
            .collect(),
        bar: timing.bar(scale).into_iter().map(|segment| (segment.clone(), with_words(segment.milliseconds))).collect(),
        rest: milliseconds(timing.rest),
        headers,
        lacking: marks.lacking.iter().cloned().collect(),
        body: body(received, shown, marks),
        against: if answer.is_cut { None } else { against(received, operation.as_ref()) },
        unchecked: answer.is_cut.then_some("Not checked against the contract: only the beginning of it was read."),
        sent: received.trace.as_deref().map(Sent::new),
    }
}

/// The page with this request filled in: what was edited stands in the fragment, as try-form.js reads it.
fn trace_link(variant: &str, request_id: &str) -> String {
    let path = format!("/trace/{}", utf8_percent_encode(request_id, NON_ALPHANUMERIC)).replace("%2D", "-");
    let edits = json!({ "p": path, "v": variant }).to_string();
    format!("/try?operation=trace.find#{}", URL_SAFE_NO_PAD.encode(edits))
}

/// What the contract and the rules of its suite say against an answer.
fn against(received: &Received, operation: Option<&contract::schema::Operation>) -> Option<String> {
    let checked = match Schema::embedded() {
        Ok(schema) => schema.check(&received.answer).and_then(|()| rules::check(&received.answer, operation)),
        Err(error) => Err(error),
    };
    let error = checked.err()?.0;
    // What follows is the request and the answer, which stand on the page already.
    let sentence = error.split("\nrequest: ").next().unwrap_or_default();
    Some(shortened(sentence.trim_start_matches("expected: "), 600))
}

fn content_type(received: &Received) -> String {
    received.answer.header("content-type").unwrap_or_default().to_ascii_lowercase()
}

fn is_text(received: &Received) -> bool {
    let content_type = content_type(received);
    ["text/", "json", "xml", "javascript", "html"].iter().any(|part| content_type.contains(part))
}

fn size(received: &Received) -> String {
    let answer = &received.answer;
    let announced = answer.header("content-length").and_then(|length| length.parse::<u64>().ok());
    match (answer.is_cut, announced) {
        (true, Some(length)) => bytes(length),
        (true, None) => format!("over {}", bytes(answer.body.len() as u64)),
        (false, _) => bytes(answer.body.len() as u64),
    }
}

fn body(received: &Received, shown: Option<Shown>, marks: &Marks) -> BodyView {
    let answer = &received.answer;
    let mut notes = Vec::new();
    if answer.is_cut {
        notes.push(format!(
            "The answer is too large for this page ({}): the lab has read the first {} and closed the connection.",
            size(received),
            bytes(answer.body.len() as u64)
        ));
    }
    if answer.body.is_empty() {
        return BodyView { lines: Vec::new(), kind: "No body".to_owned(), notes, missing_at_end: 0 };
    }
    let Some(shown) = shown else {
        let kind = format!("{} that are no text", bytes(answer.body.len() as u64));
        return BodyView { lines: Vec::new(), kind, notes, missing_at_end: 0 };
    };
    if shown.is_shortened {
        notes.push(format!(
            "Only its beginning is shown, {} lines: never more than 2,000 lines or 64 KiB.",
            shown.lines.len()
        ));
    }
    if shown.is_lossy {
        notes.push(
            "Some bytes are not UTF-8, as JSON and this media type must be; they are shown as \u{fffd}.".to_owned(),
        );
    }
    if content_type(received).contains("json") && !shown.is_json && !answer.is_cut {
        notes.push("It says that it is JSON, and it is not: shown as it came.".to_owned());
    }
    let kind = if shown.is_json { "JSON, laid out" } else { "Text, as it came" }.to_owned();
    let missing_at_end = marks.missing.get(&shown.lines.len()).copied().unwrap_or_default();
    let line = |(place, line): (usize, super::pretty::Line)| BodyLine {
        pieces: line.pieces,
        differs: marks.lines.contains(&place),
        missing: marks.missing.get(&place).copied().unwrap_or_default(),
    };
    BodyView { lines: shown.lines.into_iter().enumerate().map(line).collect(), kind, notes, missing_at_end }
}

/// A time in milliseconds with as many digits as say something.
pub(crate) fn milliseconds(milliseconds: f64) -> String {
    match milliseconds {
        large if large >= 100.0 => format!("{large:.0} ms"),
        middle if middle >= 10.0 => format!("{middle:.1} ms"),
        tiny if tiny < 0.01 => "under 0.01 ms".to_owned(),
        small => format!("{small:.2} ms"),
    }
}

/// A size, in the units of the binary system, as limits are said in them.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..10_240 => format!("{bytes} bytes"),
        10_240..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
