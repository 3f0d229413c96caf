//! Products and orders for the tests, and whether the books balance after what happened to them.

#![allow(clippy::unwrap_used, dead_code)]

use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Customer, Order, OrderId, OrderStatus, Product, Timestamp, User};
use shared::repository::{OrderQuery, Repositories};
use std::collections::{BTreeMap, BTreeSet};

/// So many of each product there are at first.
pub const STOCK: i64 = 100_000;

/// The demo product of this number, 1 to 60.
pub fn product(number: u64) -> Product {
    Product { stock: STOCK, ..demo::product(number) }
}

/// A new order of these products by their numbers, and of so many of each.
pub fn order(customer: &User, wanted: &[(u64, i64)]) -> Order {
    let wanted: Vec<_> = wanted.iter().map(|(number, quantity)| (product(*number), *quantity)).collect();
    Order::new(OrderId::generate(), Customer::from(customer), &wanted, Timestamp::now())
}

/// The order as a change of its status leaves it.
pub fn moved(order: &Order, status: OrderStatus) -> Order {
    order.moved(status, order.updated_at)
}

pub async fn orders_of(store: &Repositories, customer: &User) -> Vec<Order> {
    let query = OrderQuery { customer: customer.id, status: None, after: None, limit: 1_000_000 };
    store.orders.list(&RequestContext::internal("test"), &query).await.unwrap()
}

/// Every order that is there is whole, and is one of those that were tried; those that were acknowledged are there; and of
/// the products 1 to `products`, what is not in an order is in stock.
pub async fn check_books(
    store: &Repositories,
    customers: &[User],
    products: u64,
    tried: &BTreeMap<OrderId, Order>,
    acknowledged: &BTreeSet<OrderId>,
) {
    let mut there = BTreeMap::new();
    for customer in customers {
        there.extend(orders_of(store, customer).await.into_iter().map(|order| (order.id, order)));
    }
    let lost: Vec<_> = acknowledged.iter().filter(|id| !there.contains_key(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    for (id, order) in &there {
        assert_eq!(Some(order), tried.get(id));
    }
    for number in 1..=products {
        let product = product(number);
        let lines = there.values().flat_map(|order| &order.lines).filter(|line| line.product_id == product.id);
        let (mut units, mut orders) = (0, 0);
        lines.for_each(|line| (units, orders) = (units + line.quantity, orders + 1));
        let left = store.products.find(&RequestContext::internal("test"), product.id).await.unwrap().unwrap();
        assert_eq!((left.stock, left.version), (STOCK - units, 1 + orders), "{}", product.name);
    }
}
