//! The tables, their rows, and the way from a row to what it stands for and back: one for every database. Numbers and texts
//! only, which each of them keeps exactly; where a text needs a rule of comparison, the migrations say so. The one
//! exception is [`sql_types::Document`].
//!
//! Longer than 400 lines because the four tables refer to each other, and are read together.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::{AsChangeset, Insertable, QueryResult, Queryable, Selectable};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use shared::domain::{
    Attributes, Customer, Order, OrderId, OrderLine, OrderStatus, PasswordHash, Product, ProductId, Role, Timestamp,
    User, UserId,
};
use shared::repository::{Shortage, StoreError};
use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "pooled")]
use std::io::Write;

/// What no database names alike.
pub(crate) mod sql_types {
    /// JSON: `JSONB` in PostgreSQL (these numbers are its own), and where JSON is sent as text, text. Diesel has a type for
    /// each of them, but then no two databases could share a table.
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807))]
    #[diesel(mysql_type(name = "String"))]
    #[diesel(sqlite_type(name = "Text"))]
    pub struct Document;
}

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_key -> Text,
        password_hash -> Text,
        role -> Text,
        version -> BigInt,
        credentials_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::sql_types::Document;

    products (id) {
        id -> Text,
        sku -> Text,
        name -> Text,
        category -> Text,
        price_cents -> BigInt,
        stock -> BigInt,
        attributes -> Document,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    orders (id) {
        id -> Text,
        customer_id -> Text,
        status -> Text,
        subtotal_cents -> BigInt,
        discount_cents -> BigInt,
        total_cents -> BigInt,
        idempotency_key -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    order_lines (order_id, position) {
        order_id -> Text,
        position -> BigInt,
        product_id -> Text,
        name -> Text,
        category -> Text,
        unit_price_cents -> BigInt,
        quantity -> BigInt,
        total_cents -> BigInt,
        revenue_cents -> BigInt,
    }
}

diesel::joinable!(orders -> users (customer_id));
diesel::joinable!(order_lines -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(users, products, orders, order_lines);

/// A row of `users`. The derives make Diesel check names and types against every database that is compiled in.
///
/// A `None` would not be the column's default value: that such a thing may be asked for keeps Diesel from preparing an INSERT
/// once.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    id: String,
    name: String,
    email: String,
    email_key: String,
    password_hash: String,
    role: String,
    version: i64,
    credentials_version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            email_key: user.email_key().as_str().to_owned(),
            password_hash: user.password_hash.as_phc().to_owned(),
            role: user.role.as_str().to_owned(),
            version: user.version,
            credentials_version: user.credentials_version,
            created_at: user.created_at.as_millis(),
            updated_at: user.updated_at.as_millis(),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    /// [`StoreError::Internal`] for what this program cannot have written.
    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::parse(&row.id).ok_or_else(|| unexpected("users.id"))?,
            name: row.name,
            email: row.email,
            password_hash: PasswordHash::from_phc(row.password_hash),
            role: Role::parse(&row.role).ok_or_else(|| unexpected("users.role"))?,
            version: row.version,
            credentials_version: row.credentials_version,
            created_at: Timestamp::from_millis(row.created_at).ok_or_else(|| unexpected("users.created_at"))?,
            updated_at: Timestamp::from_millis(row.updated_at).ok_or_else(|| unexpected("users.updated_at"))?,
        })
    }
}

/// A row of `products`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub(crate) struct ProductRow {
    id: String,
    sku: String,
    name: String,
    category: String,
    price_cents: i64,
    stock: i64,
    attributes: Json,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<&Product> for ProductRow {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id.to_string(),
            sku: product.sku.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price_cents: product.price_cents,
            stock: product.stock,
            attributes: Json(product.attributes.clone()),
            version: product.version,
            created_at: product.created_at.as_millis(),
            updated_at: product.updated_at.as_millis(),
        }
    }
}

impl TryFrom<ProductRow> for Product {
    type Error = StoreError;

    /// [`StoreError::Internal`] for what this program cannot have written.
    fn try_from(row: ProductRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ProductId::parse(&row.id).ok_or_else(|| unexpected("products.id"))?,
            sku: row.sku,
            name: row.name,
            category: row.category,
            price_cents: row.price_cents,
            stock: row.stock,
            attributes: row.attributes.0,
            version: row.version,
            created_at: Timestamp::from_millis(row.created_at).ok_or_else(|| unexpected("products.created_at"))?,
            updated_at: Timestamp::from_millis(row.updated_at).ok_or_else(|| unexpected("products.updated_at"))?,
        })
    }
}

/// Attributes as a database keeps them: `shared` writes and reads their JSON.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Document)]
pub(crate) struct Json(Attributes);

/// For the query log, which is shown types and no values.
impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("json")
    }
}

impl Json {
    fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.0)
    }

    fn read(text: &[u8]) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(text)?))
    }
}

/// The version of JSONB's binary form, which stands before the text.
#[cfg(feature = "postgres")]
const JSONB_VERSION: u8 = 1;

#[cfg(feature = "postgres")]
impl ToSql<sql_types::Document, diesel::pg::Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(self.text()?.as_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql_types::Document, diesel::pg::Pg> for Json {
    fn from_sql(value: <diesel::pg::Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = value.as_bytes().strip_prefix(&[JSONB_VERSION]).ok_or("an unknown version of JSONB")?;
        Self::read(text)
    }
}

#[cfg(feature = "mysql")]
impl ToSql<sql_types::Document, diesel::mysql::Mysql> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::mysql::Mysql>) -> serialize::Result {
        out.write_all(self.text()?.as_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "mysql")]
impl FromSql<sql_types::Document, diesel::mysql::Mysql> for Json {
    fn from_sql(value: <diesel::mysql::Mysql as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Self::read(value.as_bytes())
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<sql_types::Document, diesel::sqlite::Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
        out.set_value(self.text()?);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<sql_types::Document, diesel::sqlite::Sqlite> for Json {
    fn from_sql(mut value: <diesel::sqlite::Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Self::read(value.read_text().as_bytes())
    }
}

/// A row of `orders`: an order without its lines.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
pub(crate) struct OrderRow {
    pub(crate) id: String,
    customer_id: String,
    status: String,
    subtotal_cents: i64,
    discount_cents: i64,
    total_cents: i64,
    idempotency_key: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<&Order> for OrderRow {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id.to_string(),
            customer_id: order.customer.id.to_string(),
            status: order.status.as_str().to_owned(),
            subtotal_cents: order.subtotal_cents,
            discount_cents: order.discount_cents,
            total_cents: order.total_cents,
            idempotency_key: order.idempotency_key.clone(),
            version: order.version,
            created_at: order.created_at.as_millis(),
            updated_at: order.updated_at.as_millis(),
        }
    }
}

/// A row of `order_lines`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = order_lines, treat_none_as_default_value = false)]
pub(crate) struct OrderLineRow {
    order_id: String,
    position: i64,
    product_id: String,
    name: String,
    category: String,
    unit_price_cents: i64,
    quantity: i64,
    total_cents: i64,
    revenue_cents: i64,
}

impl OrderLineRow {
    /// The rows of an order's lines.
    pub(crate) fn of(order: &Order) -> Vec<Self> {
        let row = |(position, line): (i64, &OrderLine)| Self {
            order_id: order.id.to_string(),
            position,
            product_id: line.product_id.to_string(),
            name: line.name.clone(),
            category: line.category.clone(),
            unit_price_cents: line.unit_price_cents,
            quantity: line.quantity,
            total_cents: line.total_cents,
            revenue_cents: line.revenue_cents,
        };
        (0..).zip(&order.lines).map(row).collect()
    }
}

impl TryFrom<OrderLineRow> for OrderLine {
    type Error = StoreError;

    /// [`StoreError::Internal`] for what this program cannot have written.
    fn try_from(row: OrderLineRow) -> Result<Self, StoreError> {
        Ok(Self {
            product_id: ProductId::parse(&row.product_id).ok_or_else(|| unexpected("order_lines.product_id"))?,
            name: row.name,
            category: row.category,
            unit_price_cents: row.unit_price_cents,
            quantity: row.quantity,
            total_cents: row.total_cents,
            revenue_cents: row.revenue_cents,
        })
    }
}

/// What is read of an order first: its row and its customer's name.
pub(crate) type OrderHead = (OrderRow, String);

/// Puts orders together: the lines, which come in the order of their positions, to their heads.
///
/// # Errors
/// [`StoreError::Internal`] for what this program cannot have written.
pub(crate) fn whole_orders((heads, lines): (Vec<OrderHead>, Vec<OrderLineRow>)) -> Result<Vec<Order>, StoreError> {
    let mut lines_by_order: HashMap<String, Vec<OrderLine>> = HashMap::new();
    for mut row in lines {
        let order = std::mem::take(&mut row.order_id);
        lines_by_order.entry(order).or_default().push(row.try_into()?);
    }
    let order = |(row, name): OrderHead| {
        Ok(Order {
            id: OrderId::parse(&row.id).ok_or_else(|| unexpected("orders.id"))?,
            customer: Customer {
                id: UserId::parse(&row.customer_id).ok_or_else(|| unexpected("orders.customer_id"))?,
                name,
            },
            status: OrderStatus::parse(&row.status).ok_or_else(|| unexpected("orders.status"))?,
            lines: lines_by_order.remove(&row.id).ok_or_else(|| unexpected("orders without order_lines"))?,
            subtotal_cents: row.subtotal_cents,
            discount_cents: row.discount_cents,
            total_cents: row.total_cents,
            idempotency_key: row.idempotency_key,
            version: row.version,
            created_at: Timestamp::from_millis(row.created_at).ok_or_else(|| unexpected("orders.created_at"))?,
            updated_at: Timestamp::from_millis(row.updated_at).ok_or_else(|| unexpected("orders.updated_at"))?,
        })
    };
    heads.into_iter().map(order).collect()
}

/// The ids of the products that an order has lines of.
pub(crate) fn product_ids(order: &Order) -> Vec<String> {
    order.lines.iter().map(|line| line.product_id.to_string()).collect()
}

/// The lines that want more than there is, by the stock of those products that were found.
pub(crate) fn shortages(order: &Order, stocks: Vec<(String, i64)>) -> Vec<Shortage> {
    let stocks: HashMap<String, i64> = stocks.into_iter().collect();
    let with_stock =
        |line: &OrderLine| (line.quantity, line.product_id, stocks.get(&line.product_id.to_string()).copied());
    let short =
        order.lines.iter().map(with_stock).filter(|(quantity, _, left)| left.is_none_or(|left| left < *quantity));
    short.map(|(_, product_id, left)| Shortage { product_id, left }).collect()
}

/// The column is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(column: &str) -> StoreError {
    StoreError::Internal(format!("{column} holds what this program does not write").into())
}

/// A statement that each connection prepares once, by its text.
///
/// Diesel prepares some statements at each call, which is one more round trip to a server, and in SQLite takes longer than
/// what many of them then do: an UPDATE, because a set of changes may have other columns the next time; lists of values,
/// because they may be of any length; what has parts written by hand. Here the set is always the same, lists have few
/// lengths, and no text has a value in it: there are few texts.
///
/// Over SQLite what changes rows has a RETURNING and is loaded: Diesel's own connections execute a reference, and a reference
/// (`&T`) asks the parts.
pub(crate) struct PreparedOnce<Q>(pub(crate) Q);

/// The type does not say what is in it, so a connection goes by the text.
impl<Q> QueryId for PreparedOnce<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for PreparedOnce<Q> {
    type SqlType = Q::SqlType;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for PreparedOnce<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// With `load`, as Diesel's own queries have it.
#[cfg(feature = "sqlite")]
impl<Q> diesel::RunQueryDsl<diesel::SqliteConnection> for PreparedOnce<Q> {}
