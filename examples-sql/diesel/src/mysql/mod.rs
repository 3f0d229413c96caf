//! MySQL, a server. Version 8.0.16 or newer, or MariaDB 10.6 or newer.

mod connection;
mod migrations;
mod orders;
mod products;
mod reports;
mod users;

use connection::Server;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::sync::Arc;

/// Opens the MySQL database of a URL such as `mysql://user:password@host/database?require_ssl=true`, and makes it if it is
/// missing and this user may make it.
///
/// The options are mysql_async's. `require_ssl=true` encrypts, and checks the certificate and the host's name;
/// `verify_ca=false` lets any certificate pass. It must come from the system's roots, or from those in the PEM file of
/// `ssl_ca=`, an option of this function's own under the name that MySQL's programs have for it. Without `require_ssl`
/// nothing is encrypted.
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

/// Removes the database of this URL with everything in it.
///
/// # Errors
/// [`OpenError`] with what to do about it; a database that is not there is none.
pub async fn remove(database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let server = Server::parse(database_url, options.timeout)?;
    let removed = migrations::remove_database(&server).await;
    removed.map_err(|unusable| server.open_error(unusable))
}

/// The URL of a database on the server that `infra/services up mysql` starts.
#[must_use]
pub fn development_url(database: &str) -> String {
    format!("mysql://stackdiff@127.0.0.1:42306/{database}")
}
