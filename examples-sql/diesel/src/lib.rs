//! placeholder

mod connection;
mod migrations;
mod schema;
mod users;

use shared::repository::{OpenError, Repositories, file_path};
use std::sync::Arc;

/// Opens the SQLite database of a URL such as `sqlite://data/x.db`, and makes it if there is none. `connections` threads
/// read from it (at least one) and one writes.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, connections: usize) -> Result<Repositories, OpenError> {
    let path = file_path(database_url, "sqlite", "sqlite://data/x.db")?;
    let database = Arc::new(connection::Database::open(path, connections).await?);
    Ok(Repositories { users: Arc::new(users::Users::new(database.clone())), store: database })
}
