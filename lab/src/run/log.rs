//! The last lines that a variant logged, and those that come, for whoever looks.

use shared::config::Secret;
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};
use tokio::sync::broadcast;

/// So many lines are kept for the page; the file has all of this start.
const LINES_MAX: usize = 500;

/// At most so many characters of a line: a page that follows the log must not be filled by one line.
const LINE_MAX: usize = 4_000;

/// What the lab itself asks of a variant carries this request id, and is not shown: it would hide what others ask. Another
/// one at each start, so that nobody else's request is hidden with it.
pub(crate) static OWN_REQUEST_ID: LazyLock<String> = LazyLock::new(|| {
    let random = Secret::random(8).map(|random| random.expose().to_owned());
    format!("lab-{}", random.unwrap_or_default())
});

/// The log of one variant.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Mutex<VecDeque<String>>,
    news: broadcast::Sender<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Mutex::default(), news: broadcast::channel(LINES_MAX).0 }
    }
}

impl Log {
    /// Adds a line, and tells it to those who follow.
    pub(super) fn push(&self, line: &str) {
        if line.contains(&format!("\"request_id\":\"{}\"", *OWN_REQUEST_ID)) {
            return;
        }
        let line: String = line.chars().take(LINE_MAX).collect();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // Nobody follows: no fault.
        let _ = self.news.send(line);
    }

    /// The last lines, oldest first, and those that come after them: none is missing, none comes twice.
    pub(crate) fn follow(&self) -> (Vec<String>, broadcast::Receiver<String>) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        (lines.iter().cloned().collect(), self.news.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, Log, OWN_REQUEST_ID};

    #[tokio::test]
    async fn who_follows_gets_each_line_once() {
        let log = Log::default();
        log.push("one");
        let (lines, mut news) = log.follow();
        log.push("two");
        assert_eq!((lines, news.recv().await.unwrap()), (vec!["one".to_owned()], "two".to_owned()));
    }

    #[test]
    fn the_last_lines_are_kept_without_those_of_the_labs_own_requests() {
        let log = Log::default();
        for number in 0..=LINES_MAX {
            log.push(&number.to_string());
            log.push(&format!("{{\"request_id\":\"{}\"}}", *OWN_REQUEST_ID));
        }
        let (lines, _) = log.follow();
        assert_eq!((lines.len(), lines[0].as_str()), (LINES_MAX, "1"));
    }
}
