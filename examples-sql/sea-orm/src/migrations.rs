//! The schema's history, a list of migrations in Rust: one for all three databases, whose columns differ in type alone.
//! `store-diesel` writes the same tables in SQL. Each migration is applied once, and the table `seaql_migrations` keeps
//! which were.

use crate::schema::users::{self, Column};
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, Index, Table};
use sea_orm::{ActiveEnum as _, EntityTrait as _, Iterable as _};
use sea_orm::{DatabaseTransaction, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// Processes that start at once on a new database get into each other's way; each waits or tries again for so long.
pub(crate) const TRIES: std::time::Duration = std::time::Duration::from_secs(10);

/// Brings the database up to date. SeaORM makes its own table, looks what is missing and applies that in so many steps,
/// between which two processes would meet: the caller keeps all others out until the transaction's end.
///
/// # Errors
/// The driver's, also if another program made a table of the same name.
pub(crate) async fn migrate(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if !Migrator::get_pending_migrations_read_only(transaction).await?.is_empty() {
        Migrator::up(transaction, None).await?;
    }
    // A table of the same name that another program made is met here, and so is a SQLite file that was cut short.
    // Reading everything (`PRAGMA quick_check`) would take seconds for a million users.
    users::Entity::find().one(transaction).await?;
    Ok(())
}

/// What to do about a database that is not as this program makes it.
pub(crate) const NOT_OURS: &str =
    "it belongs to another program or to a newer version of this one: choose another --database-url";

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

/// Nothing is made that is there already, because the database may be one that `store-diesel` made.
#[async_trait]
impl MigrationTrait for CreateUsers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let column = |column| ColumnDef::new(column).custom(column_type(backend, column)).not_null().take();
        let roles = users::Role::iter().map(|role| role.to_value());
        let mut table = Table::create()
            .table(users::Entity)
            .if_not_exists()
            .col(column(Column::Id).primary_key())
            .col(column(Column::Name))
            .col(column(Column::Email))
            .col(column(Column::EmailKey))
            .col(column(Column::PasswordHash))
            .col(column(Column::Role).check(Expr::col(Column::Role).is_in(roles)))
            .col(column(Column::Version))
            .col(column(Column::CredentialsVersion))
            .col(column(Column::CreatedAt))
            .col(column(Column::UpdatedAt))
            .take();
        if backend == DbBackend::MySql {
            // The one engine there with transactions, and texts that are compared by their bytes.
            table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        manager.create_table(table).await?;

        // MySQL has no CREATE INDEX IF NOT EXISTS.
        let index = |name: &str| Index::create().table(users::Entity).name(name).take();
        if !manager.has_index("users", "users_email_key").await? {
            manager.create_index(index("users_email_key").col(Column::EmailKey).unique().take()).await?;
        }
        // A page of one role is a range of this index, and so is the question whether there is another admin.
        if !manager.has_index("users", "users_role_id").await? {
            manager.create_index(index("users_role_id").col(Column::Role).col(Column::Id).take()).await?;
        }
        Ok(())
    }
}

/// SeaORM writes INTEGER for any whole number in SQLite; the sibling's files say BIGINT. PostgreSQL sorts texts by the
/// rules of a language if it is not told otherwise, and MySQL has no index on a text without a longest length.
fn column_type(backend: DbBackend, column: Column) -> &'static str {
    match (column, backend) {
        (Column::Version | Column::CredentialsVersion | Column::CreatedAt | Column::UpdatedAt, _) => "BIGINT",
        (Column::Id | Column::EmailKey, DbBackend::Postgres) => "TEXT COLLATE \"C\"",
        (Column::Id, DbBackend::MySql) => "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin",
        (Column::Name, DbBackend::MySql) => "VARCHAR(400)",
        (Column::Email | Column::EmailKey, DbBackend::MySql) => "VARCHAR(254)",
        (Column::PasswordHash, DbBackend::MySql) => "VARCHAR(255)",
        (Column::Role, DbBackend::MySql) => "VARCHAR(5)",
        _ => "TEXT",
    }
}
