//! Orders, kept in memory.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order, its idempotency key, and that its customer is there |
//! | by what means | one write lock around all maps: everything is looked at first, then everything is written |
//! | what a crash in the middle leaves | nothing at all, as of everything in this store |
//! | what it costs | no round trip; all others wait while it looks and writes |

use crate::connection::Database;
use crate::schema::Tables;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{Customer, Order, OrderId, OrderStatus, UserId};
use shared::repository::{OrderQuery, OrderRepository, Shortage, StoreError};
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
    async fn list(&self, _context: &RequestContext, query: &OrderQuery) -> Result<Vec<Order>, StoreError> {
        let tables = self.database.read();
        let orders = tables.orders_of(query.customer, query.after);
        let orders = orders.filter(|order| query.status.is_none_or(|status| order.status == status));
        Ok(orders.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).map(|order| named(&tables, order)).collect())
    }

    async fn place(&self, _context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let customer = order.customer.id;
        let key = order.idempotency_key.clone().map(|key| (customer, key));
        // An id is never made twice: an order with this id is this order, placed before.
        if key.as_ref().is_some_and(|key| tables.ids_by_key.contains_key(key)) || tables.orders.contains_key(&order.id)
        {
            return Err(StoreError::KeyTaken);
        }
        if !tables.users.contains_key(&customer) {
            return Err(StoreError::CustomerGone);
        }
        let shortages: Vec<Shortage> = order
            .lines
            .iter()
            .map(|line| (line, tables.products.get(&line.product_id).map(|product| product.stock)))
            .filter(|(line, left)| left.is_none_or(|left| left < line.quantity))
            .map(|(line, left)| Shortage { product_id: line.product_id, left })
            .collect();
        if !shortages.is_empty() {
            return Err(StoreError::OutOfStock(shortages));
        }
        for line in &order.lines {
            if let Some(product) = tables.products.get_mut(&line.product_id) {
                product.stock -= line.quantity;
                product.version += 1;
            }
        }
        tables
            .orders
            .insert(order.id, Order { customer: Customer { id: customer, name: String::new() }, ..order.clone() });
        tables.ids_by_customer.insert((customer, order.id));
        tables.ids_by_key.extend(key.map(|key| (key, order.id)));
        Ok(())
    }

    async fn find(&self, _context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let tables = self.database.read();
        Ok(tables.orders.get(&id).map(|order| named(&tables, order)))
    }

    async fn find_by_key(
        &self,
        _context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let tables = self.database.read();
        let id = tables.ids_by_key.get(&(customer, key.to_owned()));
        Ok(id.and_then(|id| tables.orders.get(id)).map(|order| named(&tables, order)))
    }

    async fn update(&self, _context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let stored = tables.orders.get_mut(&after.id).filter(|stored| stored.version == before.version);
        let stored = stored.ok_or(StoreError::VersionConflict)?;
        (stored.status, stored.version, stored.updated_at) = (after.status, after.version, after.updated_at);
        if after.status == OrderStatus::Cancelled {
            for line in &after.lines {
                if let Some(product) = tables.products.get_mut(&line.product_id) {
                    product.stock += line.quantity;
                    product.version += 1;
                }
            }
        }
        Ok(())
    }
}

/// The order with its customer's name of today.
fn named(tables: &Tables, order: &Order) -> Order {
    let id = order.customer.id;
    let name = tables.users.get(&id).map(|user| user.name.clone()).unwrap_or_default();
    Order { customer: Customer { id, name }, ..order.clone() }
}
