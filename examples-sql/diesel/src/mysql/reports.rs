//! Reports, computed by MySQL or MariaDB.

use super::connection::{Database, failure};
use crate::schema::{PreparedOnce, order_lines, orders};
use async_trait::async_trait;
use diesel::AggregateExpressionMethods;
use diesel::dsl::{count, sql};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use shared::context::RequestContext;
use shared::domain::{CategorySales, OrderStatus};
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::sync::Arc;

/// By hand, because a sum of whole numbers is a decimal one here, and Diesel has no cast from that.
const UNITS: &str = "CAST(SUM(order_lines.quantity) AS SIGNED)";
const REVENUE: &str = "CAST(SUM(order_lines.revenue_cents) AS SIGNED)";

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
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let sold = orders::status.eq(OrderStatus::Paid.as_str());
                let sold = sold.or(orders::status.eq(OrderStatus::Shipped.as_str()));
                let lines = order_lines::table.inner_join(orders::table).filter(sold);
                let lines = lines.filter(orders::created_at.ge(from)).filter(orders::created_at.lt(until));
                let (orders, units) = (count(orders::id).aggregate_distinct(), sql::<BigInt>(UNITS));
                let columns = (order_lines::category, orders, units, sql::<BigInt>(REVENUE));
                let sales = lines.group_by(order_lines::category).select(columns);
                let sales = sales.order((sql::<BigInt>(REVENUE).desc(), order_lines::category.asc()));
                let rows = PreparedOnce(sales).load(session.connection()?).await;
                let rows: Vec<(String, i64, i64, i64)> = session.end(rows).map_err(failure)?;
                let sales =
                    |(category, orders, units, revenue_cents)| CategorySales { category, orders, units, revenue_cents };
                Ok(rows.into_iter().map(sales).collect())
            })
            .await
    }
}
