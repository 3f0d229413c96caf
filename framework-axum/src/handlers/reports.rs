//! Reports.

use crate::extractors::{Authenticated, Context, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use axum::extract::State;
use axum::response::Response;
use shared::app::App;
use shared::dto::SalesReportQuery;

/// `GET /api/reports/sales`
pub async fn sales(
    State(app): State<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    QueryString(query): QueryString<SalesReportQuery>,
) -> Result<Response, ApiProblem> {
    let report = app.services.reports.sales(&context, caller, query).await?;
    Ok(responses::ok(report))
}
