//! Reports: what admins want to know of all orders together.

use super::auth::Caller;
use crate::context::{Layer, RequestContext};
use crate::dto::{SalesReportQuery, SalesReportResponse};
use crate::problem::Problem;
use crate::repository::{ReportRepository, SalesQuery};
use std::sync::Arc;

/// Reports on orders.
pub struct ReportService {
    reports: Arc<dyn ReportRepository>,
}

impl ReportService {
    /// Has `reports` compute them.
    pub fn new(reports: Arc<dyn ReportRepository>) -> Self {
        Self { reports }
    }

    /// `GET /api/reports/sales`: what was sold in each category, for admins.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], or that of an overloaded or unavailable server.
    pub async fn sales(
        &self,
        context: &RequestContext,
        caller: Caller,
        query: SalesReportQuery,
    ) -> Result<SalesReportResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        caller.must_be_admin("Only admins see reports")?;
        let SalesReportQuery { from, to } = query;
        let categories = context.store(self.reports.sales(context, &SalesQuery { from, to })).await?;
        Ok(SalesReportResponse { from, to, categories })
    }
}
