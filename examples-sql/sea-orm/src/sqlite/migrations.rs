//! Makes a file ready to be used at start: write-ahead log, schema, a look at what is there.
//!
//! The schema's history is a list of migrations in Rust; `store-diesel` writes the same table in SQL. Each is applied
//! once, and the table `seaql_migrations` keeps which were.

use super::connection::{Access, connect};
use crate::schema::users::{self, Column};
use async_trait::async_trait;
use libsqlite3_sys::{
    SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_ERROR, SQLITE_FULL, SQLITE_IOERR, SQLITE_LOCKED, SQLITE_NOTADB,
};
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, Index, Table};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{ActiveEnum as _, EntityTrait as _, Iterable as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use std::path::Path;
use std::time::{Duration, Instant};

/// Processes that start at once on a new file get into each other's way; each tries again for so long.
const TRIES: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Opens the file, made if there is none, and brings it up to date.
///
/// # Errors
/// The driver's; see [`advice`].
pub(crate) async fn prepare(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let deadline = Instant::now() + TRIES;
    loop {
        match try_to_prepare(path).await {
            // The switch to WAL does not wait for a lock, whatever busy_timeout says.
            Err(error) if is_locked(&error) && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// Several processes may start at once on a new file. SeaORM makes its own table, looks what is missing and applies that
/// in so many steps, between which two processes would meet. Hence one transaction around all of them, which has the
/// write lock from its start: the second process waits, and finds nothing left to do.
async fn try_to_prepare(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let connection = connect(path, 1, Access::Create).await?;
    let mode = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
    let mode = connection.query_one_raw(mode).await?.map(|row| row.try_get_by_index::<String>(0)).transpose()?;
    if mode.as_deref() != Some("wal") {
        return Err(DbErr::Conn(RuntimeErr::Internal("no write-ahead log on this file system".to_owned())));
    }
    let immediate =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(immediate).await?;
    if !Migrator::get_pending_migrations_read_only(&transaction).await?.is_empty() {
        Migrator::up(&transaction, None).await?;
    }
    // A table of the same name that another program made is met here, and so is a file that was cut short. Reading
    // everything (`PRAGMA quick_check`) would take seconds for a million users.
    users::Entity::find().one(&transaction).await?;
    transaction.commit().await?;
    Ok(connection)
}

/// The advice where the path is the trouble.
pub(crate) const NOT_ALLOWED: &str = "choose a --database-url whose file and folder this process may create and write";

/// What to do about a file that could not be opened.
pub(crate) fn advice(error: &DbErr) -> &'static str {
    match sqlite_code(error) {
        _ if is_locked(error) => "another process keeps it locked: end that one, or choose another --database-url",
        Some(SQLITE_NOTADB) => "it is no SQLite database: choose another --database-url, or move that file away",
        Some(SQLITE_CORRUPT | SQLITE_IOERR) => {
            "the file is damaged: restore a backup of it, or choose another --database-url"
        }
        Some(SQLITE_FULL) => "make room on the disk, or choose another --database-url",
        Some(SQLITE_ERROR) => "it belongs to another program: choose another --database-url",
        None if !matches!(error, DbErr::Conn(_)) => {
            "it belongs to another program or to a newer version of this one: choose another --database-url"
        }
        _ => NOT_ALLOWED,
    }
}

/// A wait for a lock can end in either way: SQLite and sqlx's pool wait equally long.
fn is_locked(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_))
        || matches!(driver_error(error), Some(SqlxError::PoolTimedOut))
        || matches!(sqlite_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// The primary result code, <https://sqlite.org/rescode.html>.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let extended: i32 = driver_error(error)?.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// SeaORM writes INTEGER for any whole number in SQLite. To SQLite it is the same; the siblings' files say BIGINT.
const BIGINT: &str = "BIGINT";

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateUsers)]
    }
}

struct CreateUsers;

impl MigrationName for CreateUsers {
    fn name(&self) -> &'static str {
        "m20260101_000001_create_users"
    }
}

/// `IF NOT EXISTS` throughout, because the file may be one that `store-diesel` made.
#[async_trait]
impl MigrationTrait for CreateUsers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let roles = users::Role::iter().map(|role| role.to_value());
        let table = Table::create()
            .table(users::Entity)
            .if_not_exists()
            .col(ColumnDef::new(Column::Id).text().not_null().primary_key())
            .col(ColumnDef::new(Column::Name).text().not_null())
            .col(ColumnDef::new(Column::Email).text().not_null())
            .col(ColumnDef::new(Column::EmailKey).text().not_null())
            .col(ColumnDef::new(Column::PasswordHash).text().not_null())
            .col(ColumnDef::new(Column::Role).text().not_null().check(Expr::col(Column::Role).is_in(roles)))
            .col(ColumnDef::new(Column::Version).custom(BIGINT).not_null())
            .col(ColumnDef::new(Column::CredentialsVersion).custom(BIGINT).not_null())
            .col(ColumnDef::new(Column::CreatedAt).custom(BIGINT).not_null())
            .col(ColumnDef::new(Column::UpdatedAt).custom(BIGINT).not_null())
            .take();
        manager.create_table(table).await?;

        let index = || Index::create().table(users::Entity).if_not_exists().take();
        manager.create_index(index().name("users_email_key").col(Column::EmailKey).unique().take()).await?;
        // A page of one role is a range of this index, and so is the question whether there is another admin.
        manager.create_index(index().name("users_role_id").col(Column::Role).col(Column::Id).take()).await
    }
}
