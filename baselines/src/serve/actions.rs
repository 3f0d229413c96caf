//! Diesel's queries on SQLite, as the guide writes them: functions of a connection that block. (The examples of Diesel and of
//! actix-web call such a file `actions`.)

use super::bodies::{CreateProduct, ListUsers, Page, Product, UpdateUser, User, now};
use super::schema::{products, users};
use diesel::prelude::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, SelectableHelper, SqliteConnection,
};

pub fn list(connection: &mut SqliteConnection, query: &ListUsers) -> QueryResult<Page> {
    let page = users::table.filter(users::id.gt(query.after())).order(users::id).limit(query.rows());
    page.select(User::as_select()).load(connection).map(|users| query.page(users))
}

pub fn create(connection: &mut SqliteConnection, new: CreateProduct) -> QueryResult<Product> {
    let product = Product::from(new);
    let attributes = serde_json::to_string(&product.attributes);
    let attributes = attributes.map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    let values = (
        products::id.eq(&product.id),
        products::sku.eq(&product.sku),
        products::name.eq(&product.name),
        products::category.eq(&product.category),
        products::price_cents.eq(product.price_cents),
        products::stock.eq(product.stock),
        products::attributes.eq(attributes),
        products::version.eq(product.version),
        products::created_at.eq(product.created_at),
        products::updated_at.eq(product.updated_at),
    );
    diesel::insert_into(products::table).values(values).execute(connection)?;
    Ok(product)
}

pub fn find(connection: &mut SqliteConnection, id: &str) -> QueryResult<Option<User>> {
    users::table.find(id).select(User::as_select()).first(connection).optional()
}

pub fn update(connection: &mut SqliteConnection, id: &str, change: UpdateUser) -> QueryResult<Option<User>> {
    let changes = (users::name.eq(change.name), users::version.eq(users::version + 1), users::updated_at.eq(now()));
    let update = diesel::update(users::table.find(id)).set(changes);
    update.returning(User::as_returning()).get_result(connection).optional()
}
