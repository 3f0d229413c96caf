//! Reports, computed by the database.

use crate::connection::{Database, failure};
use crate::schema::{order_lines, orders};
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, JoinType};
use sea_orm::{FromQueryResult, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _};
use shared::context::RequestContext;
use shared::domain::CategorySales;
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::sync::Arc;

/// [`ReportRepository`] over SeaORM.
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
    /// One statement: a `GROUP BY` over a `JOIN`, sorted by the database. No counters: the lines are all that is to be kept
    /// right, and an index leads to the sales of some days.
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let session = self.database.reading(context);
        // A sum of whole numbers is a decimal on the servers.
        let whole = match session.get_database_backend() {
            DbBackend::MySql => "SIGNED",
            _ => "BIGINT",
        };
        let sum = |column: order_lines::Column| Expr::col((order_lines::Entity, column)).sum().cast_as(whole);
        let sales = order_lines::Entity::find()
            .select_only()
            .column(order_lines::Column::Category)
            .column_as(Expr::col((orders::Entity, orders::Column::Id)).count_distinct(), "orders")
            .column_as(sum(order_lines::Column::Quantity), "units")
            .column_as(sum(order_lines::Column::RevenueCents), "revenue_cents")
            .join(JoinType::InnerJoin, order_lines::Relation::Orders.def())
            .filter(orders::COLUMN.status.is_in([orders::Status::Paid, orders::Status::Shipped]))
            .filter(orders::COLUMN.created_at.gte(query.from_millis()))
            .filter(orders::COLUMN.created_at.lt(query.until_millis()))
            .group_by(order_lines::Column::Category)
            .order_by(sum(order_lines::Column::RevenueCents), Order::Desc)
            .order_by_asc(order_lines::Column::Category);
        let rows = sales.into_model::<Row>().all(&session).await.map_err(failure)?;
        Ok(rows.into_iter().map(CategorySales::from).collect())
    }
}

/// A row of the report.
#[derive(FromQueryResult)]
struct Row {
    category: String,
    orders: i64,
    units: i64,
    revenue_cents: i64,
}

impl From<Row> for CategorySales {
    fn from(row: Row) -> Self {
        let Row { category, orders, units, revenue_cents } = row;
        Self { category, orders, units, revenue_cents }
    }
}
