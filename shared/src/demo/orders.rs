//! The demo orders: what the demo users have ordered in 2025, and what became of it.

use super::products::{PRODUCTS, product};
use super::{USERS, at, id, pick, spread, unusable_hash, user};
use crate::context::RequestContext;
use crate::domain::{Customer, Order, OrderId, OrderStatus, Product};
use crate::repository::{Repositories, StoreError};

/// How many demo orders there are.
pub const ORDERS: u64 = 240;

/// Their ids are spread from other numbers than the users' and the products'.
const OFFSET: u64 = 2_000_000;

/// 2025-02-01T08:00:00Z: when the first was placed; each follows some hours later, to the end of the year.
const FIRST_MILLIS: u64 = 1_738_396_800_000;
const STEP_MILLIS: u64 = 119_000_000;

const HOUR_MILLIS: i64 = 3_600_000;

/// Of twenty orders, what they came to.
const STATUSES: [OrderStatus; 20] = {
    use OrderStatus::{Cancelled, Paid, Pending, Shipped};
    [
        Shipped, Paid, Shipped, Cancelled, Shipped, Pending, Shipped, Shipped, Paid, Shipped, Cancelled, Shipped,
        Pending, Shipped, Shipped, Paid, Shipped, Pending, Shipped, Cancelled,
    ]
};

/// The demo order of this number, 1 to [`ORDERS`], as it is when all is done.
pub fn order(number: u64) -> Order {
    let millis = FIRST_MILLIS + number * STEP_MILLIS;
    let chance = spread(OFFSET + number);
    let customer = user(1 + chance % USERS, unusable_hash());
    let status = usize::try_from(number).ok().and_then(|number| STATUSES.get(number % STATUSES.len()));
    let status = status.copied().unwrap_or(OrderStatus::Pending);
    let id = OrderId::from_bytes(id(millis, OFFSET + number));
    let placed = Order::new(id, Customer::from(&customer), &lines(number), at(millis));
    steps(status).iter().fold(placed, |order, step| moved(&order, *step))
}

/// One to four products, each once, mostly a few of each, and now and then enough for a discount.
fn lines(number: u64) -> Vec<(Product, i64)> {
    let chance = |index: u64| spread(OFFSET * 2 + number * 10 + index);
    let first = chance(0) % PRODUCTS;
    let line = |index: u64| {
        // 7 steps away from each other, hence never the same.
        let product = product(1 + (first + index * 7) % PRODUCTS);
        (product, pick(&[1, 1, 2, 1, 3, 1, 2, 10, 1, 4], chance(index + 1)))
    };
    (0..1 + chance(9) % 4).map(line).collect()
}

/// How an order becomes what it is.
fn steps(status: OrderStatus) -> &'static [OrderStatus] {
    match status {
        OrderStatus::Pending => &[],
        OrderStatus::Paid => &[OrderStatus::Paid],
        OrderStatus::Shipped => &[OrderStatus::Paid, OrderStatus::Shipped],
        OrderStatus::Cancelled => &[OrderStatus::Cancelled],
    }
}

/// The order one step later, which comes some hours later.
fn moved(order: &Order, status: OrderStatus) -> Order {
    let millis = order.updated_at.as_millis() + 5 * HOUR_MILLIS;
    let updated_at = u64::try_from(millis).map_or(order.updated_at, at);
    order.moved(status, updated_at)
}

/// Places the order and moves it on, from wherever it is by now.
pub(super) async fn keep(context: &RequestContext, repositories: &Repositories, number: u64) -> Result<(), StoreError> {
    let last = order(number);
    let first = Order { status: OrderStatus::Pending, version: 1, updated_at: last.created_at, ..last.clone() };
    match repositories.orders.place(context, &first).await {
        Ok(()) | Err(StoreError::KeyTaken) => {}
        // Somebody has deleted what it needs, before it came about.
        Err(StoreError::OutOfStock(_) | StoreError::CustomerGone) => return Ok(()),
        Err(error) => return Err(error),
    }
    let mut before = first;
    for step in steps(last.status) {
        let after = moved(&before, *step);
        match repositories.orders.update(context, &before, &after).await {
            // It has come as far already.
            Ok(()) | Err(StoreError::VersionConflict) => before = after,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
