//! What of the demo data fits a request: somebody with orders, a product with stock, an order that is pending.

use shared::demo;
use shared::domain::{Order, OrderStatus, Product, User, UserId};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The products from this one on are those that are ordered.
pub(super) const ORDERED_FROM: u64 = 4;

/// Making one draws lots for all of its lines; there are a few hundred, and they never change.
static ORDERS: LazyLock<Vec<Order>> = LazyLock::new(|| (1..=demo::ORDERS).map(demo::order).collect());

pub(super) fn user(number: u64) -> User {
    demo::user(number, demo::unusable_hash())
}

pub(super) fn product(number: u64) -> Product {
    demo::product(number)
}

/// The first order that has come to this.
pub(super) fn order(status: OrderStatus) -> Order {
    ORDERS.iter().find(|order| order.status == status).cloned().unwrap_or_else(|| demo::order(1))
}

/// A user who can be deleted, and is none of those that other requests are for.
pub(super) fn user_without_orders() -> UserId {
    let customers: BTreeSet<UserId> = ORDERS.iter().map(|order| order.customer.id).collect();
    let mut users = (4..=demo::USERS).map(|number| user(number).id);
    users.find(|id| !customers.contains(id)).unwrap_or_else(|| user(4).id)
}

/// A user who cannot, for the orders.
pub(super) fn user_with_orders() -> UserId {
    demo::order(1).customer.id
}

#[cfg(test)]
mod tests {
    use super::{ORDERS, order, user, user_with_orders, user_without_orders};
    use shared::domain::OrderStatus;

    #[test]
    fn there_is_a_sample_of_everything() {
        for status in OrderStatus::ALL {
            assert_eq!(order(status).status, status);
        }
        let orders_of = |id| ORDERS.iter().filter(|order| order.customer.id == id).count();
        assert!(orders_of(user_with_orders()) > 0 && orders_of(user_without_orders()) == 0);
        assert!((1..=3).all(|number| user(number).id != user_without_orders()));
    }
}
