//! PostgreSQL, a server. Version 13 or newer.

mod connection;
mod migrations;
mod orders;
mod products;
mod reports;
mod users;

use connection::Server;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::sync::Arc;

/// Opens the PostgreSQL database of a URL such as `postgres://user:password@host/database?sslmode=verify-full`, and makes
/// it if it is missing and this user may make it.
///
/// The options are libpq's. `sslmode` is `disable`, `prefer` (as if it were not there: encrypted if the server can,
/// whoever it is), `require` (encrypted, whoever it is), `verify-ca` (who it is was certified) or `verify-full` (and it is
/// the host that was asked for). Certificates are checked against `sslrootcert`, a PEM file, or the system's roots. As in
/// libpq, `require` with an `sslrootcert` is `verify-ca`.
///
/// # Errors
/// [`OpenError`] with what to do about it.
pub async fn open(database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
    let server = Server::parse(database_url, options.timeout)?;
    let database = Arc::new(connection::Database::open(server, options).await?);
    Ok(Repositories {
        users: Arc::new(users::Users::new(database.clone())),
        products: Arc::new(products::Products::new(database.clone())),
        orders: Arc::new(orders::Orders::new(database.clone())),
        reports: Arc::new(reports::Reports::new(database.clone())),
        store: database,
    })
}

/// Removes the database of this URL with everything in it. Whoever is connected to it is disconnected.
///
/// # Errors
/// [`OpenError`] with what to do about it; a database that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let server = Server::parse(database_url, options.timeout)?;
    let removed = migrations::remove_database(&server).await;
    removed.map_err(|unusable| server.open_error(unusable))
}

/// The URL of a database on the server that `infra/services up postgres` starts.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("postgres://stackdiff@127.0.0.1:42432/{database}")
}
