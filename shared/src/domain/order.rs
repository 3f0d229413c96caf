//! An order: lines that are copies of products, a customer that is a reference, and a status.

use super::{OrderId, Product, ProductId, Timestamp, User, UserId, price};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;

/// An order as services and stores know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Made by the service.
    pub id: OrderId,
    /// Who placed it.
    pub customer: Customer,
    /// How far it has come.
    pub status: OrderStatus,
    /// 1 to 20, in the order of the request, each product once.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines' totals, in cents.
    pub subtotal_cents: i64,
    /// What is taken off, in cents.
    pub discount_cents: i64,
    /// What is to be paid, in cents.
    pub total_cents: i64,
    /// What the client called its request, so that it can be sent again; unique for a customer.
    pub idempotency_key: Option<String>,
    /// 1, 2, ...: raised by each change of status; the entity tag.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
}

impl Order {
    /// An order of so many of each of these products, as it is first kept: priced, pending, without an idempotency key.
    pub fn new<P: Borrow<Product>>(
        id: OrderId,
        customer: Customer,
        products: &[(P, i64)],
        created_at: Timestamp,
    ) -> Self {
        let prices: Vec<(i64, i64)> =
            products.iter().map(|(product, quantity)| (product.borrow().price_cents, *quantity)).collect();
        let priced = price(&prices);
        let line = |((product, quantity), revenue_cents): (&(P, i64), i64)| {
            let product = product.borrow();
            OrderLine {
                product_id: product.id,
                name: product.name.clone(),
                category: product.category.clone(),
                unit_price_cents: product.price_cents,
                quantity: *quantity,
                total_cents: product.price_cents * quantity,
                revenue_cents,
            }
        };
        Self {
            id,
            customer,
            status: OrderStatus::Pending,
            lines: products.iter().zip(priced.revenues).map(line).collect(),
            subtotal_cents: priced.subtotal_cents,
            discount_cents: priced.discount_cents,
            total_cents: priced.total_cents,
            idempotency_key: None,
            version: 1,
            created_at,
            updated_at: created_at,
        }
    }

    /// The order as a change of its status leaves it.
    pub fn moved(&self, status: OrderStatus, updated_at: Timestamp) -> Self {
        Self { status, version: self.version + 1, updated_at, ..self.clone() }
    }
}

/// The customer of an order. Only the id is kept with it: the name is today's, looked up when the order is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// The user's id. There is always such a user.
    pub id: UserId,
    /// The user's name as it is now.
    pub name: String,
}

impl From<&User> for Customer {
    fn from(user: &User) -> Self {
        Self { id: user.id, name: user.name.clone() }
    }
}

/// A line of an order. Name, category and price are copies, taken when the order was placed: the product may have changed
/// since, or be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The product, which may be gone by now.
    pub product_id: ProductId,
    /// What it was called.
    pub name: String,
    /// What category it was in; for the report.
    pub category: String,
    /// What one cost, in cents.
    pub unit_price_cents: i64,
    /// How many, 1 to 1,000.
    pub quantity: i64,
    /// Unit price times quantity, in cents.
    pub total_cents: i64,
    /// The line's share of the order's total, after discounts, in cents; for the report. The shares add up to the total.
    pub revenue_cents: i64,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed: its stock is taken.
    Pending,
    /// Paid: it counts as a sale.
    Paid,
    /// On its way. There is no way back.
    Shipped,
    /// Given up: its stock was given back.
    Cancelled,
}

impl OrderStatus {
    /// All of them, in the order in which an order may go through them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Paid, Self::Shipped, Self::Cancelled];

    /// As the contract and every store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`OrderStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The workflow: `pending → paid → shipped`, `pending → cancelled` and `paid → cancelled`.
    pub fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Paid | Self::Cancelled) | (Self::Paid, Self::Shipped | Self::Cancelled)
        )
    }

    /// Whether an order with this status counts as a sale.
    pub fn is_sale(self) -> bool {
        matches!(self, Self::Paid | Self::Shipped)
    }
}

#[cfg(test)]
mod tests {
    use super::OrderStatus;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
    use proptest::sample::select;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(OrderStatus::parse("Paid"), None);
    }

    #[test]
    fn four_transitions_are_legal_and_the_other_twelve_are_not() {
        let legal = ["pending paid", "pending cancelled", "paid shipped", "paid cancelled"];
        for from in OrderStatus::ALL {
            for to in OrderStatus::ALL {
                let name = format!("{} {}", from.as_str(), to.as_str());
                assert_eq!(from.can_become(to), legal.contains(&name.as_str()), "{name}");
            }
        }
    }

    fn wishes() -> impl Strategy<Value = Vec<OrderStatus>> {
        proptest::collection::vec(select(OrderStatus::ALL.to_vec()), 0..20)
    }

    proptest! {
        /// Whatever is asked for, an order changes at most twice, is never pending again, and never comes back from an end.
        #[test]
        fn an_order_only_goes_forward(wishes in wishes()) {
            let (mut status, mut changes) = (OrderStatus::Pending, 0);
            for wish in wishes {
                let ended = matches!(status, OrderStatus::Shipped | OrderStatus::Cancelled);
                if status.can_become(wish) {
                    prop_assert_eq!((ended, wish == OrderStatus::Pending), (false, false));
                    (status, changes) = (wish, changes + 1);
                }
            }
            prop_assert!(changes <= 2);
        }
    }
}
