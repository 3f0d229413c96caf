//! Reports, added up from what `update_order.lua` counts.

use crate::connection::Database;
use crate::schema::unexpected;
use crate::scripts::SALES;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{CategorySales, Day};
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::sync::Arc;

/// [`ReportRepository`] over the `redis` crate.
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
    /// Reads no order: its cost goes by the days and categories.
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let keys = &self.database.keys;
        let begin = |day: Option<Day>, open: &str| day.map_or(open.to_owned(), |day| day.start_millis().to_string());
        let mut command = SALES.command(&[&keys.sales]);
        command.arg(&keys.sales_prefix).arg(begin(query.from, "-inf")).arg(begin(query.to, "+inf"));
        let counts: Vec<(String, i64, i64, i64, i64)> = self.database.run(context, &SALES, command).await?;
        let sales = counts.into_iter().map(|(category, orders, units, billions, cents)| {
            let revenue_cents = billions.checked_mul(1_000_000_000).and_then(|part| part.checked_add(cents));
            let revenue_cents = revenue_cents.ok_or_else(|| unexpected("sales", "revenue_cents"))?;
            Ok(CategorySales { category, orders, units, revenue_cents })
        });
        let mut sales = sales.collect::<Result<Vec<_>, StoreError>>()?;
        sales.sort_by(|one, other| {
            other.revenue_cents.cmp(&one.revenue_cents).then_with(|| one.category.cmp(&other.category))
        });
        Ok(sales)
    }
}
