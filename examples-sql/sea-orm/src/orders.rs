//! Orders, kept in the tables `orders` and `order_lines`.

use crate::connection::{Database, Session, failure};
use crate::schema::{order_lines, orders, users};
use async_trait::async_trait;
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_orm::{ColumnTrait as _, DerivePartialModel, EntityTrait as _, LoaderTrait as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect, Select};
use shared::context::RequestContext;
use shared::domain::{Order, OrderId, UserId};
use shared::repository::{OrderQuery, OrderRepository, StoreError};
use std::sync::Arc;

/// [`OrderRepository`] over SeaORM.
pub struct Orders {
    database: Arc<Database>,
}

impl Orders {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl OrderRepository for Orders {
    async fn list(&self, context: &RequestContext, query: &OrderQuery) -> Result<Vec<Order>, StoreError> {
        let mut select = with_customer().filter(orders::COLUMN.customer_id.eq(query.customer.to_string()));
        let mut index = "orders_customer_id_id";
        if let Some(status) = query.status {
            select = select.filter(orders::COLUMN.status.eq(orders::Status::from(status)));
            index = "orders_customer_status_id";
        }
        // As for users of a role: MariaDB would skip what is before the page.
        QuerySelect::query(&mut select).force_index_on(orders::Entity, index, IndexHintScope::All);
        let mut page = select.cursor_by(orders::Column::Id).into_partial_model();
        if let Some(after) = query.after {
            page.after(after.to_string());
        }
        let session = self.database.reading(context);
        let rows = page.first(query.limit.into()).all(&session).await.map_err(failure)?;
        with_lines(&session, rows).await
    }

    async fn place(&self, context: &RequestContext, order: &Order) -> Result<(), StoreError> {
        todo!()
    }

    async fn find(&self, context: &RequestContext, id: OrderId) -> Result<Option<Order>, StoreError> {
        let session = self.database.reading(context);
        let select = with_customer().filter(orders::COLUMN.id.eq(id.to_string()));
        let row = select.into_partial_model().one(&session).await.map_err(failure)?;
        Ok(with_lines(&session, row).await?.pop())
    }

    async fn find_by_key(
        &self,
        context: &RequestContext,
        customer: UserId,
        key: &str,
    ) -> Result<Option<Order>, StoreError> {
        let session = self.database.reading(context);
        let select = with_customer()
            .filter(orders::COLUMN.customer_id.eq(customer.to_string()))
            .filter(orders::COLUMN.idempotency_key.eq(key));
        let row = select.into_partial_model().one(&session).await.map_err(failure)?;
        Ok(with_lines(&session, row).await?.pop())
    }

    async fn update(&self, context: &RequestContext, before: &Order, after: &Order) -> Result<(), StoreError> {
        todo!()
    }
}

/// An order and of its customer what is told with it: a whole user would bring the hash of the password along.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "orders::Entity")]
struct Row {
    #[sea_orm(nested)]
    order: orders::Model,
    #[sea_orm(nested)]
    customer: Customer,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "users::Entity")]
struct Customer {
    name: String,
}

/// Selects orders, each joined with its customer of today.
fn with_customer() -> Select<orders::Entity> {
    orders::Entity::find().inner_join(users::Entity)
}

/// The orders with their lines, which come in a second statement, for however many orders. No transaction holds the two
/// together, and none is needed: lines never change, and no order goes.
async fn with_lines(session: &Session<'_>, rows: impl IntoIterator<Item = Row>) -> Result<Vec<Order>, StoreError> {
    let (orders, names): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (row.order, row.customer.name)).unzip();
    let in_order = order_lines::Entity::find().order_by_asc(order_lines::Column::Position);
    let lines = orders.load_many(in_order, session).await.map_err(failure)?;
    orders.into_iter().zip(names).zip(lines).map(|((order, name), lines)| order.into_order(name, lines)).collect()
}
