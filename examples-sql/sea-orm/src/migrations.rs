//! The schema's history. Each migration is applied once; `seaql_migrations` keeps which were.

use crate::schema::users;
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, Index, Table};
use sea_orm::{ActiveEnum as _, DatabaseConnection, DbErr, Iterable as _, SqliteTransactionMode, TransactionOptions};
use sea_orm::{TransactionSession as _, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// Brings the schema up to date. Any number of processes may do so at the same time on an empty file.
///
/// SeaORM looks for its table, creates it, looks what is missing and applies that, each in a transaction of its own;
/// two processes would meet between those steps. One write lock around all of them makes the second wait, and find
/// nothing left to do. Where nothing is pending, no lock is taken: a start never waits for another process' writes.
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
        manager
            .create_table(
                Table::create()
                    .table(users::Entity)
                    .if_not_exists()
                    .col(ColumnDef::new(users::Column::Id).text().not_null().primary_key())
                    .col(ColumnDef::new(users::Column::Name).text().not_null())
                    .col(ColumnDef::new(users::Column::Email).text().not_null())
                    .col(ColumnDef::new(users::Column::EmailKey).text().not_null())
                    .col(ColumnDef::new(users::Column::PasswordHash).text().not_null())
                    .col(
                        ColumnDef::new(users::Column::Role)
                            .text()
                            .not_null()
                            .check(Expr::col(users::Column::Role).is_in(users::Role::iter().map(|role| role.to_value()))),
                    )
                    .col(ColumnDef::new(users::Column::Version).big_integer().not_null())
                    .col(ColumnDef::new(users::Column::CredentialsVersion).big_integer().not_null())
                    .col(ColumnDef::new(users::Column::CreatedAt).big_integer().not_null())
                    .col(ColumnDef::new(users::Column::UpdatedAt).big_integer().not_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("users_email_key")
                    .table(users::Entity)
                    .col(users::Column::EmailKey)
                    .unique()
                    .if_not_exists()
                    .take(),
            )
            .await?;
        // A page of one role is a range of this index, and so is the question whether another admin is left.
        manager
            .create_index(
                Index::create()
                    .name("users_role_id")
                    .table(users::Entity)
                    .col(users::Column::Role)
                    .col(users::Column::Id)
                    .if_not_exists()
                    .take(),
            )
            .await
    }
}
