//! The run: starting it, stopping it, and how it goes meanwhile.
//!
//! The server writes all of the HTML, also that of the events: a page without a script shows the same, as of when it was
//! loaded.

use super::super::Lab;
use super::{address, answer};
use crate::benchmarks::progress::{Ending, News, Phase, State as RunState, Step};
use crate::benchmarks::words::{Figure, Remark};
use crate::compare::counted;
use crate::page::code::Query;
use crate::run::variants::Variant;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/benchmarks/run", post(run))
        .route("/benchmarks/stop", post(stop))
        .route("/benchmarks/quiet", post(quiet))
        .route("/benchmarks/events", get(events))
}

/// Where a form leads back to.
const AT_RUN: &str = "/benchmarks#run";

#[derive(Template)]
#[template(path = "benchmarks-run.html")]
struct Panel<'a> {
    state: &'a RunState,
    is_optimised: bool,
    /// Variants of this lab that run meanwhile.
    others: usize,
}

impl Panel<'_> {
    /// The word for how it is, and its mood.
    fn word(&self) -> (&'static str, &'static str) {
        match &self.state.phase {
            Phase::None => ("", ""),
            Phase::Running => ("running", "good"),
            Phase::Stopping => ("stopping", ""),
            Phase::Over(Ending::Complete(_)) => ("complete", "good"),
            Phase::Over(Ending::Kept(_)) => ("stopped early", ""),
            Phase::Over(Ending::Nothing) => ("stopped", ""),
            Phase::Over(Ending::Failed(_)) => ("failed", "bad"),
        }
    }

    fn is_stopping(&self) -> bool {
        self.state.phase == Phase::Stopping
    }

    /// Whether there was a run at all.
    fn is_there(&self) -> bool {
        self.state.phase != Phase::None
    }

    /// Whether the run has said anything.
    fn has_rows(&self) -> bool {
        !self.state.figures.is_empty() || !self.state.remarks.is_empty()
    }

    /// The result that the run left: where it is shown, and its name.
    fn result(&self) -> Option<(String, &str)> {
        match &self.state.phase {
            Phase::Over(Ending::Complete(name) | Ending::Kept(name)) => {
                Some((address(name), name.trim_end_matches(".json")))
            }
            _ => None,
        }
    }

    fn last_words(&self) -> Option<&str> {
        match &self.state.phase {
            Phase::Over(Ending::Failed(words)) => Some(words),
            _ => None,
        }
    }

    fn others_text(&self) -> String {
        let verb = if self.others == 1 { "runs" } else { "run" };
        format!("{} of this lab {verb}", counted(self.others, "variant"))
    }
}

/// The run as HTML.
pub(super) fn panel(lab: &Lab, state: &RunState) -> String {
    let others = lab.variants.list().iter().filter(|variant| Variant::is_own_process(variant)).count();
    let panel = Panel { state, is_optimised: lab.benchmarks.is_optimised(), others };
    panel.render().unwrap_or_else(|error| error.to_string())
}

/// Starts the quick profile. Each form leads back to the page, with and without scripts.
async fn run(State(lab): State<Arc<Lab>>) -> Response {
    match lab.benchmarks.start() {
        Ok(()) => Redirect::to(AT_RUN).into_response(),
        Err(error) => answer(&lab, Query::default(), Some(error.to_string())).await,
    }
}

async fn stop(State(lab): State<Arc<Lab>>) -> Redirect {
    lab.benchmarks.stop();
    Redirect::to(AT_RUN)
}

/// Stops the variants of this lab, for quiet figures.
async fn quiet(State(lab): State<Arc<Lab>>) -> Response {
    // In a task of its own: a page that is closed meanwhile must not leave it half done.
    match tokio::spawn(async move { lab.variants.stop_running().await }).await {
        Ok(()) => Redirect::to(AT_RUN).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The run as server-sent events (WHATWG HTML, 9.2): the whole panel, then what is new.
async fn events(State(lab): State<Arc<Lab>>) -> Response {
    Sse::new(news(lab)).keep_alive(KeepAlive::default()).into_response()
}

fn news(lab: Arc<Lab>) -> impl Stream<Item = Result<Event, Infallible>> {
    let (state, news) = lab.benchmarks.live.follow();
    // A page that was too slow is let go: it comes again by itself, and is shown the whole again.
    let news = BroadcastStream::new(news).take_while(Result::is_ok).filter_map(Result::ok);
    let whole = tokio_stream::once(News::Whole(Box::new(state)));
    let event = move |news| Event::default().json_data(message(&lab, news)).unwrap_or_default();
    whole.chain(news).map(move |news| Ok(event(news)))
}

/// What the script has to do: `{"whole": html}`, `{"step": …}`, or a row for the list of this name.
fn message(lab: &Lab, news: News) -> Value {
    match news {
        News::Whole(state) => json!({ "whole": panel(lab, &state), "is_running": state.is_running() }),
        News::Step(step) => {
            let left = step.left();
            let Step { done, steps, what, .. } = step;
            json!({ "step": { "done": done, "steps": steps, "what": what, "left": left } })
        }
        News::Figure(figure) => row("figures", &FigureRow { figure: &figure }),
        News::Remark(remark) => row("remarks", &RemarkRow { remark: &remark }),
    }
}

fn row(list: &str, row: &impl Template) -> Value {
    json!({ "list": list, "html": row.render().unwrap_or_default() })
}

#[derive(Template)]
#[template(path = "benchmarks-figure.html")]
struct FigureRow<'a> {
    figure: &'a Figure,
}

#[derive(Template)]
#[template(path = "benchmarks-remark.html")]
struct RemarkRow<'a> {
    remark: &'a Remark,
}
