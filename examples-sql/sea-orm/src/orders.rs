//! Orders, kept in the tables `orders` and `order_lines`.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order with its lines, its idempotency key, and that its customer is there |
//! | by what means | one transaction. The key is a unique index and the customer a foreign key; the products' rows are locked in the order of their ids, looked at, and changed |
//! | what a crash in the middle leaves | nothing of the order: a transaction that was not committed is rolled back, by a server when the connection is gone, by SQLite when the file is next opened |
//! | what it costs | six round trips, however many lines: `BEGIN`, two `INSERT`, `SELECT ... FOR UPDATE`, `UPDATE`, `COMMIT`; a refusal is three or five. To cancel one is five. SQLite sends the same, to its own thread |
//! | what waits | on a server whoever else orders or changes one of these products, from the lock to the commit: three round trips, hence the lock last. In SQLite whoever else writes |
//!
//! What was not done: an `UPDATE ... WHERE stock >= quantity` for each line would need no lock beforehand, and a round trip
//! for each line, while an order that is refused would know of its first shortage only. `SERIALIZABLE` would need no lock
//! either, and fail where this waits: of those who buy the same product at the same time, all but one.
//!
//! Opposite orders of lines lock in the same order, so they cannot deadlock. Should the database give a transaction up
//! nonetheless, it is tried again, as a whole, until the limit of the call.

use crate::connection::{Database, Session, failure, is_deadlock};
use crate::schema::{order_lines, orders, products, users};
use async_trait::async_trait;
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait as _, LoaderTrait as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect, Select, SqlErr, UpdateMany};
use shared::context::RequestContext;
use shared::domain::{Order, OrderId, OrderLine, OrderStatus, UserId};
use shared::repository::{OrderQuery, OrderRepository, Shortage, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// [`OrderRepository`] over SeaORM.
pub struct Orders {
    database: Arc<Database>,
}

impl Orders {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl OrderRepository for Orders {
    async fn list(&self, context: &RequestContext, query: &OrderQuery) -> Result<Vec<Order>, StoreError> {
        let mut select = with_customer().filter(orders::COLUMN.customer_id.eq(query.customer.to_string()));
        let mut index = "orders_customer_id_id";
        if let Some(status) = query.status {
            select = select.filter(orders::COLUMN.status.eq(orders::Status::from(status)));
            index = "orders_customer_status_id";
        }
        // As for users of a role: MariaDB would skip what is before the page.
        QuerySelect::query(&mut select).force_index_on(orders::Entity, index, IndexHintScope::All);
        let mut page = select.cursor_by(orders::Column::Id).into_partial_model();
        if let Some(after) = query.after {
            page.after(after.to_string());
        }
        let session = self.database.reading(context);
        let rows = page.first(query.limit.into()).all(&session).await.map_err(failure)?;
        with_lines(&session, rows).await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let order = Arc::new(order.clone());
        as_a_whole(&session, |session| try_to_place(session, order.clone())).await
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let session = self.database.reading(context);
        let select = with_customer().filter(orders::COLUMN.id.eq(id.to_string()));
        let row = select.into_partial_model().one(&session).await.map_err(failure)?;
        Ok(with_lines(&session, row).await?.pop())
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let session = self.database.reading(context);
        let select = with_customer()
            .filter(orders::COLUMN.customer_id.eq(customer.to_string()))
            .filter(orders::COLUMN.idempotency_key.eq(key));
        let row = select.into_partial_model().one(&session).await.map_err(failure)?;
        Ok(with_lines(&session, row).await?.pop())
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let update = orders::Entity::update_many()
            .col_expr(orders::Column::Status, Expr::value(orders::Status::from(after.status)))
            .col_expr(orders::Column::Version, Expr::value(after.version))
            .col_expr(orders::Column::UpdatedAt, Expr::value(after.updated_at.as_millis()))
            .filter(orders::COLUMN.id.eq(after.id.to_string()))
            .filter(orders::COLUMN.version.eq(before.version));
        if after.status == OrderStatus::Cancelled {
            let order = Arc::new(after.clone());
            return as_a_whole(&session, |session| try_to_cancel(session, update.clone(), order.clone())).await;
        }
        match update.exec(&session).await.map_err(failure)?.rows_affected {
            0 => Err(StoreError::VersionConflict),
            _ => Ok(()),
        }
    }
}

/// An order and of its customer what is told with it: a whole user would bring the hash of the password along.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "orders::Entity")]
struct Row {
    #[sea_orm(nested)]
    order: orders::Model,
    #[sea_orm(nested)]
    customer: Customer,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "users::Entity")]
struct Customer {
    name: String,
}

/// Selects orders, each joined with its customer of today.
fn with_customer() -> Select<orders::Entity> {
    orders::Entity::find().inner_join(users::Entity)
}

/// The orders with their lines, which come in a second statement, for however many orders. No transaction holds the two
/// together, and none is needed: lines never change, and no order goes.
async fn with_lines(session: &Session, rows: impl IntoIterator<Item = Row>) -> Result<Vec<Order>, StoreError> {
    let (orders, names): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (row.order, row.customer.name)).unzip();
    let in_order = order_lines::Entity::find().order_by_asc(order_lines::Column::Position);
    let lines = orders.load_many(in_order, session).await.map_err(failure)?;
    orders.into_iter().zip(names).zip(lines).map(|((order, name), lines)| order.into_order(name, lines)).collect()
}

/// Does all that is done in one transaction, again if the database gave it up for the sake of another one: it took back
/// all of it. The limit of the call ends this.
async fn as_a_whole<F>(session: &Session, attempt: impl Fn(Session) -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<Result<(), StoreError>, DbErr>> + Send + 'static,
{
    loop {
        match session.ask(&attempt).await {
            Err(error) if is_deadlock(&error) => {}
            outcome => return outcome.map_err(place_error)?,
        }
    }
}

/// The order and its lines come first, since only who places an order with the same key waits for those.
async fn try_to_place(session: Session, order: Arc<Order>) -> Result<Result<(), StoreError>, DbErr> {
    let transaction = session.begin().await?;
    let row = orders::ActiveModel::from(&*order);
    orders::Entity::insert(row).exec_without_returning(&transaction).await?;
    let lines = order_lines::ActiveModel::of(&order);
    order_lines::Entity::insert_many(lines).exec_without_returning(&transaction).await?;
    let stock = locked_stock(&transaction, &order).await?;
    let left = |line: &OrderLine| stock.get(&line.product_id.to_string()).copied();
    let short = order.lines.iter().filter(|line| left(line).is_none_or(|left| left < line.quantity));
    let shortages: Vec<_> = short.map(|line| Shortage { product_id: line.product_id, left: left(line) }).collect();
    if !shortages.is_empty() {
        session.rollback(transaction).await?;
        return Ok(Err(StoreError::OutOfStock(shortages)));
    }
    move_stock(&transaction, &order, |quantity| -quantity).await?;
    session.commit(transaction).await.map(Ok)
}

/// The status and the stock: who cancels what has changed meanwhile gives nothing back.
async fn try_to_cancel(
    session: Session,
    update: UpdateMany<orders::Entity>,
    order: Arc<Order>,
) -> Result<Result<(), StoreError>, DbErr> {
    let transaction = session.begin().await?;
    if update.exec(&transaction).await?.rows_affected == 0 {
        session.rollback(transaction).await?;
        return Ok(Err(StoreError::VersionConflict));
    }
    locked_stock(&transaction, &order).await?;
    move_stock(&transaction, &order, |quantity| quantity).await?;
    session.commit(transaction).await.map(Ok)
}

/// Locks the order's products, those that there are, in the order of their ids: by product, how many are left. Where one
/// writes at a time there is nothing to lock, and SeaORM leaves `FOR UPDATE` out.
async fn locked_stock(transaction: &impl ConnectionTrait, order: &Order) -> Result<BTreeMap<String, i64>, DbErr> {
    let products = products::Entity::find()
        .select_only()
        .columns([products::Column::Id, products::Column::Stock])
        .filter(products::COLUMN.id.is_in(product_ids(order)))
        .order_by_asc(products::Column::Id)
        .lock_exclusive();
    Ok(products.into_tuple().all(transaction).await?.into_iter().collect())
}

/// Adds to the stock of each of the order's products what is made of the line's quantity. One statement for all lines.
async fn move_stock(
    transaction: &impl ConnectionTrait,
    order: &Order,
    change: impl Fn(i64) -> i64,
) -> Result<(), DbErr> {
    let change = order.lines.iter().fold(CaseStatement::new(), |case, line| {
        case.case(products::COLUMN.id.eq(line.product_id.to_string()), change(line.quantity))
    });
    let update = products::Entity::update_many()
        .col_expr(products::Column::Stock, Expr::col(products::Column::Stock).add(change))
        .col_expr(products::Column::Version, Expr::col(products::Column::Version).add(1))
        .filter(products::COLUMN.id.is_in(product_ids(order)));
    update.exec(transaction).await.map(drop)
}

fn product_ids(order: &Order) -> impl Iterator<Item = String> {
    order.lines.iter().map(|line| line.product_id.to_string())
}

/// As [`failure`], for what the tables' constraints can refuse. An order that is inserted twice breaks two unique keys, and
/// either is told as that of the idempotency key.
fn place_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::KeyTaken,
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::CustomerGone,
        _ => failure(error),
    }
}
