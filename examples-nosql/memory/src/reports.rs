//! Reports, computed from memory.

use crate::connection::Database;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::CategorySales;
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The reports on a [`Database`].
pub struct Reports {
    database: Arc<Database>,
}

impl Reports {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ReportRepository for Reports {
    /// Walks through all orders: what an index or a counter would save here, the siblings show.
    async fn sales(&self, _context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let tables = self.database.read();
        let created = query.from_millis()..query.until_millis();
        let sold = tables
            .orders
            .values()
            .filter(|order| order.status.is_sale() && created.contains(&order.created_at.as_millis()));
        let mut by_category: BTreeMap<&str, CategorySales> = BTreeMap::new();
        for order in sold {
            let mut counted = BTreeSet::new();
            for line in &order.lines {
                let sales = by_category.entry(&line.category).or_insert_with(|| CategorySales {
                    category: line.category.clone(),
                    orders: 0,
                    units: 0,
                    revenue_cents: 0,
                });
                sales.orders += i64::from(counted.insert(&line.category));
                sales.units += line.quantity;
                sales.revenue_cents += line.revenue_cents;
            }
        }
        let mut sales: Vec<CategorySales> = by_category.into_values().collect();
        // Stable: categories of the same revenue stay in their order.
        sales.sort_by_key(|sales| std::cmp::Reverse(sales.revenue_cents));
        Ok(sales)
    }
}
