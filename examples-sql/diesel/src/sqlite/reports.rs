//! Reports, computed by SQLite.

use super::connection::{Database, failure};
use crate::schema::{PreparedOnce, order_lines, orders};
use async_trait::async_trait;
use diesel::AggregateExpressionMethods;
use diesel::dsl::{count, sql};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};
use diesel::sql_types::BigInt;
use shared::context::RequestContext;
use shared::domain::{CategorySales, OrderStatus};
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::sync::Arc;

/// By hand, because Diesel takes a sum of whole numbers to be a decimal one, which it is elsewhere.
const UNITS: &str = "SUM(order_lines.quantity)";
const REVENUE: &str = "SUM(order_lines.revenue_cents)";

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
    /// Reads the sales of those days, by the index on them, and their lines. What counters would save, they would cost
    /// with each order.
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let (from, until) = (query.from_millis(), query.until_millis());
        self.database
            .read(context, move |connection| {
                let sold = orders::status.eq(OrderStatus::Paid.as_str());
                let sold = sold.or(orders::status.eq(OrderStatus::Shipped.as_str()));
                let lines = order_lines::table.inner_join(orders::table).filter(sold);
                let lines = lines.filter(orders::created_at.ge(from)).filter(orders::created_at.lt(until));
                let (orders, units) = (count(orders::id).aggregate_distinct(), sql::<BigInt>(UNITS));
                let columns = (order_lines::category, orders, units, sql::<BigInt>(REVENUE));
                let sales = lines.group_by(order_lines::category).select(columns);
                let sales = sales.order((sql::<BigInt>(REVENUE).desc(), order_lines::category.asc()));
                let rows: Vec<(String, i64, i64, i64)> = PreparedOnce(sales).load(connection).map_err(failure)?;
                let sales =
                    |(category, orders, units, revenue_cents)| CategorySales { category, orders, units, revenue_cents };
                Ok(rows.into_iter().map(sales).collect())
            })
            .await
    }
}
