//! axum with diesel-async and deadpool as diesel-async's documentation has it: a pool with its DEFAULT check of connections,
//! which asks the server before each use whether the connection still works. That round trip is the point of this yardstick;
//! `store-diesel` does without it.

use super::Settings;
use super::axum_server::{self, hello, internal_error};
use super::bodies::{ListUsers, Page, UpdateUser, User, now};
use super::schema::users;
use crate::failure::Failure;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

type DbPool = Pool<AsyncPgConnection>;

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(&settings.database_url);
    let pool = Pool::builder(manager).max_size(usize::try_from(settings.pool_size).unwrap_or(1));
    let pool = pool.build().map_err(Failure::database)?;
    drop(pool.get().await.map_err(Failure::database)?);
    let routes = Router::new()
        .route("/api/hello", get(hello))
        .route("/api/users", get(list))
        .route("/api/users/{id}", get(find).patch(update))
        .with_state(pool);
    axum_server::serve(settings, routes).await
}

type Outcome<T> = Result<T, (StatusCode, String)>;

async fn list(State(pool): State<DbPool>, Query(query): Query<ListUsers>) -> Outcome<Json<Page>> {
    let mut connection = pool.get().await.map_err(internal_error)?;
    let page = users::table.filter(users::id.gt(query.after())).order(users::id).limit(query.rows());
    let users = page.select(User::as_select()).load(&mut connection).await.map_err(internal_error)?;
    Ok(Json(query.page(users)))
}

async fn find(State(pool): State<DbPool>, Path(id): Path<String>) -> Outcome<Json<User>> {
    let mut connection = pool.get().await.map_err(internal_error)?;
    let user = users::table.find(id).select(User::as_select()).first(&mut connection).await.optional();
    user.map_err(internal_error)?.map(Json).ok_or((StatusCode::NOT_FOUND, String::new()))
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
    user.map_err(internal_error)?.map(Json).ok_or((StatusCode::NOT_FOUND, String::new()))
}
