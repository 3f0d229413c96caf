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

/// A name for a run's result, held by an empty file until something is written. Nothing is left of it if nothing was.
pub(crate) struct NewFile(PathBuf);

impl NewFile {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.0.metadata().is_ok_and(|file| file.len() == 0) {
            // An empty file more is no reason to fail.
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

/// The result file of a run. One that is there already stays: an hours-long run is not written over by a short one of the same
/// commit, nor by one that starts in the same moment.
///
/// # Errors
/// [`BenchError::File`].
pub(crate) fn new_file(folder: &Path, commit: &str, has_changes: bool, machine: &str) -> Result<NewFile, BenchError> {
    let short: String = commit.chars().take(12).collect();
    let changes = if has_changes { "-changed" } else { "" };
    let name = format!("{short}{changes}-{machine}");
    let (mut path, mut number) = (folder.join(format!("{name}.json")), 1);
    loop {
        // Looking first and making it then, two runs could find the same name free.
        match std::fs::File::create_new(&path) {
            Ok(_) => return Ok(NewFile(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                number += 1;
                path = folder.join(format!("{name}-{number}.json"));
            }
            Err(error) => return Err(BenchError::of_file(&path)(error)),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::{NewFile, new_file};
    use std::path::Path;

    fn file(folder: &Path, has_changes: bool) -> NewFile {
        new_file(folder, "0123456789abcdef", has_changes, "cpu-2").unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn no_result_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let expect = |has_changes: bool, expected: &str| {
            let file = file(folder.path(), has_changes);
            assert_eq!(file.path().file_name().unwrap(), expected);
            std::fs::write(file.path(), "{}").unwrap();
        };
        expect(false, "0123456789ab-cpu-2.json");
        expect(false, "0123456789ab-cpu-2-2.json");
        expect(false, "0123456789ab-cpu-2-3.json");
        expect(true, "0123456789ab-changed-cpu-2.json");
        assert_eq!(names(folder.path()).len(), 4);
    }

    #[test]
    fn runs_that_start_together_have_files_of_their_own_and_leave_none_that_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let files: Vec<NewFile> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..8).map(|_| scope.spawn(|| file(folder, false))).collect();
            starting.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(names(folder).len(), 8);
        std::fs::write(files[3].path(), "{}").unwrap();
        let kept = files[3].path().file_name().unwrap().to_str().unwrap().to_owned();
        drop(files);
        assert_eq!(names(folder), [kept]);
    }
}
