//! axum with tokio-postgres and deadpool: no ORM, statements prepared once a connection, and no round trip to ask whether a
//! connection still works. The least that a service over PostgreSQL can be.

use super::Settings;
use super::axum_server::{self, Outcome, found, internal_error, routes};
use super::bodies::{ListUsers, Page, UpdateUser, User, now};
use crate::failure::Failure;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::{NoTls, Row};

const LIST: &str = "SELECT id, name, email, role, version, created_at, updated_at FROM users \
                    WHERE id > $1 ORDER BY id LIMIT $2";
const FIND: &str = "SELECT id, name, email, role, version, created_at, updated_at FROM users WHERE id = $1";
const UPDATE: &str = "UPDATE users SET name = $2, version = version + 1, updated_at = $3 WHERE id = $1 \
                      RETURNING id, name, email, role, version, created_at, updated_at";

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let server: tokio_postgres::Config = settings.database_url.parse().map_err(Failure::database)?;
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(server, NoTls, config)).max_size(settings.connections()).build();
    let pool = pool.map_err(Failure::database)?;
    drop(pool.get().await.map_err(Failure::database)?);
    axum_server::serve(settings, routes(get(list), get(find).patch(update)).with_state(pool)).await
}

async fn list(State(pool): State<Pool>, Query(query): Query<ListUsers>) -> Outcome<Json<Page>> {
    let client = pool.get().await.map_err(internal_error)?;
    let statement = client.prepare_cached(LIST).await.map_err(internal_error)?;
    let rows = client.query(&statement, &[&query.after(), &query.rows()]).await.map_err(internal_error)?;
    let users: Result<_, _> = rows.iter().map(user).collect();
    Ok(Json(query.page(users.map_err(internal_error)?)))
}

async fn find(State(pool): State<Pool>, Path(id): Path<String>) -> Outcome<Json<User>> {
    let client = pool.get().await.map_err(internal_error)?;
    let statement = client.prepare_cached(FIND).await.map_err(internal_error)?;
    answer(client.query_opt(&statement, &[&id]).await)
}

async fn update(
    State(pool): State<Pool>,
    Path(id): Path<String>,
    Json(change): Json<UpdateUser>,
) -> Outcome<Json<User>> {
    let client = pool.get().await.map_err(internal_error)?;
    let statement = client.prepare_cached(UPDATE).await.map_err(internal_error)?;
    answer(client.query_opt(&statement, &[&id, &change.name, &now()]).await)
}

fn answer(row: Result<Option<Row>, tokio_postgres::Error>) -> Outcome<Json<User>> {
    found(row.map_err(internal_error)?.as_ref().map(user).transpose().map_err(internal_error)?)
}

fn user(row: &Row) -> Result<User, tokio_postgres::Error> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        role: row.try_get(3)?,
        version: row.try_get(4)?,
        created_at: row.try_get(5)?,
        updated_at: row.try_get(6)?,
    })
}
