//! Products, kept in SQLite by Diesel.

use super::connection::{Database, failure};
use crate::schema::{PreparedOnce, ProductRow, products};
use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::sync::Arc;

/// The products in a [`Database`].
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
        let ProductQuery { category, after, limit } = query.clone();
        let after = after.map_or_else(String::new, |id| id.to_string());
        self.database
            .read(context, move |connection| {
                let page = products::table.filter(products::id.gt(after)).order(products::id).limit(i64::from(limit));
                let page = page.select(ProductRow::as_select());
                let rows = match category {
                    None => page.load(connection),
                    Some(category) => page.filter(products::category.eq(category)).load(connection),
                };
                rows.map_err(failure)?.into_iter().map(Product::try_from).collect()
            })
            .await
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let row = ProductRow::from(product);
        self.database
            .write_one(context, move |connection| {
                diesel::insert_into(products::table).values(&row).execute(connection).map_err(write_failure)?;
                Ok(())
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let id = id.to_string();
        self.database
            .read(context, move |connection| {
                let row = products::table.find(&id).select(ProductRow::as_select()).get_result(connection).optional();
                row.map_err(failure)?.map(Product::try_from).transpose()
            })
            .await
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.database
            .read(context, move |connection| {
                let products = products::table.filter(products::id.eq_any(&ids)).select(ProductRow::as_select());
                PreparedOnce(products).load(connection).map_err(failure)?.into_iter().map(Product::try_from).collect()
            })
            .await
    }

    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let (id, row) = (product.id.to_string(), ProductRow::from(product));
        self.database
            .write_one(context, move |connection| {
                let stored = products::table.find(&id).filter(products::version.eq(expected_version));
                let update = diesel::update(stored).set(&row).returning(products::version);
                let changed: Vec<i64> = PreparedOnce(update).load(connection).map_err(write_failure)?;
                if changed.is_empty() { Err(StoreError::VersionConflict) } else { Ok(()) }
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let id = id.to_string();
        self.database
            .write_one(context, move |connection| {
                let stored = products::table.find(&id).filter(products::version.eq(expected_version));
                let changed = diesel::delete(stored).execute(connection).map_err(failure)?;
                if changed == 0 { Err(StoreError::VersionConflict) } else { Ok(()) }
            })
            .await
    }
}

/// What an error of a write means to a service. The table has two unique keys; an id is never made twice, so that the other
/// one, too, says that this product is there already, with its SKU.
fn write_failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::SkuTaken,
        error => failure(error),
    }
}
