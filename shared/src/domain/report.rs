//! What a report is made of.

use serde::Serialize;

/// The sales of one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategorySales {
    /// The category of the products when they were ordered.
    pub category: String,
    /// Orders with at least one line of it.
    pub orders: i64,
    /// Units of it.
    pub units: i64,
    /// The lines' shares of their orders' totals, after discounts, in cents.
    pub revenue_cents: i64,
}
