//! The files that a run leaves in `bench/results`: the result, and the report beside it.

use crate::error::BenchError;
use crate::report;
use crate::result::{FORMAT, Results};
use std::io::Write as _;
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
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(BenchError::of_file(path))?;
    serde_json::to_writer_pretty(&mut file, results).map_err(|error| BenchError::Report(error.to_string()))?;
    file.write_all(b"\n").map_err(BenchError::of_file(path))?;
    file.persist(path).map(drop).map_err(|error| BenchError::File { path: path.to_owned(), source: error.error })
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
