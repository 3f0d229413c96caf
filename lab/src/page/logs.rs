//! The log of one variant: its last lines, and those that come.

use super::{Lab, html};
use crate::run::log::Log;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::Value;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new().route("/variants/{name}/log", get(page)).route("/variants/{name}/log/lines", get(lines))
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    name: String,
    path: String,
    lines: Vec<Line>,
}

impl LogPage {
    fn view(&self) -> &'static str {
        "/"
    }
}

/// One line of a log, for people.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    /// `info`, `warn`, `error`, or nothing where the line is not the JSON that variants write.
    level: String,
    text: String,
}

impl Line {
    /// The time of the day, the level, the message, and whatever else the line says, in its order.
    fn read(line: &str) -> Self {
        let Ok(Value::Object(mut members)) = serde_json::from_str::<Value>(line) else {
            return Self { level: String::new(), text: line.to_owned() };
        };
        let mut take = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => text,
            other => other.map(|value| value.to_string()).unwrap_or_default(),
        };
        let (timestamp, level, message) = (take("timestamp"), take("level"), take("message"));
        let time = timestamp.get(11..23).unwrap_or(&timestamp);
        let mut text = format!("{time} {level:5} {message}");
        for (name, value) in members {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(text, "  {name}={value}");
        }
        Self { level: level.to_lowercase(), text }
    }
}

fn no_log(name: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("The lab has no log of {name}: it starts no such variant.\n")).into_response()
}

async fn page(State(lab): State<Arc<Lab>>, Path(name): Path<String>) -> Response {
    let Some((log, path)) = lab.variants.log(&name) else { return no_log(&name) };
    let lines = log.follow().0.iter().map(|line| Line::read(line)).collect();
    html(&LogPage { lines, path: path.display().to_string(), name })
}

/// The log as server-sent events (WHATWG HTML, 9.2), one a line: the last lines, then those that come.
async fn lines(State(lab): State<Arc<Lab>>, Path(name): Path<String>) -> Response {
    let Some((log, _)) = lab.variants.log(&name) else { return no_log(&name) };
    Sse::new(events(&log)).keep_alive(KeepAlive::default()).into_response()
}

fn events(log: &Log) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let (lines, news) = log.follow();
    // A reader that was too slow misses lines; it goes on with those that are left.
    let news = BroadcastStream::new(news).filter_map(Result::ok);
    let event = |line: String| Event::default().json_data(Line::read(&line)).unwrap_or_default();
    tokio_stream::iter(lines).chain(news).map(move |line| Ok(event(line)))
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_of_a_variant_reads_time_level_message_and_the_rest() {
        let line = r#"{"timestamp":"2026-11-22T16:44:15.902039Z","level":"INFO","message":"request","status":200}"#;
        let read = Line { level: "info".into(), text: "16:44:15.902 INFO  request  status=200".into() };
        assert_eq!(Line::read(line), read);
    }

    #[test]
    fn any_other_line_is_shown_as_it_is() {
        for line in ["", "plain", "[1]", "{\"level\":", "\u{1b}[31mred"] {
            assert_eq!(Line::read(line), Line { level: String::new(), text: line.to_owned() });
        }
        assert_eq!(Line::read("{\"timestamp\":1,\"level\":null}").level, "null");
    }
}
