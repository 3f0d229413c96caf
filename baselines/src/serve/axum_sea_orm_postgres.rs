//! axum with SeaORM on PostgreSQL. Its pool asks the server before each use whether the connection still works, which is what
//! SeaORM and sqlx do unless they are told otherwise.

use super::axum_sea_orm::{options, routes};
use super::{Settings, axum_server};
use crate::failure::Failure;
use sea_orm::Database;

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let options = options(&settings.database_url, settings.pool_size);
    let database = Database::connect(options).await.map_err(Failure::database)?;
    axum_server::serve(settings, routes(database)).await
}
