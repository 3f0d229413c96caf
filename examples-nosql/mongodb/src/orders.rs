//! Orders, kept in the collection `orders`, with their lines in them.
//!
//! # Placing an order
//!
//! | question | answer |
//! | --- | --- |
//! | what is atomic | the stock and version of each line's product, the order with its lines and its idempotency key, and the mark `hasOrders` on its customer, without which the user could be deleted |
//! | by what means | a transaction over several documents: each stock is lowered by a command that only matches while there is enough, and the unique index refuses a key that was used. What meets another transaction is taken back by the server and begins anew, within the call's time; orders of one product queue in this process, so that they meet those of other processes only |
//! | what a crash in the middle leaves | of this process: nothing that anybody sees, but the server holds the products of the open transaction for others until it ends it, after a minute (`transactionLifetimeLimitSeconds`). Of the server: the order as a whole if its commit was in the journals of most members, else nothing. Who gets no answer finds out by the idempotency key |
//! | what it costs | 4 round trips, whatever the number of lines: `update` (all products), `update` (the customer), `insert`, `commitTransaction`. Too little stock: `update`, `abortTransaction`, `find`. Each meeting with another process costs those again that were sent, `abortTransaction`, and a pause of 1 to 10 ms |
//!
//! What was not done: to do without a transaction, by taking the stock product by product and giving it back when the third
//! of five is short. It meets nobody, but others see stock that comes and goes, and a crash in the middle leaves stock that
//! nobody has, until something finds it. Nor are orders counted on the user: every order would then write to its customer's
//! document, and two orders of one customer would meet. `hasOrders` is written once, and to set what is set writes nothing.

use crate::connection::{Call, Database, failure, is_duplicate};
use crate::products;
use crate::schema::{
    BY_CUSTOMER, BY_CUSTOMER_AND_STATUS, BY_KEY, OrderDocument, PRODUCTS, USERS, date, read_all, through, uuid,
};
use crate::transaction::Transaction;
use async_trait::async_trait;
use mongodb::ClientSession;
use mongodb::action::Action as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;
use mongodb::options::Hint;
use shared::context::RequestContext;
use shared::domain::{Order, OrderId, OrderLine, OrderStatus, ProductId, UserId};
use shared::repository::{OrderQuery, OrderRepository, Shortage, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

/// [`OrderRepository`] over MongoDB's driver.
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
        // There is no `$limit` of 0.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! { "customerId": uuid(query.customer.as_bytes()) };
        if let Some(status) = query.status {
            filter.insert("status", status.as_str());
        }
        if let Some(after) = query.after {
            filter.insert("_id", doc! { "$gt": uuid(after.as_bytes()) });
        }
        let index = through(if query.status.is_some() { BY_CUSTOMER_AND_STATUS } else { BY_CUSTOMER });
        let limit = query.limit;
        let work = async move |call: Call| named(&call, filter, limit, Some(index)).await;
        self.database.call(context, work).await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        let order = order.clone();
        let products = products_of(&order.lines);
        self.database.call_in_turn(context, products, async move |call: Call| place(&call, &order).await).await
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let filter = doc! { "_id": uuid(id.as_bytes()) };
        let work = async move |call: Call| Ok(named(&call, filter, 1, None).await?.pop());
        self.database.call(context, work).await
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let filter = doc! { "customerId": uuid(customer.as_bytes()), "idempotencyKey": key };
        let work = async move |call: Call| Ok(named(&call, filter, 1, Some(through(BY_KEY))).await?.pop());
        self.database.call(context, work).await
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        let (expected_version, after) = (before.version, after.clone());
        if after.status != OrderStatus::Cancelled {
            let work = async move |call: Call| {
                let moved = set_status(&call, &after, expected_version, None).await.map_err(failure)?;
                if moved { Ok(()) } else { Err(StoreError::VersionConflict) }
            };
            return self.database.call(context, work).await;
        }
        let work = async move |call: Call| cancel(&call, &after, expected_version).await;
        self.database.call_in_turn(context, products_of(&before.lines), work).await
    }
}

/// The orders that match, oldest first, each with its customer's name of today. The server looks the names up (`$lookup`),
/// so one round trip gets both.
async fn named(call: &Call, filter: Document, limit: u32, index: Option<Hint>) -> Result<Vec<Order>, StoreError> {
    let pipeline = [
        doc! { "$match": filter },
        doc! { "$sort": { "_id": 1 } },
        doc! { "$limit": i64::from(limit) },
        doc! { "$lookup": { "from": USERS, "localField": "customerId", "foreignField": "_id", "as": "customers" } },
        doc! { "$set": { "customerName": { "$first": "$customers.name" } } },
        doc! { "$unset": "customers" },
    ];
    // Otherwise the first answer has 101 documents at most. One more than the limit, so that it is the last, too.
    let batch = limit.saturating_add(1).min(i32::MAX.unsigned_abs());
    let aggregate = call.orders().aggregate(pipeline).batch_size(batch);
    let aggregate = aggregate.optional(index, |aggregate, index| aggregate.hint(index));
    let aggregate = aggregate.optional(call.comment(), |aggregate, comment| aggregate.comment(comment));
    read_all::<OrderDocument, _>(aggregate.await.map_err(failure)?).await
}

/// Places an order, or says why not. What is short cannot be read in the transaction, which has lowered the stock of those
/// that are not; so it is read after that was taken back. If nothing is short any more, somebody has given some back in
/// between, and the order is placed after all.
async fn place(call: &Call, order: &Order) -> Result<(), StoreError> {
    let mut transaction = Transaction::of(call).await?;
    loop {
        let attempt = take_and_insert(call, transaction.begin().await?, order).await;
        match transaction.end(attempt, write_error).await {
            None => {}
            Some(Err(StoreError::OutOfStock(_))) => {
                let shortages = shortages(call, &order.lines).await?;
                if !shortages.is_empty() {
                    return Err(StoreError::OutOfStock(shortages));
                }
                if Instant::now() >= call.deadline() {
                    return Err(StoreError::TimedOut);
                }
            }
            Some(outcome) => return outcome,
        }
    }
}

/// The commands of the transaction but its last. The products come first: they are what others want, too, and a transaction
/// fails if what it writes to was changed since its first command.
async fn take_and_insert(
    call: &Call,
    session: &mut ClientSession,
    order: &Order,
) -> Result<Result<(), StoreError>, Error> {
    let take = |line: &OrderLine| {
        let enough = doc! { "_id": uuid(line.product_id.as_bytes()), "stock": { "$gte": line.quantity } };
        doc! { "q": enough, "u": { "$inc": { "stock": -line.quantity, "version": 1_i64 } } }
    };
    if change_products(call, session, &order.lines, take).await? != order.lines.len() {
        return Ok(Err(StoreError::OutOfStock(Vec::new())));
    }
    let customer = doc! { "_id": uuid(order.customer.id.as_bytes()) };
    let mark = call.users().update_one(customer, doc! { "$set": { "hasOrders": true } });
    let mark = mark.optional(call.comment(), |mark, comment| mark.comment(comment));
    if mark.session(&mut *session).await?.matched_count != 1 {
        return Ok(Err(StoreError::CustomerGone));
    }
    let insert = call.orders().insert_one(OrderDocument::from(order));
    insert.optional(call.comment(), |insert, comment| insert.comment(comment)).session(session).await?;
    Ok(Ok(()))
}

/// Cancels an order and gives its stock back.
async fn cancel(call: &Call, after: &Order, expected_version: i64) -> Result<(), StoreError> {
    let mut transaction = Transaction::of(call).await?;
    loop {
        let attempt = cancel_and_give_back(call, transaction.begin().await?, after, expected_version).await;
        if let Some(outcome) = transaction.end(attempt, failure).await {
            return outcome;
        }
    }
}

/// The commands of the transaction but its last. Products that are gone match nothing.
async fn cancel_and_give_back(
    call: &Call,
    session: &mut ClientSession,
    after: &Order,
    expected_version: i64,
) -> Result<Result<(), StoreError>, Error> {
    if !set_status(call, after, expected_version, Some(&mut *session)).await? {
        return Ok(Err(StoreError::VersionConflict));
    }
    let give_back = |line: &OrderLine| {
        let product = doc! { "_id": uuid(line.product_id.as_bytes()) };
        doc! { "q": product, "u": { "$inc": { "stock": line.quantity, "version": 1_i64 } } }
    };
    change_products(call, session, &after.lines, give_back).await?;
    Ok(Ok(()))
}

/// Moves an order that has this version, in a transaction or by itself, and says whether there was one.
async fn set_status(
    call: &Call,
    after: &Order,
    expected_version: i64,
    session: Option<&mut ClientSession>,
) -> Result<bool, Error> {
    let same = doc! { "_id": uuid(after.id.as_bytes()), "version": expected_version };
    let (status, updated_at) = (after.status.as_str(), date(after.updated_at));
    let change = doc! { "$set": { "status": status, "version": after.version, "updatedAt": updated_at } };
    let update = call.orders().update_one(same, change);
    let update = update.optional(call.comment(), |update, comment| update.comment(comment));
    let updated = update.optional(session, |update, session| update.session(session)).await?;
    Ok(updated.matched_count == 1)
}

/// One statement for each line's product, all in one command, and says how many matched. The driver has such a command for
/// MongoDB 8 and later only (`bulk_write`), so it is written out.
///
/// In the order of the ids: of two transactions that want the same products in opposite orders, each would otherwise get
/// one and fail at the other's, and both begin anew.
async fn change_products(
    call: &Call,
    session: &mut ClientSession,
    lines: &[OrderLine],
    statement: impl Fn(&OrderLine) -> Document,
) -> Result<usize, Error> {
    let mut lines: Vec<&OrderLine> = lines.iter().collect();
    lines.sort_unstable_by_key(|line| line.product_id);
    let statements: Vec<Bson> = lines.into_iter().map(|line| statement(line).into()).collect();
    let mut command = doc! { "update": PRODUCTS, "updates": statements };
    command.extend(call.comment().map(|comment| ("comment".to_owned(), comment)));
    let answer = call.database().run_command(command).session(session).await?;
    // A statement that is refused, as one that the validator does not let pass, is told in an answer that is none.
    match (answer.get_array("writeErrors"), answer.get_i32("n")) {
        (Err(_), Ok(matched)) => Ok(usize::try_from(matched).unwrap_or_default()),
        _ => Err(Error::custom("the products could not be changed")),
    }
}

fn products_of(lines: &[OrderLine]) -> Vec<[u8; 16]> {
    lines.iter().map(|line| *line.product_id.as_bytes()).collect()
}

/// The lines of which there is too little now.
async fn shortages(call: &Call, lines: &[OrderLine]) -> Result<Vec<Shortage>, StoreError> {
    let ids: Vec<ProductId> = lines.iter().map(|line| line.product_id).collect();
    let products = products::find_many(call, &ids).await?;
    let left = |id| products.iter().find(|product| product.id == id).map(|product| product.stock);
    let lines =
        lines.iter().map(|line| (line.quantity, Shortage { product_id: line.product_id, left: left(line.product_id) }));
    Ok(lines
        .filter(|(wanted, shortage)| shortage.left.is_none_or(|left| left < *wanted))
        .map(|(_, shortage)| shortage)
        .collect())
}

/// As [`failure`], for the insert, which a unique index can refuse: that on customer and key, or that on `_id` if an order
/// is placed twice.
fn write_error(error: Error) -> StoreError {
    if is_duplicate(&error) { StoreError::KeyTaken } else { failure(error) }
}
