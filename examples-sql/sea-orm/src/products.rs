//! Products, kept in the table `products`.

use crate::connection::{Database, failure};
use crate::schema::products;
use async_trait::async_trait;
use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_orm::{Condition, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect, SqlErr};
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::sync::Arc;

/// [`ProductRepository`] over SeaORM.
pub struct Products {
    database: Arc<Database>,
}

impl Products {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ProductRepository for Products {
    async fn list(&self, context: &RequestContext, query: &ProductQuery) -> Result<Vec<Product>, StoreError> {
        let mut select = products::Entity::find();
        if let Some(category) = &query.category {
            select = select.filter(products::COLUMN.category.eq(category));
            // As for users of a role: MariaDB would skip what is before the page.
            QuerySelect::query(&mut select).force_index("products_category_id", IndexHintScope::All);
        }
        let mut page = select.cursor_by(products::Column::Id);
        if let Some(after) = query.after {
            page.after(after.to_string());
        }
        let session = self.database.reading(context);
        let rows = page.first(query.limit.into()).all(&session).await.map_err(failure)?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = products::ActiveModel::from(product);
        products::Entity::insert(row).exec_without_returning(&session).await.map_err(write_error)?;
        Ok(())
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let session = self.database.reading(context);
        let row = products::Entity::find_by_id(id.to_string()).one(&session).await.map_err(failure)?;
        row.map(Product::try_from).transpose()
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let session = self.database.reading(context);
        let ids = ids.iter().map(ProductId::to_string);
        let select = products::Entity::find().filter(products::COLUMN.id.is_in(ids));
        let rows = select.all(&session).await.map_err(failure)?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = products::ActiveModel { id: NotSet, ..product.into() };
        let update = products::Entity::update_many().set(row).filter(has_version(product.id, expected_version));
        changed(update.exec(&session).await.map_err(write_error)?.rows_affected)
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let delete = products::Entity::delete_many().filter(has_version(id, expected_version));
        changed(delete.exec(&session).await.map_err(write_error)?.rows_affected)
    }
}

/// The compare of compare-and-swap.
fn has_version(id: ProductId, expected_version: i64) -> Condition {
    Condition::all().add(products::COLUMN.id.eq(id.to_string())).add(products::COLUMN.version.eq(expected_version))
}

/// Whether a conditional statement changed its row. Nothing else than the version can have kept it from that.
fn changed(rows: u64) -> Result<(), StoreError> {
    if rows > 0 { Ok(()) } else { Err(StoreError::VersionConflict) }
}

/// As [`failure`], for statements that the table's constraints can refuse. A product that is inserted twice breaks two
/// unique keys, and either is told as the SKU's.
fn write_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::SkuTaken,
        _ => failure(error),
    }
}
