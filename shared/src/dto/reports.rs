//! Reports.

use crate::context::{Layer, RequestContext};
use crate::domain::{CategorySales, Day};
use crate::problem::Problem;
use crate::query::{Query, QueryParameters};
use serde::Serialize;

/// The query of `GET /api/reports/sales`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SalesReportQuery {
    /// The first day, in UTC.
    pub from: Option<Day>,
    /// The last day, in UTC, which counts, too.
    pub to: Option<Day>,
}

impl Query for SalesReportQuery {
    fn read(context: &RequestContext, query: Option<&str>) -> Result<Self, Problem> {
        let _timer = context.enter(Layer::Validation);
        let mut parameters = QueryParameters::parse(query);
        let day = |text: &str| Day::parse(text).ok_or(("format", "must be a day such as 2025-01-31".to_owned()));
        let from = parameters.take("from", day);
        let to = parameters.take("to", |text| match day(text)? {
            to if from.is_some_and(|from| to < from) => Err(("before-from", "must not be before `from`".to_owned())),
            to => Ok(to),
        });
        parameters.finish()?;
        Ok(Self { from, to })
    }
}

/// The answer of `GET /api/reports/sales`.
#[derive(Debug, Serialize)]
pub struct SalesReportResponse {
    /// The first day, if one was asked for.
    pub from: Option<Day>,
    /// The last day, if one was asked for.
    pub to: Option<Day>,
    /// Highest revenue first.
    pub categories: Vec<CategorySales>,
}
