//! Progress: a bar on a terminal, lines elsewhere, JSON lines for programs.

use crate::progress::Event;
use crate::report::number::whole;
use crate::report::words::told;
use crate::result::{Load, Run, Verified};
use crate::settings::ProgressStyle;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use std::io::{IsTerminal as _, Write as _};

/// Where events go.
pub(crate) enum Display {
    /// A bar below the lines.
    Bar(ProgressBar),
    /// Lines on the standard error.
    Plain,
    /// JSON lines on the standard output.
    Json,
}

impl Display {
    pub(crate) fn new(style: ProgressStyle) -> Self {
        match style {
            ProgressStyle::Json => Self::Json,
            ProgressStyle::Auto if std::io::stderr().is_terminal() => {
                let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
                // A style that does not parse is a defect, and the plain bar does as well.
                if let Ok(style) = BarStyle::with_template("{bar:30} {pos}/{len} {msg}") {
                    bar.set_style(style);
                }
                Self::Bar(bar)
            }
            ProgressStyle::Auto | ProgressStyle::Plain => Self::Plain,
        }
    }

    /// Tells of an event.
    pub(crate) fn say(&self, event: &Event) {
        match self {
            // Whoever no longer reads does not stop the run.
            Self::Json => drop(serde_json::to_string(event).map(|line| writeln!(std::io::stdout(), "{line}"))),
            Self::Bar(bar) => {
                match event {
                    Event::Plan { steps, .. } => bar.set_length(*steps as u64),
                    Event::Step { done, steps, seconds_left, what } => {
                        // Rounds that differ much bring more steps, and what fails takes its own away.
                        bar.set_length(*steps as u64);
                        bar.set_position(*done as u64);
                        bar.set_message(format!("{} left · {what}", duration(*seconds_left)));
                    }
                    Event::End { .. } => bar.finish_and_clear(),
                    _ => {}
                }
                if let Some(line) = line(event).filter(|_| !matches!(event, Event::Step { .. })) {
                    bar.println(line);
                }
            }
            Self::Plain => {
                if let Some(line) = line(event) {
                    eprintln!("{line}");
                }
            }
        }
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.say(&Event::Note { text: text.into() });
    }
}

/// What people are told.
fn line(event: &Event) -> Option<String> {
    match event {
        Event::Plan { steps, seconds } => Some(format!("{steps} steps, about {}", duration(*seconds))),
        Event::Step { done, steps, seconds_left, what } => {
            Some(format!("[{done}/{steps}, {} left] {what}", duration(*seconds_left)))
        }
        Event::Verified { subject, verified } => Some(match verified {
            Verified::Passed { cases } => format!("{subject}: passed all {cases} cases of the contract"),
            Verified::Failed { failures, .. } => {
                format!("{subject}: NOT TIMED, it fails: {}", told(failures).join("; "))
            }
            Verified::NotApplicable => return None,
        }),
        Event::Timed { run } => Some(figure(run)),
        Event::Note { text } => Some(text.clone()),
        Event::End { .. } => None,
    }
}

/// `  axum-diesel-sqlite  read-one  10,000 users, 64 connections:  31,002 requests/s, p99 4.1 ms`.
fn figure(run: &Run) -> String {
    let load = match run.load {
        Load::Closed => String::new(),
        Load::Open { rate, .. } => format!(" at {rate:.0}/s"),
    };
    let p99 = run.latency.map(|latency| format!(", p99 {:.2} ms", latency.p99)).unwrap_or_default();
    let errors = if run.errors == 0 { String::new() } else { format!(", {} ERRORS", run.errors) };
    let failure = run.failure.as_ref().map(|failure| format!(", NOT COUNTED: {failure}")).unwrap_or_default();
    format!(
        "  {:28} {:9}{load} {:>9} users, {:>3} connections: {:>9.0} requests/s{p99}{errors}{failure}",
        run.subject,
        run.workload,
        whole(run.users),
        run.connections,
        run.requests_per_second
    )
}

/// `3 min`, `40 s`.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds >= 5_400.0 {
        format!("{:.1} h", seconds / 3_600.0)
    } else if seconds >= 90.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.0} s", seconds.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_are_told_as_people_do() {
        assert_eq!((duration(5.4), duration(125.0), duration(9_000.0)), ("5 s".into(), "2 min".into(), "2.5 h".into()));
    }
}
