//! Reports.

use crate::extractors::{Authenticated, Context, QueryString};
use crate::problems::ApiProblem;
use crate::responses;
use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::app::App;
use shared::dto::SalesReportQuery;

/// `GET /api/reports/sales`
pub async fn sales(
    app: Data<App>,
    Context(context): Context,
    Authenticated(caller): Authenticated,
    QueryString(query): QueryString<SalesReportQuery>,
) -> Result<HttpResponse, ApiProblem> {
    let report = app.services.reports.sales(&context, caller, query).await?;
    Ok(responses::ok(report))
}
