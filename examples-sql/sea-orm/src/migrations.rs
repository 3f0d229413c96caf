//! The schema's history. Each migration is applied once; `seaql_migrations` keeps which were.

use crate::schema::users::{self, Column};
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, Index, Table};
use sea_orm::{
    ActiveEnum as _, DatabaseConnection, DbErr, Iterable as _, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// Brings the schema up to date. Any number of processes may do so at the same time on an empty file.
///
/// SeaORM creates its own table, looks what is missing and applies that; two processes would meet between those steps.
/// One write lock around all of them makes the second wait, and find nothing left to do. Where nothing is pending, none
/// is taken: then a start does not wait for another process's writes.
///
/// # Errors
/// The driver's, and [`DbErr::Custom`] if a newer version of this program was here.
pub(crate) async fn migrate(connection: &DatabaseConnection) -> Result<(), DbErr> {
    if Migrator::get_pending_migrations_read_only(connection).await?.is_empty() {
        return Ok(());
    }
    let immediate =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(immediate).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
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
