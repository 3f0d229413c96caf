//! The schema's history, a list of migrations in Rust: one for all three databases, whose columns differ in type alone.
//! `store-diesel` writes the same tables in SQL. Each migration is applied once, and the table `seaql_migrations` keeps
//! which were. The file is longer than others, because a history only grows.

use crate::schema::{order_lines, orders, products, users};
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnDef, Expr, ExprTrait as _, ForeignKey, Index, IndexCreateStatement, IntoIden};
use sea_orm::sea_query::{Table, TableCreateStatement};
use sea_orm::{ActiveEnum as _, EntityTrait, Iterable as _};
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
    products::Entity::find().one(transaction).await?;
    orders::Entity::find().one(transaction).await?;
    order_lines::Entity::find().one(transaction).await?;
    Ok(())
}

/// What to do about a database that is not as this program makes it.
pub(crate) const NOT_OURS: &str =
    "it belongs to another program or to a newer version of this one: choose another --database-url";

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateUsers), Box::new(CreateProducts), Box::new(CreateOrders), Box::new(CreateOrderLines)]
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
        use users::Column;
        let on = manager.get_database_backend();
        let roles = users::Role::iter().map(|role| role.to_value());
        let table = table(on, users::Entity)
            .col(column(on, Column::Id, Kind::Id).primary_key())
            .col(column(on, Column::Name, Kind::Text("VARCHAR(400)")))
            .col(column(on, Column::Email, Kind::Text("VARCHAR(254)")))
            .col(column(on, Column::EmailKey, Kind::Bytes("VARCHAR(254)")))
            .col(column(on, Column::PasswordHash, Kind::Text("VARCHAR(255)")))
            .col(column(on, Column::Role, Kind::Text("VARCHAR(5)")).check(Expr::col(Column::Role).is_in(roles)))
            .col(column(on, Column::Version, Kind::Whole))
            .col(column(on, Column::CredentialsVersion, Kind::Whole))
            .col(column(on, Column::CreatedAt, Kind::Whole))
            .col(column(on, Column::UpdatedAt, Kind::Whole))
            .take();
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

struct CreateProducts;

impl MigrationName for CreateProducts {
    fn name(&self) -> &'static str {
        "m20261122_000001_create_products"
    }
}

#[async_trait]
impl MigrationTrait for CreateProducts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use products::Column;
        let on = manager.get_database_backend();
        let not_negative = |column: Column| Expr::col(column).gte(0);
        let mut attributes = column(on, Column::Attributes, Kind::Json);
        if on == DbBackend::Sqlite {
            // Which keeps JSON as text.
            attributes.check(Expr::cust("json_valid(attributes)"));
        }
        let table = table(on, products::Entity)
            .col(column(on, Column::Id, Kind::Id).primary_key())
            .col(column(on, Column::Sku, Kind::Bytes(ASCII_32)))
            .col(column(on, Column::Name, Kind::Text("TEXT")))
            .col(column(on, Column::Category, Kind::Bytes("VARCHAR(50)")))
            .col(column(on, Column::PriceCents, Kind::Whole).check(not_negative(Column::PriceCents)))
            // The last guard: no statement of this program takes more than there is.
            .col(column(on, Column::Stock, Kind::Whole).check(not_negative(Column::Stock)))
            .col(attributes)
            .col(column(on, Column::Version, Kind::Whole))
            .col(column(on, Column::CreatedAt, Kind::Whole))
            .col(column(on, Column::UpdatedAt, Kind::Whole))
            .take();
        let indexes = vec![
            Index::create().name("products_sku").col(Column::Sku).unique().take(),
            // For a listing by category.
            Index::create().name("products_category_id").col(Column::Category).col(Column::Id).take(),
        ];
        create(manager, table, products::Entity, indexes).await
    }
}

struct CreateOrders;

impl MigrationName for CreateOrders {
    fn name(&self) -> &'static str {
        "m20261122_000002_create_orders"
    }
}

#[async_trait]
impl MigrationTrait for CreateOrders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use orders::Column;
        let on = manager.get_database_backend();
        let statuses = orders::Status::iter().map(|status| status.to_value());
        // There is never an order of nobody, whoever deletes the user at the same time.
        let mut customer = ForeignKey::create()
            .name("orders_customer_id")
            .from(orders::Entity, Column::CustomerId)
            .to(users::Entity, users::Column::Id)
            .take();
        let table = table(on, orders::Entity)
            .col(column(on, Column::Id, Kind::Id).primary_key())
            .col(column(on, Column::CustomerId, Kind::Id))
            .col(column(on, Column::Status, Kind::Bytes(ASCII_16)).check(Expr::col(Column::Status).is_in(statuses)))
            .col(column(on, Column::SubtotalCents, Kind::Whole))
            .col(column(on, Column::DiscountCents, Kind::Whole))
            .col(column(on, Column::TotalCents, Kind::Whole))
            .col(column(on, Column::IdempotencyKey, Kind::Bytes(ASCII_64)).null())
            .col(column(on, Column::Version, Kind::Whole))
            .col(column(on, Column::CreatedAt, Kind::Whole))
            .col(column(on, Column::UpdatedAt, Kind::Whole))
            .foreign_key(&mut customer)
            .take();
        let index = |name: &str, columns: &[Column]| {
            let mut index = Index::create().name(name).take();
            for column in columns {
                index.col(*column);
            }
            index
        };
        let indexes = vec![
            // Of orders without a key a customer may have many: NULL is not equal to NULL.
            index("orders_customer_key", &[Column::CustomerId, Column::IdempotencyKey]).unique().take(),
            // For a customer's orders, all or of a status.
            index("orders_customer_id_id", &[Column::CustomerId, Column::Id]),
            index("orders_customer_status_id", &[Column::CustomerId, Column::Status, Column::Id]),
            // For the report, which looks at the sales of some days.
            index("orders_status_created", &[Column::Status, Column::CreatedAt]),
        ];
        create(manager, table, orders::Entity, indexes).await
    }
}

struct CreateOrderLines;

impl MigrationName for CreateOrderLines {
    fn name(&self) -> &'static str {
        "m20261122_000003_create_order_lines"
    }
}

/// A line is a copy of its product at the time of the order. It does not refer to the product, which may be deleted.
#[async_trait]
impl MigrationTrait for CreateOrderLines {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use order_lines::Column;
        let on = manager.get_database_backend();
        let mut order = ForeignKey::create()
            .name("order_lines_order_id")
            .from(order_lines::Entity, Column::OrderId)
            .to(orders::Entity, orders::Column::Id)
            .take();
        let table = table(on, order_lines::Entity)
            .col(column(on, Column::OrderId, Kind::Id))
            .col(column(on, Column::Position, Kind::Whole))
            .col(column(on, Column::ProductId, Kind::Id))
            .col(column(on, Column::Name, Kind::Text("TEXT")))
            .col(column(on, Column::Category, Kind::Bytes("VARCHAR(50)")))
            .col(column(on, Column::UnitPriceCents, Kind::Whole))
            .col(column(on, Column::Quantity, Kind::Whole).check(Expr::col(Column::Quantity).gt(0)))
            .col(column(on, Column::TotalCents, Kind::Whole))
            // The line's share of the order's total, after discounts: what the report adds up.
            .col(column(on, Column::RevenueCents, Kind::Whole))
            .primary_key(Index::create().col(Column::OrderId).col(Column::Position))
            .foreign_key(&mut order)
            .take();
        create(manager, table, order_lines::Entity, Vec::new()).await
    }
}

/// A table to be made if there is none, as yet without columns.
fn table(on: DbBackend, entity: impl EntityTrait) -> TableCreateStatement {
    let mut table = Table::create().table(entity).if_not_exists().take();
    if on == DbBackend::MySql {
        // The one engine there with transactions, and texts that are compared by their bytes.
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// Makes a table and its indexes, on MySQL in one statement: there each is a transaction of its own, and no index can be
/// made if there is none.
async fn create(
    manager: &SchemaManager<'_>,
    mut table: TableCreateStatement,
    entity: impl EntityTrait,
    mut indexes: Vec<IndexCreateStatement>,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        for index in &mut indexes {
            table.index(index);
        }
        return manager.create_table(table).await;
    }
    manager.create_table(table).await?;
    for index in &mut indexes {
        manager.create_index(index.table(entity).if_not_exists().take()).await?;
    }
    Ok(())
}

/// What is kept in a column. PostgreSQL sorts texts by the rules of a language if it is not told otherwise, and MySQL has no
/// index on a text without a longest length: a text's type there is told with it.
#[derive(Clone, Copy)]
enum Kind {
    Id,
    /// A text that is never compared.
    Text(&'static str),
    /// A text that is compared by its bytes.
    Bytes(&'static str),
    /// SeaORM writes INTEGER for any whole number in SQLite; the sibling's files say BIGINT.
    Whole,
    Json,
}

/// Types of MySQL for texts that are ASCII.
const ASCII_16: &str = "VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin";
const ASCII_32: &str = "VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin";
const ASCII_64: &str = "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin";

fn column(on: DbBackend, name: impl IntoIden, kind: Kind) -> ColumnDef {
    let column_type = match (kind, on) {
        (Kind::Whole, _) => "BIGINT",
        (Kind::Id | Kind::Bytes(_), DbBackend::Postgres) => "TEXT COLLATE \"C\"",
        (Kind::Id, DbBackend::MySql) => "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin",
        (Kind::Text(column_type) | Kind::Bytes(column_type), DbBackend::MySql) => column_type,
        (Kind::Json, DbBackend::Postgres) => "JSONB",
        (Kind::Json, DbBackend::MySql) => "JSON",
        _ => "TEXT",
    };
    ColumnDef::new(name).custom(column_type).not_null().take()
}
