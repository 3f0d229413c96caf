//! axum with SeaORM, whatever the database: entities, handlers, routes, as SeaORM's own axum example has them.

use super::axum_server::{self, Outcome, found, internal_error};
use super::bodies::{CreateProduct, ListUsers, Page, Product, UpdateUser, User, now};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectOptions, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

mod users {
    // The macros below expect the whole of it in scope.
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub email: String,
        pub email_key: String,
        pub password_hash: String,
        pub role: String,
        pub version: i64,
        pub credentials_version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod products {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "products")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub sku: String,
        pub name: String,
        pub category: String,
        pub price_cents: i64,
        pub stock: i64,
        pub attributes: Json,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl From<users::Model> for User {
    fn from(user: users::Model) -> Self {
        let users::Model { id, name, email, role, version, created_at, updated_at, .. } = user;
        Self { id, name, email, role, version, created_at, updated_at }
    }
}

/// The pool of SeaORM's documentation, with the number of connections that all are given. Its log is off, as the
/// documentation advises for production.
pub fn options(url: &str, pool_size: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(pool_size).sqlx_logging(false);
    options
}

pub fn routes(database: DatabaseConnection) -> Router {
    let routes = axum_server::routes(get(list), get(find).patch(update));
    routes.route("/api/products", post(create)).with_state(database)
}

async fn list(State(database): State<DatabaseConnection>, Query(query): Query<ListUsers>) -> Outcome<Json<Page>> {
    let page = users::Entity::find().filter(users::Column::Id.gt(query.after())).order_by_asc(users::Column::Id);
    let rows = u64::try_from(query.rows()).unwrap_or_default();
    let users = page.limit(rows).all(&database).await.map_err(internal_error)?;
    Ok(Json(query.page(users.into_iter().map(User::from).collect())))
}

async fn create(
    State(database): State<DatabaseConnection>,
    Json(new): Json<CreateProduct>,
) -> Outcome<(StatusCode, Json<Product>)> {
    let product = Product::from(new);
    let row = products::ActiveModel {
        id: Set(product.id.clone()),
        sku: Set(product.sku.clone()),
        name: Set(product.name.clone()),
        category: Set(product.category.clone()),
        price_cents: Set(product.price_cents),
        stock: Set(product.stock),
        attributes: Set(product.attributes.clone().into_iter().collect()),
        version: Set(product.version),
        created_at: Set(product.created_at),
        updated_at: Set(product.updated_at),
    };
    row.insert(&database).await.map_err(internal_error)?;
    Ok((StatusCode::CREATED, Json(product)))
}

async fn find(State(database): State<DatabaseConnection>, Path(id): Path<String>) -> Outcome<Json<User>> {
    let user = users::Entity::find_by_id(id).one(&database).await.map_err(internal_error)?;
    found(user.map(User::from))
}

/// One statement, not the `find` and `save` of the guides, which lose one of two changes that come at once.
async fn update(
    State(database): State<DatabaseConnection>,
    Path(id): Path<String>,
    Json(change): Json<UpdateUser>,
) -> Outcome<Json<User>> {
    let update = users::Entity::update_many()
        .col_expr(users::Column::Name, Expr::value(change.name))
        .col_expr(users::Column::Version, Expr::col(users::Column::Version).add(1))
        .col_expr(users::Column::UpdatedAt, Expr::value(now()))
        .filter(users::Column::Id.eq(id));
    let updated = update.exec_with_returning(&database).await.map_err(internal_error)?;
    found(updated.into_iter().next().map(User::from))
}
