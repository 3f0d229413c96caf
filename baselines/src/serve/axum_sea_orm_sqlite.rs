//! axum with SeaORM on SQLite. One pool reads and writes, as in SeaORM's documentation; each connection is a thread of sqlx's
//! own, and one that meets another's lock waits for it.

use super::axum_sea_orm::{options, routes};
use super::{Settings, axum_server};
use crate::database::sqlite;
use crate::failure::Failure;
use sea_orm::Database;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use shared::repository::Synchronous;

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let (path, synchronous) = sqlite(&settings.database_url)?;
    let synchronous = match synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    // The path is set apart: as part of a URL, a `%` or a `?` in it would have a meaning.
    let mut options = options("sqlite://", settings.pool_size);
    options.map_sqlx_sqlite_opts(move |file| {
        file.filename(&path).journal_mode(SqliteJournalMode::Wal).synchronous(synchronous)
    });
    let database = Database::connect(options).await.map_err(Failure::database)?;
    axum_server::serve(settings, routes(database)).await
}
