//! SQLite: a file, and no server.

mod connection;
mod migrations;
mod orders;
mod products;
mod reports;
mod users;

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
    let database = Arc::new(connection::Database::open(path, synchronous, options.connections).await?);
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
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
