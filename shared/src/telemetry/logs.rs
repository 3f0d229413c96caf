//! Where log lines go: standard output, through a writer that never makes a request wait.

use super::json::JsonLines;
use super::lines::{Lines, LinesGuard};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Human lines on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Writes out what is still buffered when it is dropped; keep it until the end of `main`.
#[must_use = "log lines are lost when this is dropped early"]
pub struct LogGuard {
    _guard: LinesGuard,
}

/// Starts logging for the whole process.
///
/// # Errors
/// If `filter` is no `tracing` filter, such as `info` or `info,sqlx=warn`, logging was started before, or the system refuses
/// a thread.
pub fn start_logs(filter: &str, format: LogFormat) -> Result<LogGuard, Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(filter)?;
    let (lines, guard) = Lines::start(std::io::stdout())?;
    let terminal = std::io::stdout().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).with_target(false);
    if format == LogFormat::Human || (format == LogFormat::Auto && terminal) {
        builder.with_ansi(terminal).compact().try_init()?;
    } else {
        builder.event_format(JsonLines).try_init()?;
    }
    Ok(LogGuard { _guard: guard })
}
