//! Orders, kept in SQLite by Diesel.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order with its lines and its idempotency key, and that its customer is there |
//! | by what means | one transaction of the one writer: nobody else writes between the look at the stock and the change of it |
//! | what a crash in the middle leaves | nothing: what is not committed to the write-ahead log is not read from it again |
//! | what it costs | no round trip; four statements inside the process, whatever the number of lines, and one `fsync` that up to 64 writes share |
//!
//! Orders that are committed together do not share their fate: each has a savepoint, so that one which is refused undoes
//! itself and none of its neighbours.
//!
//! Not done: a conditional `UPDATE` for each line, as a store with several writers at a time would need. Here all lines are
//! looked at first, so an order that is refused has written nothing, and knows of every line that it is refused for.

use super::connection::{Database, failure};
use crate::schema::{
    OrderHead, OrderLineRow, OrderRow, PreparedOnce, order_lines, orders, product_ids, products, shortages, users,
    whole_orders,
};
use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, NullableExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper};
use diesel::result::{DatabaseErrorKind, Error as DieselError, QueryResult};
use diesel::sqlite::SqliteConnection;
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
        let OrderQuery { customer, status, after, limit } = query.clone();
        let (customer, after) = (customer.to_string(), after.map_or_else(String::new, |id| id.to_string()));
        self.database
            .read(context, move |connection| {
                let page = orders::table.inner_join(users::table).filter(orders::customer_id.eq(&customer));
                let page = page.filter(orders::id.gt(&after)).order(orders::id).limit(i64::from(limit));
                let page = page.select((OrderRow::as_select(), users::name));
                let heads = match status {
                    None => page.load(connection),
                    Some(status) => page.filter(orders::status.eq(status.as_str())).load(connection),
                };
                with_lines(connection, heads.map_err(failure)?)
            })
            .await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let order = order.clone();
        self.database
            .write(context, move |connection| {
                let (row, lines, ids) = (OrderRow::from(&order), OrderLineRow::of(&order), product_ids(&order));
                let stocks = products::table.filter(products::id.eq_any(&ids)).select((products::id, products::stock));
                let shortages = shortages(&order, PreparedOnce(stocks).load(connection).map_err(failure)?);
                if !shortages.is_empty() {
                    return Err(StoreError::OutOfStock(shortages));
                }
                diesel::insert_into(orders::table).values(&row).execute(connection).map_err(write_failure)?;
                diesel::insert_into(order_lines::table).values(&lines).execute(connection).map_err(failure)?;
                change_stock(connection, &row.id, &ids, -1).map_err(failure)
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let id = id.to_string();
        self.database
            .read(context, move |connection| {
                let found = orders::table.inner_join(users::table).filter(orders::id.eq(&id));
                let head = found.select((OrderRow::as_select(), users::name)).load(connection).map_err(failure)?;
                Ok(with_lines(connection, head)?.pop())
            })
            .await
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let (customer, key) = (customer.to_string(), key.to_owned());
        self.database
            .read(context, move |connection| {
                let found = orders::table.inner_join(users::table).filter(orders::customer_id.eq(&customer));
                let found = found.filter(orders::idempotency_key.eq(&key));
                let head = found.select((OrderRow::as_select(), users::name)).load(connection).map_err(failure)?;
                Ok(with_lines(connection, head)?.pop())
            })
            .await
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let (expected_version, after) = (before.version, after.clone());
        self.database
            .write(context, move |connection| {
                let id = after.id.to_string();
                let stored = orders::table.find(&id).filter(orders::version.eq(expected_version));
                let changes = (
                    orders::status.eq(after.status.as_str()),
                    orders::version.eq(after.version),
                    orders::updated_at.eq(after.updated_at.as_millis()),
                );
                let update = diesel::update(stored).set(changes).returning(orders::version);
                let changed: Vec<i64> = PreparedOnce(update).load(connection).map_err(failure)?;
                if changed.is_empty() {
                    return Err(StoreError::VersionConflict);
                }
                if after.status == OrderStatus::Cancelled {
                    change_stock(connection, &id, &product_ids(&after), 1).map_err(failure)?;
                }
                Ok(())
            })
            .await
    }
}

/// The orders with their lines. Those are never changed, so it does not matter that this is a second look.
fn with_lines(connection: &mut SqliteConnection, heads: Vec<OrderHead>) -> Result<Vec<Order>, StoreError> {
    let ids = heads.iter().map(|(row, _)| row.id.as_str());
    let lines = order_lines::table.filter(order_lines::order_id.eq_any(ids)).select(OrderLineRow::as_select());
    let lines = lines.order((order_lines::order_id, order_lines::position));
    let lines = if heads.is_empty() { Vec::new() } else { PreparedOnce(lines).load(connection).map_err(failure)? };
    whole_orders((heads, lines))
}

/// Adds to the stock of these products what the order has of each, so many times: -1 takes it, 1 gives it back.
fn change_stock(connection: &mut SqliteConnection, order_id: &str, ids: &[String], times: i64) -> QueryResult<()> {
    let line = order_lines::table.filter(order_lines::order_id.eq(order_id));
    let line = line.filter(order_lines::product_id.eq(products::id));
    let change = line.select(order_lines::quantity * times).single_value().assume_not_null();
    let changes = (products::stock.eq(products::stock + change), products::version.eq(products::version + 1));
    let update = diesel::update(products::table.filter(products::id.eq_any(ids))).set(changes);
    PreparedOnce(update.returning(products::version)).load::<i64>(connection).map(drop)
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
