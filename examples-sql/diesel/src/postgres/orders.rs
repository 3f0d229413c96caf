//! Orders, kept in PostgreSQL by Diesel.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order with its lines and its idempotency key, and that its customer is there |
//! | by what means | one transaction. It locks the products (`SELECT ... FOR UPDATE`) in the order of their ids, so that no two orders wait for each other in a ring; the foreign key locks the customer |
//! | what a crash in the middle leaves | nothing: the server rolls back what was not committed, at its start or when the connection is gone |
//! | what it costs | six round trips, whatever the number of lines: `BEGIN`, the locks, the order, its lines, the stock, `COMMIT`; three if it is refused for its stock. Orders of one product wait for each other for four of them |
//!
//! A deadlock with somebody who locks otherwise is ended by the server, and the whole is tried again.
//!
//! Not done: a conditional `UPDATE` for each line, which would be as safe and a round trip for each; `SERIALIZABLE`, which
//! would find out at the end, and start again, where a lock waits at the beginning.

use super::connection::{Database, failure};
use crate::schema::{
    OrderHead, OrderLineRow, OrderRow, PreparedOnce, order_lines, orders, product_ids, products, shortages, users,
    whole_orders,
};
use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, NullableExpressionMethods, QueryDsl, SelectableHelper};
use diesel::result::{DatabaseErrorKind, Error as DieselError, QueryResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use shared::context::RequestContext;
use shared::domain::{Order, OrderId, OrderStatus, UserId};
use shared::repository::{OrderQuery, OrderRepository, StoreError};
use std::sync::Arc;

/// The orders in a [`Database`].
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
        let (customer, status) = (query.customer.to_string(), query.status);
        let after = query.after.map_or_else(String::new, |id| id.to_string());
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let connection = session.connection()?;
                let page = orders::table.inner_join(users::table).filter(orders::customer_id.eq(&customer));
                let page = page.filter(orders::id.gt(&after)).order(orders::id).limit(query.limit.into());
                let page = page.select((OrderRow::as_select(), users::name));
                let heads = match status {
                    None => page.load(connection).await,
                    Some(status) => page.filter(orders::status.eq(status.as_str())).load(connection).await,
                };
                let rows = with_lines(connection, heads).await;
                session.end(rows).map_err(failure).and_then(whole_orders)
            })
            .await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let (row, lines, ids) = (OrderRow::from(order), OrderLineRow::of(order), product_ids(order));
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let transaction = async |connection: &mut AsyncPgConnection| {
                    let shortages = shortages(order, lock_products(connection, &ids).await?);
                    // Nothing is written yet: a commit of nothing is as good as a rollback.
                    if !shortages.is_empty() {
                        return Ok(Err(StoreError::OutOfStock(shortages)));
                    }
                    diesel::insert_into(orders::table).values(&row).execute(connection).await?;
                    PreparedOnce(diesel::insert_into(order_lines::table).values(&lines)).execute(connection).await?;
                    change_stock(connection, &row.id, &ids, -1).await.map(Ok)
                };
                let placed = session.connection()?.transaction(transaction).await;
                session.end(placed).map_err(write_failure)?
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let id = id.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let connection = session.connection()?;
                let found = orders::table.inner_join(users::table).filter(orders::id.eq(&id));
                let head = found.select((OrderRow::as_select(), users::name)).load(connection).await;
                let rows = with_lines(connection, head).await;
                Ok(session.end(rows).map_err(failure).and_then(whole_orders)?.pop())
            })
            .await
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let customer = customer.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let connection = session.connection()?;
                let found = orders::table.inner_join(users::table).filter(orders::customer_id.eq(&customer));
                let found = found.filter(orders::idempotency_key.eq(key));
                let head = found.select((OrderRow::as_select(), users::name)).load(connection).await;
                let rows = with_lines(connection, head).await;
                Ok(session.end(rows).map_err(failure).and_then(whole_orders)?.pop())
            })
            .await
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let connection = session.connection()?;
                let changed = match after.status {
                    OrderStatus::Cancelled => cancel(connection, before, after).await,
                    _ => change_status(connection, before, after).await,
                };
                match session.end(changed).map_err(failure)? {
                    0 => Err(StoreError::VersionConflict),
                    _ => Ok(()),
                }
            })
            .await
    }
}

/// The orders' rows with those of their lines. Those are never changed, so it does not matter that this is a second look.
async fn with_lines(
    connection: &mut AsyncPgConnection,
    heads: QueryResult<Vec<OrderHead>>,
) -> QueryResult<(Vec<OrderHead>, Vec<OrderLineRow>)> {
    let heads = heads?;
    if heads.is_empty() {
        return Ok((heads, Vec::new()));
    }
    let ids: Vec<String> = heads.iter().map(|(row, _)| row.id.clone()).collect();
    let lines = order_lines::table.filter(order_lines::order_id.eq_any(&ids)).select(OrderLineRow::as_select());
    let lines = lines.order((order_lines::order_id, order_lines::position)).load(connection).await?;
    Ok((heads, lines))
}

/// Keeps everybody else from changing these products, and gives the stock of those that are there. In the order of the
/// ids, whatever the order of the lines.
async fn lock_products(connection: &mut AsyncPgConnection, ids: &[String]) -> QueryResult<Vec<(String, i64)>> {
    let products = products::table.filter(products::id.eq_any(ids)).order(products::id).for_update();
    products.select((products::id, products::stock)).load(connection).await
}

/// Adds to the stock of these products what the order has of each, so many times: -1 takes it, 1 gives it back.
async fn change_stock(
    connection: &mut AsyncPgConnection,
    order_id: &str,
    ids: &[String],
    times: i64,
) -> QueryResult<()> {
    let line = order_lines::table.filter(order_lines::order_id.eq(order_id));
    let line = line.filter(order_lines::product_id.eq(products::id));
    let change = line.select(order_lines::quantity * times).single_value().assume_not_null();
    let changes = (products::stock.eq(products::stock + change), products::version.eq(products::version + 1));
    let update = diesel::update(products::table.filter(products::id.eq_any(ids))).set(changes);
    PreparedOnce(update).execute(connection).await.map(drop)
}

/// Writes the status, and counts the orders that still had the version that it comes after.
async fn change_status(connection: &mut AsyncPgConnection, before: &Order, after: &Order) -> QueryResult<usize> {
    let stored = orders::table.find(after.id.to_string()).filter(orders::version.eq(before.version));
    let changes = (
        orders::status.eq(after.status.as_str()),
        orders::version.eq(after.version),
        orders::updated_at.eq(after.updated_at.as_millis()),
    );
    PreparedOnce(diesel::update(stored).set(changes)).execute(connection).await
}

/// As [`change_status`], and gives the stock back in the same transaction. The order's row is locked by then: of two who
/// cancel it, the second one finds another version, and gives nothing back.
async fn cancel(connection: &mut AsyncPgConnection, before: &Order, after: &Order) -> QueryResult<usize> {
    let (id, ids) = (after.id.to_string(), product_ids(after));
    let transaction = async |connection: &mut AsyncPgConnection| {
        let changed = change_status(connection, before, after).await?;
        if changed > 0 {
            lock_products(connection, &ids).await?;
            change_stock(connection, &id, &ids, 1).await?;
        }
        Ok(changed)
    };
    connection.transaction(transaction).await
}

/// What an error of the order's INSERT means to a service. The table has two unique keys; an id is never made twice, so that
/// the other one, too, says that this order is there already. What it refers to is its customer.
fn write_failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::KeyTaken,
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => StoreError::CustomerGone,
        error => failure(error),
    }
}
