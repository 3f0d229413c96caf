//! Orders, kept as items of one table.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock of all lines, the order with its lines, its idempotency key, and that its customer is there |
//! | by what means | one `TransactWriteItems`: every write has its condition (`stock >= :least`, the user exists, the order and its key do not), and if one fails, none is done |
//! | what a crash in the middle leaves | nothing or all of it: of a request that DynamoDB has taken up the rest is done there, whoever dies. If its answer is lost, it is sent again with the same token, and is done once |
//! | what it costs | one round trip, for 1 line as for 20. It touches 5 items and one more for each line: at most 25 of the 100 that a transaction takes, and far from its 4 MB. In a transaction each costs twice what it would alone |
//!
//! A refusal says why: for each write DynamoDB gives a reason, and with `ALL_OLD` the item as it is, so that all shortages
//! and what is left are known without a second look.
//!
//! There is no lock. Transactions that meet on an item cancel each other, so those of one process wait for their turn
//! (`queues.rs`); those of several processes come again after random pauses (`contention.rs`), within the time limit.
//!
//! What was not done: a look at the stock before the write (it would cost a round trip, and hold for nothing); a product of
//! several items, each with a part of the stock, which would let more orders through at once and make "the last 50" a
//! search; a reservation first and an order later, which needs somebody to clear up after a crash.

use crate::connection::Database;
use crate::requests::{get, get_many, list};
use crate::schema::{self, BY_STATUS, Item, customer_key, name_of, order_key, product_key, text, user_key};
use crate::transaction::{Refusal, Transaction};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use shared::context::RequestContext;
use shared::domain::{Customer, Order, OrderId, OrderStatus, ProductId, UserId};
use shared::repository::{OrderQuery, OrderRepository, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// [`OrderRepository`] over Amazon's SDK.
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
        let client = self.database.client(context);
        let orders = client.query().table_name(&self.database.table).consistent_read(true);
        let orders = orders.expression_attribute_values(":orders", text(schema::orders_of(query.customer)));
        let orders = match query.status {
            None => orders.key_condition_expression("pk = :orders"),
            Some(status) => orders
                .index_name(BY_STATUS.0)
                .select(Select::AllAttributes)
                .key_condition_expression("pk = :orders AND begins_with(role_id, :status)")
                .expression_attribute_values(":status", text(schema::status_prefix(status))),
        };
        let start = query.after.map(|after| schema::order_start_key(query.customer, after, query.status));
        let read = |item: &Item| {
            let order = schema::order(item, "")?;
            Ok(query.status.is_none_or(|status| order.status == status).then_some(order))
        };
        self.database
            .run(async {
                let orders = list(orders, start, query.limit, read).await?;
                if orders.is_empty() {
                    return Ok(orders);
                }
                // The customer is in another collection, and no query reaches into two. One name is enough for all.
                let customer = get(&client, &self.database.table, user_key(query.customer)).await?;
                let name = name_of_customer(customer.as_ref())?;
                Ok(orders.into_iter().map(|order| named(order, &name)).collect())
            })
            .await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let client = self.database.client(context);
        let customer = order.customer.id;
        let mut transaction = Transaction::new(&self.database.table);
        if let Some(key) = &order.idempotency_key {
            transaction.put_new(schema::request(customer, key, order.id), StoreError::KeyTaken)?;
        }
        // An id is never made twice: an order with this id is this order, placed before.
        transaction.put_new(schema::pointer(customer, order.id), StoreError::KeyTaken)?;
        transaction.put_new(schema::order_item(order), StoreError::KeyTaken)?;
        transaction.require(user_key(customer), StoreError::CustomerGone)?;
        // What the user's deletion looks at. Not an attribute of the user, which an ordinary change of it would have to keep.
        transaction.add(customer_key(customer), &[("orders", 1)], None, Refusal::Never)?;
        for line in &order.lines {
            let changes = [("stock", -line.quantity), ("version", 1)];
            let least = Some(("stock", line.quantity));
            transaction.add(product_key(line.product_id), &changes, least, Refusal::Short(line.product_id))?;
        }
        self.database.run_in_turn(transaction.keys(), transaction.send(&client)).await
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                // An id does not tell whose order it is, and the order is kept with its customer's others.
                let pointer = get(&client, &self.database.table, schema::pointer_key(id)).await?;
                match pointer.as_ref().map(schema::pointer_to).transpose()? {
                    None => Ok(None),
                    Some(customer) => self.stored(&client, customer, id).await.map(Some),
                }
            })
            .await
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let request = get(&client, &self.database.table, schema::request_key(customer, key)).await?;
                match request.as_ref().map(schema::request_for).transpose()? {
                    None => Ok(None),
                    Some(id) => self.stored(&client, customer, id).await.map(Some),
                }
            })
            .await
    }

    /// One transaction: the status, the stock that goes back, the sales that the report counts. A product that is gone
    /// cannot be told from one that is there but by asking for it, so its stock is asked for like that of the others; if
    /// that is refused, the transaction is sent once more without it. Products that have gone do not come back.
    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let client = self.database.client(context);
        let keys = self.change(before, after, &[])?.keys();
        self.database
            .run_in_turn(keys, async {
                let mut gone = Vec::new();
                loop {
                    match self.change(before, after, &gone)?.send(&client).await {
                        Err(StoreError::OutOfStock(missing)) => gone.extend(missing.iter().map(|one| one.product_id)),
                        outcome => return outcome,
                    }
                }
            })
            .await
    }
}

impl Orders {
    /// An order that is there, with its customer's name.
    async fn stored(&self, client: &Client, customer: UserId, id: OrderId) -> Result<Order, StoreError> {
        let keys = [order_key(customer, id), user_key(customer)];
        let [order_name, customer_name] = keys.each_ref().map(name_of);
        let found = get_many(client, &self.database.table, keys.to_vec()).await?;
        let item = |name: &str| found.iter().find(|item| name_of(item) == name);
        let order =
            item(&order_name).ok_or_else(|| StoreError::Internal("a pointer to an order that is not there".into()))?;
        schema::order(order, &name_of_customer(item(&customer_name))?)
    }

    /// The change of an order's status, with everything that goes with it.
    fn change(&self, before: &Order, after: &Order, gone: &[ProductId]) -> Result<Transaction<'_>, StoreError> {
        let mut transaction = Transaction::new(&self.database.table);
        let key = order_key(after.customer.id, after.id);
        transaction.set(key, schema::status_attributes(after), before.version)?;
        match (before.status.is_sale(), after.status.is_sale()) {
            (false, true) => count_sales(&mut transaction, after, 1)?,
            (true, false) => count_sales(&mut transaction, after, -1)?,
            _ => {}
        }
        if after.status == OrderStatus::Cancelled {
            for line in after.lines.iter().filter(|line| !gone.contains(&line.product_id)) {
                let changes = [("stock", line.quantity), ("version", 1)];
                // At least 0: it is there.
                let least = Some(("stock", 0));
                transaction.add(product_key(line.product_id), &changes, least, Refusal::Short(line.product_id))?;
            }
        }
        Ok(transaction)
    }
}

/// Counts an order for the report: 1 as it becomes a sale, -1 as it ceases to be one.
fn count_sales(transaction: &mut Transaction<'_>, order: &Order, sign: i64) -> Result<(), StoreError> {
    let mut by_category: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for line in &order.lines {
        let (units, revenue_cents) = by_category.entry(&line.category).or_default();
        *units += line.quantity;
        *revenue_cents += line.revenue_cents;
    }
    for (category, (units, revenue_cents)) in by_category {
        let changes = [("orders", sign), ("units", sign * units), ("revenue_cents", sign * revenue_cents)];
        let key = schema::sales_key(order.created_at.day(), category);
        transaction.add(key, &changes, None, Refusal::Never)?;
    }
    Ok(())
}

/// What the customer of an order is called.
fn name_of_customer(item: Option<&Item>) -> Result<String, StoreError> {
    let item = item.ok_or_else(|| StoreError::Internal("an order of nobody".into()))?;
    schema::user(item).map(|user| user.name)
}

/// The order with its customer's name.
fn named(order: Order, name: &str) -> Order {
    Order { customer: Customer { name: name.to_owned(), ..order.customer }, ..order }
}
