//! axum with diesel-async and deadpool as diesel-async's documentation has it: a pool with its DEFAULT check of connections,
//! which asks the server before each use whether the connection still works. That round trip is the point of this yardstick;
//! `store-diesel` does without it.

use super::Settings;
use super::axum_server::{self, Outcome, found, internal_error, routes};
use super::bodies::{ListUsers, Page, UpdateUser, User, now};
use super::schema::users;
use crate::failure::Failure;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

type DbPool = Pool<AsyncPgConnection>;

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(&settings.database_url);
    let pool = Pool::builder(manager).max_size(settings.connections()).build();
    let pool = pool.map_err(Failure::database)?;
    drop(pool.get().await.map_err(Failure::database)?);
    axum_server::serve(settings, routes(get(list), get(find).patch(update)).with_state(pool)).await
}

async fn list(State(pool): State<DbPool>, Query(query): Query<ListUsers>) -> Outcome<Json<Page>> {
    let mut connection = pool.get().await.map_err(internal_error)?;
    let page = users::table.filter(users::id.gt(query.after())).order(users::id).limit(query.rows());
    let users = page.select(User::as_select()).load(&mut connection).await.map_err(internal_error)?;
    Ok(Json(query.page(users)))
}

async fn find(State(pool): State<DbPool>, Path(id): Path<String>) -> Outcome<Json<User>> {
    let mut connection = pool.get().await.map_err(internal_error)?;
    let user = users::table.find(id).select(User::as_select()).first(&mut connection).await.optional();
    found(user.map_err(internal_error)?)
}

async fn update(
    State(pool): State<DbPool>,
    Path(id): Path<String>,
    Json(change): Json<UpdateUser>,
) -> Outcome<Json<User>> {
    let mut connection = pool.get().await.map_err(internal_error)?;
    let changes = (users::name.eq(change.name), users::version.eq(users::version + 1), users::updated_at.eq(now()));
    let update = diesel::update(users::table.find(id)).set(changes).returning(User::as_returning());
    let user = update.get_result(&mut connection).await.optional();
    found(user.map_err(internal_error)?)
}
