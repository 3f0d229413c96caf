//! Makes a file ready to be used at start: write-ahead log, schema, a look at what is there.
//!
//! The schema's statements are SQL files under `migrations/sqlite/`, embedded when this is compiled, so that the executable
//! needs no files beside it. `store-sea-orm` writes the same tables in Rust.

use super::connection::{Access, BoxError, connect};
use crate::schema::{OrderLineRow, OrderRow, ProductRow, UserRow, order_lines, orders, products, users};
use diesel::dsl::sql;
use diesel::prelude::{QueryDsl, RunQueryDsl, SelectableHelper};
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Processes that start at once on a new file get into each other's way; each tries again for so long.
const TRIES: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Opens the file, made if there is none, and brings it up to date.
///
/// # Errors
/// The driver's; see [`advice`].
pub(crate) fn prepare(path: &Path, access: Access) -> Result<SqliteConnection, BoxError> {
    let deadline = Instant::now() + TRIES;
    loop {
        match try_to_prepare(path, access) {
            // The switch to WAL does not wait for a lock, whatever busy_timeout says. "locking protocol" is said if too
            // many others were met on the way.
            Err(error) if says(&error, &["locked", "locking"]) && Instant::now() < deadline => sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn try_to_prepare(path: &Path, access: Access) -> Result<SqliteConnection, BoxError> {
    let mut connection = connect(path, access)?;
    // Kept in the file. Readers and the writer do not wait for each other then, and a commit is one write and one fsync.
    let mode: String = sql::<Text>("PRAGMA journal_mode = WAL").get_result(&mut connection)?;
    if mode != "wal" {
        return Err(format!("no write-ahead log on this file system, only {mode}").into());
    }
    run(&mut connection)?;
    // Takes the write lock for a moment: a file that cannot be written is told now instead of with the first change.
    connection.immediate_transaction(|connection| {
        // A table of the same name that another program made is met here, and so is a file that was cut short. Reading
        // everything (`PRAGMA quick_check`) would take seconds for a million users.
        users::table.select(UserRow::as_select()).limit(1).load(connection)?;
        products::table.select(ProductRow::as_select()).limit(1).load(connection)?;
        orders::table.select(OrderRow::as_select()).limit(1).load(connection)?;
        order_lines::table.select(OrderLineRow::as_select()).limit(1).load(connection).map(drop)
    })?;
    Ok(connection)
}

/// Runs what has not been run yet. A file that is up to date is only read.
///
/// Several processes may start at once on a new file. Diesel's harness looks first and writes then, in a transaction for
/// each migration, so two of them would both see nothing and run everything. Hence one exclusive transaction around the
/// look and the writes; a migration's own becomes a savepoint in it.
fn run(connection: &mut SqliteConnection) -> Result<(), BoxError> {
    if !connection.has_pending_migration(MIGRATIONS)? {
        return Ok(());
    }
    connection.exclusive_transaction(|connection| {
        connection.run_pending_migrations(MIGRATIONS)?;
        Ok(())
    })
}

/// What to do about a file that could not be opened.
pub(crate) fn advice(error: &BoxError) -> &'static str {
    if says(error, &["not a database"]) {
        "it is no SQLite database: choose another --database-url, or move that file away"
    } else if says(error, &["malformed", "disk I/O"]) {
        "the file is damaged: restore a backup of it, or choose another --database-url"
    } else if says(error, &["no such column", "has no column"]) {
        "it belongs to another program: choose another --database-url"
    } else if says(error, &["locked", "locking"]) {
        "another process keeps it locked: end that one, or choose another --database-url"
    } else if says(error, &["is full"]) {
        "make room on the disk, or choose another --database-url"
    } else {
        "choose a --database-url whose file and folder this process may create and write"
    }
}

/// Diesel passes on SQLite's words and not its codes.
fn says(error: &BoxError, words: &[&str]) -> bool {
    let message = error.to_string();
    words.iter().any(|words| message.contains(words))
}
