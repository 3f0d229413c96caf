//! Brings the schema up to date at start.
//!
//! The statements are SQL files under `migrations/`, embedded when this is compiled, so that the executable needs no
//! files beside it. `store-sea-orm` writes the same table in Rust.

use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::error::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Runs what has not been run yet.
///
/// Several processes may start at once on a new file. Diesel's harness looks first and writes then, in a transaction
/// for each migration, so two of them would both see nothing and run everything. Hence one exclusive transaction around
/// the look and the writes; a migration's own becomes a savepoint in it. A file that is up to date takes no lock.
///
/// # Errors
/// The driver's.
pub(crate) fn run(connection: &mut SqliteConnection) -> Result<(), Box<dyn Error + Send + Sync>> {
    connection.exclusive_transaction(|connection| {
        connection.run_pending_migrations(MIGRATIONS)?;
        Ok(())
    })
}
