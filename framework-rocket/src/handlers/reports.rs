//! Reports.

use crate::extractors::{Authenticated, Context, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use rocket::serde::json::Json;
use rocket::{State, get};
use shared::app::App;
use shared::dto::{SalesReportQuery, SalesReportResponse};

/// `GET /api/reports/sales`
#[get("/api/reports/sales")]
pub async fn sales(
    app: &State<App>,
    context: Context<'_>,
    caller: Authenticated,
    query: QueryString<SalesReportQuery>,
) -> Result<Json<SalesReportResponse>, ApiProblem> {
    let report = app.services.reports.sales(context.0, caller.0, query.0).await?;
    Ok(responses::ok(report))
}
