//! What a run has said so far. A page that is opened in the middle is shown all of it, and then only what is new.

use super::words::{Figure, Remark, left};
use bench::progress::Event;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::broadcast;

/// So many rows are kept of each kind; the quick profile has a fraction of that.
const ROWS_MAX: usize = 1_000;

/// So much news waits for a page that is slow; one that is slower begins anew.
const NEWS_MAX: usize = 256;

/// How it is with the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// None was started here.
    #[default]
    None,
    /// It goes on.
    Running,
    /// It was asked to stop, and keeps what it has measured.
    Stopping,
    /// It is over.
    Over(Ending),
}

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All that was planned was timed: the name of the result file.
    Complete(String),
    /// Not all was timed; what was is kept, in this file.
    Kept(String),
    /// It was stopped before anything was timed.
    Nothing,
    /// It failed: its last words.
    Failed(String),
}

/// What is timed now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub done: usize,
    pub steps: usize,
    pub what: String,
    seconds_left: f64,
    since: Instant,
}

impl Step {
    fn new(done: usize, steps: usize, what: String, seconds_left: f64) -> Self {
        Self { done, steps, what, seconds_left, since: Instant::now() }
    }

    /// `12 of 40 steps, about 2 min left`, also where the step began a while ago.
    pub(crate) fn left(&self) -> String {
        let left = left(self.seconds_left - self.since.elapsed().as_secs_f64());
        format!("{} of {} steps, {left}", self.done, self.steps)
    }
}

impl Default for Step {
    fn default() -> Self {
        Self::new(0, 0, "It is about to begin.".to_owned(), 0.0)
    }
}

/// All that is known of the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub phase: Phase,
    pub step: Step,
    pub figures: Vec<Figure>,
    pub remarks: Vec<Remark>,
    end: Option<End>,
}

/// What the last event said.
#[derive(Clone, Debug)]
struct End {
    name: Option<String>,
    is_complete: bool,
}

/// Something that a page has to show.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// All of it has changed.
    Whole(Box<State>),
    /// The next step began.
    Step(Step),
    /// Something was timed.
    Figure(Figure),
    /// Something is to be known.
    Remark(Remark),
}

impl State {
    /// Whether a process is there.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Stopping)
    }

    /// Takes in one event; what is new by it.
    fn hear(&mut self, event: Event) -> Option<News> {
        match event {
            Event::Plan { steps, seconds } => {
                self.step = Step::new(0, steps, self.step.what.clone(), seconds);
                Some(News::Step(self.step.clone()))
            }
            Event::Step { done, steps, seconds_left, what } => {
                self.step = Step::new(done, steps, what, seconds_left);
                Some(News::Step(self.step.clone()))
            }
            Event::Verified { subject, verified } => Some(self.remark(Remark::verified(&subject, &verified))),
            Event::Note { text } => Some(self.remark(Remark::note(text))),
            Event::Timed { run } => {
                let figure = Figure::of(&run);
                push(&mut self.figures, figure.clone());
                Some(News::Figure(figure))
            }
            Event::End { results, is_complete, .. } => {
                let name = results.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
                self.end = Some(End { name, is_complete });
                None
            }
        }
    }

    fn remark(&mut self, remark: Remark) -> News {
        push(&mut self.remarks, remark.clone());
        News::Remark(remark)
    }

    /// The process is gone. What it said at its end counts more than how it ended: after Ctrl-C it may end as it likes.
    fn finish(&mut self, last_words: String) {
        let ending = match self.end.take() {
            Some(End { name: Some(name), is_complete: true }) => Ending::Complete(name),
            Some(End { name: Some(name), is_complete: false }) => Ending::Kept(name),
            _ if self.phase == Phase::Stopping => Ending::Nothing,
            _ => Ending::Failed(last_words),
        };
        self.phase = Phase::Over(ending);
    }
}

fn push<T>(rows: &mut Vec<T>, row: T) {
    if rows.len() == ROWS_MAX {
        rows.remove(0);
    }
    rows.push(row);
}

/// The state, for all who look.
#[derive(Debug)]
pub(crate) struct Live {
    state: Mutex<State>,
    news: broadcast::Sender<News>,
}

impl Default for Live {
    fn default() -> Self {
        Self { state: Mutex::default(), news: broadcast::channel(NEWS_MAX).0 }
    }
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is known now.
    pub(crate) fn state(&self) -> State {
        self.lock().clone()
    }

    /// All that is known now, and what comes after it: nothing is missing, nothing comes twice.
    pub(crate) fn follow(&self) -> (State, broadcast::Receiver<News>) {
        let state = self.lock();
        (state.clone(), self.news.subscribe())
    }

    /// Begins anew; refused while a run goes on.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.lock();
        if state.is_running() {
            return false;
        }
        *state = State { phase: Phase::Running, ..State::default() };
        self.tell_whole(&state);
        true
    }

    /// One line of the run's output.
    pub(super) fn hear(&self, line: &str) {
        let event = serde_json::from_str(line).unwrap_or_else(|_| Event::Note { text: line.to_owned() });
        let mut state = self.lock();
        if let Some(news) = state.hear(event) {
            // Nobody follows: no fault.
            let _ = self.news.send(news);
        }
    }

    /// It was asked to stop.
    pub(super) fn stopping(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Stopping;
            self.tell_whole(&state);
        }
    }

    /// The process is gone, or did not begin.
    pub(super) fn finish(&self, last_words: String) {
        let mut state = self.lock();
        state.finish(last_words);
        self.tell_whole(&state);
    }

    fn tell_whole(&self, state: &State) {
        let _ = self.news.send(News::Whole(Box::new(state.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Live, News, Phase, ROWS_MAX};
    use serde_json::json;

    fn timed(rate: f64) -> String {
        let run = json!({
            "subject": "axum-diesel-sqlite", "workload": "hello", "users": 10_000, "connections": 64,
            "load": { "mode": "closed" }, "round": 1, "seconds": 1.0, "requests": 10, "errors": 0,
            "requests_per_second": rate,
            "latency": { "p50": 1.0, "p90": 2.0, "p99": 3.5, "p999": 4.0, "max": 5.0 },
            "server_cpu_seconds": null, "database_cpu_seconds": null, "generator_cpu_seconds": null,
            "peak_memory_bytes": null, "file_memory_bytes": null, "start_millis": null, "failure": null,
        });
        json!({ "event": "timed", "run": run }).to_string()
    }

    fn end(results: Option<&str>, is_complete: bool) -> String {
        json!({ "event": "end", "results": results, "report": null, "is_complete": is_complete }).to_string()
    }

    #[test]
    fn a_run_goes_from_its_plan_to_its_result() {
        let live = Live::default();
        assert_eq!(live.state().phase, Phase::None);
        assert!(live.begin() && live.state().is_running());
        live.hear(r#"{"event":"plan","steps":40,"seconds":170.0}"#);
        assert!(live.state().step.left().starts_with("0 of 40 steps, about 2 min"), "{}", live.state().step.left());
        live.hear(r#"{"event":"step","done":3,"steps":40,"seconds_left":1.0,"what":"hello"}"#);
        live.hear(r#"{"event":"verified","subject":"axum-memory","verified":{"state":"passed","cases":7}}"#);
        live.hear(&timed(12_345.6));
        live.hear(&end(Some("somewhere/one.json"), true));
        let state = live.state();
        assert_eq!(
            (state.step.left().as_str(), state.step.what.as_str()),
            ("3 of 40 steps, a few seconds left", "hello")
        );
        assert_eq!(state.remarks[0].text, "axum-memory passed all 7 cases");
        assert_eq!((state.figures[0].rate.as_str(), state.figures[0].p99.as_str()), ("12,346", "3.50 ms"));
        assert!(state.is_running(), "until its process is gone");
        live.finish(String::new());
        assert_eq!(live.state().phase, Phase::Over(Ending::Complete("one.json".into())));
    }

    #[test]
    fn there_is_one_run_at_a_time_and_the_next_begins_with_nothing() {
        let live = Live::default();
        assert!(live.begin());
        assert!(!live.begin());
        live.stopping();
        assert!(!live.begin());
        live.hear(&timed(1.0));
        live.finish(String::new());
        assert!(live.begin());
        assert!(live.state().figures.is_empty());
    }

    #[test]
    fn how_it_ended_is_told_by_what_it_left() {
        let ended = |stop: bool, end: Option<String>| {
            let live = Live::default();
            live.begin();
            if stop {
                live.stopping();
            }
            end.iter().for_each(|end| live.hear(end));
            live.finish("no wrk".into());
            live.state().phase
        };
        assert_eq!(ended(true, Some(end(Some("a.json"), false))), Phase::Over(Ending::Kept("a.json".into())));
        assert_eq!(ended(true, Some(end(Some("a.json"), true))), Phase::Over(Ending::Complete("a.json".into())));
        assert_eq!(ended(true, None), Phase::Over(Ending::Nothing));
        assert_eq!(ended(true, Some(end(None, false))), Phase::Over(Ending::Nothing));
        assert_eq!(ended(false, None), Phase::Over(Ending::Failed("no wrk".into())));
        assert_eq!(ended(false, Some(end(None, false))), Phase::Over(Ending::Failed("no wrk".into())));
    }

    #[tokio::test]
    async fn who_comes_in_the_middle_gets_the_state_and_then_each_piece_of_news_once() {
        let live = Live::default();
        live.begin();
        live.hear(&timed(1.0));
        let (state, mut news) = live.follow();
        assert_eq!(state.figures.len(), 1);
        live.hear(r#"{"event":"note","text":"noisy"}"#);
        live.stopping();
        assert!(matches!(news.recv().await.unwrap(), News::Remark(remark) if remark.text == "noisy"));
        assert!(matches!(news.recv().await.unwrap(), News::Whole(state) if state.phase == Phase::Stopping));
        assert!(news.try_recv().is_err());
    }

    #[test]
    fn other_lines_are_notes_and_the_oldest_rows_go_when_there_are_too_many() {
        let live = Live::default();
        live.begin();
        for number in 0..=ROWS_MAX {
            live.hear(&format!("line {number}"));
        }
        let remarks = live.state().remarks;
        assert_eq!((remarks.len(), remarks[0].text.as_str()), (ROWS_MAX, "line 1"));
    }

    #[test]
    fn a_run_that_failed_its_check_has_no_figure() {
        let live = Live::default();
        live.begin();
        let failed = timed(5.0).replace("\"failure\":null", "\"failure\":\"3 writes were lost\"");
        live.hear(&failed);
        let figure = live.state().figures.remove(0);
        assert_eq!((figure.rate.as_str(), figure.p99.as_str()), ("", ""));
        assert_eq!(figure.failure.as_deref(), Some("3 writes were lost"));
    }
}
