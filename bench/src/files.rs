//! The files that a run leaves in `bench/results`: the result, and the report beside it.

use crate::error::BenchError;
use crate::report;
use crate::result::{FORMAT, Results};
use std::path::{Path, PathBuf};

/// Reads a result file.
///
/// # Errors
/// [`BenchError::File`] or [`BenchError::Format`].
pub fn read(path: &Path) -> Result<Results, BenchError> {
    let text = std::fs::read_to_string(path).map_err(BenchError::of_file(path))?;
    let broken = |reason: String| BenchError::Format { path: path.to_owned(), reason };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => {}
        format => return Err(broken(format!("its format is {format:?}, this program reads {FORMAT}"))),
    }
    serde_json::from_value(value).map_err(|error| broken(error.to_string()))
}

/// The result file of another run of the same commit on the same machine is written over, unless files were changed.
pub(crate) fn file_name(commit: &str, has_changes: bool, machine: &str) -> String {
    let short: String = commit.chars().take(12).collect();
    let changes = if has_changes { "-changed" } else { "" };
    format!("{short}{changes}-{machine}")
}

/// Writes a result whole or not at all.
///
/// # Errors
/// [`BenchError::File`].
pub(crate) fn write_results(results: &Results, path: &Path) -> Result<(), BenchError> {
    let mut text = serde_json::to_vec_pretty(results).map_err(|error| BenchError::Report(error.to_string()))?;
    text.push(b'\n');
    // Under another name first, then moved into its place. A temporary file would be readable by its owner alone.
    let unfinished = path.with_extension("json.unfinished");
    std::fs::write(&unfinished, text).map_err(BenchError::of_file(&unfinished))?;
    std::fs::rename(&unfinished, path).map_err(BenchError::of_file(path))
}

/// Makes the report beside a result file.
///
/// # Errors
/// [`BenchError::File`], [`BenchError::Report`].
pub(crate) fn write_report(results: &Results, json: &Path) -> Result<PathBuf, BenchError> {
    let path = json.with_extension("html");
    let html = report::html(results).map_err(|error| BenchError::Report(error.to_string()))?;
    std::fs::write(&path, html).map_err(BenchError::of_file(&path))?;
    Ok(path)
}
