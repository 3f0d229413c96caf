//! MySQL 8.0.16 or newer, and MariaDB 10.5 or newer.

mod connection;
mod migrations;

use crate::repositories;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::sync::Arc;

/// Opens the MySQL or MariaDB database of a URL such as `mysql://user:password@host:3306/stackdiff?ssl-mode=VERIFY_IDENTITY`,
/// and makes it if there is none and the user may.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let database = Arc::new(connection::open(database_url, options).await?);
    Ok(repositories(database))
}

/// Removes the database of this URL with everything in it.
///
/// # Errors
/// [`OpenError`] with what to do about it; a database that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    migrations::remove(database_url, options).await
}

/// The URL of a database where `infra/services up mysql` starts MariaDB.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("mysql://stackdiff@127.0.0.1:42306/{database}")
}
