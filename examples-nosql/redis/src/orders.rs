//! Orders, each kept in a hash with its lines, with sorted sets of their ids beside them.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order, its idempotency key, its place in two listings, and that its customer is there |
//! | by what means | one script, `place_order.lua`: Redis runs nothing else while it looks at everything and then writes everything |
//! | what a crash in the middle leaves | nothing: a script's writes are in the log as one transaction, and one without its end is dropped when the log is read. What has an answer is on the disk |
//! | what it costs | one round trip, of 0.6 kB for one line and 5 kB for twenty, and one `fsync`. All others wait for 0.1 to 0.2 ms meanwhile, but nobody is ever told to try again |
//!
//! Not done: `WATCH`, `MULTI` and `EXEC`. They take three round trips on a connection of one's own, which here many calls
//! share, and tell all but one of those who want the same product to begin anew: of 200 at once, the last would try 200
//! times. Nor is the script sent again when its answer is lost: the service finds the order by its idempotency key.

use crate::connection::Database;
use crate::schema::{Hash, integer, read_order, unexpected, write_order};
use crate::scripts::{FIND_ORDER, FIND_ORDER_BY_KEY, LIST_ORDERS, PLACE_ORDER, UPDATE_ORDER};
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{Order, OrderId, OrderLine, OrderStatus, UserId};
use shared::repository::{OrderQuery, OrderRepository, Shortage, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// [`OrderRepository`] over the `redis` crate.
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
        let keys = &self.database.keys;
        let mut command =
            LIST_ORDERS.command(&[&keys.orders_of(query.customer, query.status), &keys.user(query.customer)]);
        let begin = query.after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        command.arg(&keys.order_prefix).arg(begin).arg(query.limit);
        let (orders, name): (Vec<Hash>, Option<String>) = self.database.run(context, &LIST_ORDERS, command).await?;
        orders.into_iter().map(|order| read_order((order, name.clone()))).collect()
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        // Sales are counted when an order is paid, which one that is placed never is.
        if order.status.is_sale() {
            return Err(unexpected("order", "status"));
        }
        let (keys, customer) = (&self.database.keys, order.customer.id);
        let mut touched = vec![
            keys.order(order.id),
            keys.user(customer),
            keys.orders_of(customer, None),
            keys.orders_of(customer, Some(order.status)),
            keys.idempotency_keys_of(customer),
        ];
        touched.extend(order.lines.iter().map(|line| keys.product(line.product_id)));
        let mut command = PLACE_ORDER.command(&touched.iter().map(String::as_str).collect::<Vec<_>>());
        write_order(order, &mut command)?;
        for line in &order.lines {
            command.arg(line.quantity);
        }
        let answer: Vec<Option<String>> = self.database.run(context, &PLACE_ORDER, command).await?;
        placed(&answer, &order.lines)
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let keys = &self.database.keys;
        let mut command = FIND_ORDER.command(&[&keys.order(id)]);
        command.arg(&keys.user_prefix);
        let found: Option<(Hash, Option<String>)> = self.database.run(context, &FIND_ORDER, command).await?;
        found.map(read_order).transpose()
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let keys = &self.database.keys;
        let mut command = FIND_ORDER_BY_KEY.command(&[&keys.idempotency_keys_of(customer), &keys.user(customer)]);
        command.arg(&keys.order_prefix).arg(key);
        let found: Option<(Hash, Option<String>)> = self.database.run(context, &FIND_ORDER_BY_KEY, command).await?;
        found.map(read_order).transpose()
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let (keys, customer, day) = (&self.database.keys, before.customer.id, before.created_at.day());
        let mut touched = vec![
            keys.order(before.id),
            keys.orders_of(customer, Some(before.status)),
            keys.orders_of(customer, Some(after.status)),
            keys.sales.clone(),
            keys.sales_of(day),
        ];
        touched.extend(before.lines.iter().map(|line| keys.product(line.product_id)));
        let mut command = UPDATE_ORDER.command(&touched.iter().map(String::as_str).collect::<Vec<_>>());
        command
            .arg(before.id.to_string())
            .arg(before.status.as_str())
            .arg(after.status.as_str())
            .arg(after.version)
            .arg(after.updated_at.as_millis())
            .arg(before.version)
            .arg(day.to_string())
            .arg(day.start_millis());
        let is_given_up = after.status == OrderStatus::Cancelled && before.status != OrderStatus::Cancelled;
        // It begins to count as a sale, ends to, or neither.
        let sign = i64::from(after.status.is_sale()) - i64::from(before.status.is_sale());
        let mut counted = BTreeSet::new();
        for line in &before.lines {
            let gets_back = if is_given_up { line.quantity } else { 0 };
            let orders = if counted.insert(&line.category) { sign } else { 0 };
            command.arg(gets_back).arg(&line.category).arg(orders);
            command.arg(sign * line.quantity).arg(sign * line.revenue_cents);
        }
        match self.database.run::<String>(context, &UPDATE_ORDER, command).await?.as_str() {
            "OK" => Ok(()),
            "VERSION_CONFLICT" => Err(StoreError::VersionConflict),
            _ => Err(unexpected("order", "status, product.stock, product.version or sales")),
        }
    }
}

/// What `place_order.lua` came to: a word, and behind `OUT_OF_STOCK` what is left for each line.
fn placed(answer: &[Option<String>], lines: &[OrderLine]) -> Result<(), StoreError> {
    let (word, left) = answer.split_first().unwrap_or((&None, &[]));
    match word.as_deref() {
        Some("OK") => Ok(()),
        Some("KEY_TAKEN") => Err(StoreError::KeyTaken),
        Some("CUSTOMER_GONE") => Err(StoreError::CustomerGone),
        Some("OUT_OF_STOCK") => {
            let shortages = lines.iter().zip(left).map(|(line, left)| {
                let left = left.as_deref().map(|left| integer(left).ok_or_else(|| unexpected("product", "stock")));
                Ok((line, left.transpose()?))
            });
            let shortages = shortages.collect::<Result<Vec<_>, StoreError>>()?.into_iter();
            let shortages = shortages.filter(|(line, left)| left.is_none_or(|left| left < line.quantity));
            let shortage = |(line, left): (&OrderLine, _)| Shortage { product_id: line.product_id, left };
            Err(StoreError::OutOfStock(shortages.map(shortage).collect()))
        }
        _ => Err(unexpected("product", "stock or version")),
    }
}
