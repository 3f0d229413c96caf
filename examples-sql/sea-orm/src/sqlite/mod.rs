//! SQLite: a file, and no server.

mod connection;
mod migrations;

use crate::repositories;
use shared::repository::{OpenError, Repositories, StoreOptions, remove_sqlite_file, sqlite_file};
use std::sync::Arc;

/// What a URL must look like.
const EXAMPLE: &str = "sqlite://data/x.db";

/// Opens the SQLite database of a URL such as `sqlite://data/x.db`, and makes it if there is none. `options.connections`
/// read from it, and one more writes.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let (path, synchronous) = sqlite_file(database_url, EXAMPLE)?;
    let database = Arc::new(connection::open(&path, synchronous, options.connections).await?);
    Ok(repositories(database))
}

/// Removes the file of this URL with everything in it, and what SQLite keeps beside it. Nothing may have it open.
///
/// # Errors
/// [`OpenError`] with what to do about it; a file that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let _ = options;
    let (path, _) = sqlite_file(database_url, EXAMPLE)?;
    remove_sqlite_file(&path).map_err(|error| OpenError::Database {
        database: path.display().to_string(),
        advice: "delete the file by hand",
        source: error.into(),
    })
}
