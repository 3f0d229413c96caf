//! The URLs of SQLite's databases, as the project writes them.

use crate::failure::Failure;
use shared::repository::{Synchronous, sqlite_file};
use std::path::PathBuf;

/// The path in `sqlite://data/x.db`, and what a commit waits for. The file must be there: no yardstick makes a schema of its own.
///
/// # Errors
/// [`Failure::Url`] and [`Failure::File`].
pub fn sqlite(url: &str) -> Result<(PathBuf, Synchronous), Failure> {
    let (path, synchronous) = sqlite_file(url, "").map_err(|_| Failure::Url { expected: "sqlite://data/x.db" })?;
    // Absolute, because SQLite takes a path that begins with "file:" for a URI.
    match std::path::absolute(&path).and_then(|path| path.metadata().map(|_| path)) {
        Ok(path) => Ok((path, synchronous)),
        Err(source) => Err(Failure::File { path, source }),
    }
}

/// `PRAGMA synchronous`.
pub fn pragma(synchronous: Synchronous) -> &'static str {
    match synchronous {
        Synchronous::Full => "PRAGMA synchronous = FULL;",
        Synchronous::Normal => "PRAGMA synchronous = NORMAL;",
    }
}
