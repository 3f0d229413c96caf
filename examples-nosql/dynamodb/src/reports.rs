//! Reports, read from counters: DynamoDB neither groups nor adds up.
//!
//! The transaction that pays an order raises the counters of its day and categories, and the one that cancels a paid order
//! lowers them, so they are right at every moment. What is read is one item for each day and category with a sale, however
//! many orders there are. The price is that those who pay orders of one day and category write the same item: some hundred
//! a second. Whoever outgrows that spreads each counter over several items and adds them up when they are read.

use crate::connection::Database;
use crate::requests::list;
use crate::schema::{self, Item, SALES, text};
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{CategorySales, Day, Timestamp};
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first and the last millisecond of the days that have four digits for the year, and so sort as text.
const YEARS_MILLIS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

/// [`ReportRepository`] over Amazon's SDK.
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
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let Some((from, to)) = days(query) else { return Ok(Vec::new()) };
        let client = self.database.client(context);
        let (from, to) = schema::sales_range(from, to);
        let counters = client
            .query()
            .table_name(&self.database.table)
            .consistent_read(true)
            .key_condition_expression("pk = :sales AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":sales", text(SALES))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to));
        let read = |item: &Item| schema::sales(item).map(Some);
        let counters = self.database.run(list(counters, None, u32::MAX, read)).await?;
        Ok(added_up(counters))
    }
}

/// The first and the last day of a query; none if there is none. DynamoDB refuses a range that ends before it begins.
fn days(query: &SalesQuery) -> Option<(Day, Day)> {
    let day = |millis: i64| Timestamp::from_millis(millis.clamp(YEARS_MILLIS.0, YEARS_MILLIS.1)).map(Timestamp::day);
    let (from, to) = (day(query.from_millis())?, day(query.until_millis().saturating_sub(1))?);
    (from <= to).then_some((from, to))
}

/// The counters of several days by category: highest revenue first, then by category.
fn added_up(counters: Vec<CategorySales>) -> Vec<CategorySales> {
    let mut by_category: BTreeMap<String, CategorySales> = BTreeMap::new();
    for counter in counters {
        match by_category.get_mut(&counter.category) {
            None => drop(by_category.insert(counter.category.clone(), counter)),
            Some(sales) => {
                sales.orders += counter.orders;
                sales.units += counter.units;
                sales.revenue_cents += counter.revenue_cents;
            }
        }
    }
    // The counters of sales that were all cancelled are still there.
    let mut sales: Vec<CategorySales> = by_category.into_values().filter(|sales| sales.orders > 0).collect();
    // Stable: categories of the same revenue stay in their order.
    sales.sort_by_key(|sales| Reverse(sales.revenue_cents));
    sales
}
