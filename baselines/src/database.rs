//! The URLs of SQLite's databases, as the project writes them.

use crate::failure::Failure;
use std::path::PathBuf;

/// The path in `sqlite://data/x.db`. The file must be there: no yardstick makes a schema of its own.
///
/// # Errors
/// [`Failure::Url`] and [`Failure::File`].
pub fn sqlite_path(url: &str) -> Result<PathBuf, Failure> {
    let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty());
    let path = path.map(PathBuf::from).ok_or(Failure::Url { expected: "sqlite://data/x.db" })?;
    // Absolute, because SQLite takes a path that begins with "file:" for a URI.
    match std::path::absolute(&path).and_then(|path| path.metadata().map(|_| path)) {
        Ok(path) => Ok(path),
        Err(source) => Err(Failure::File { path, source }),
    }
}
