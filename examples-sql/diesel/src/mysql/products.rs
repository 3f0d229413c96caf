//! Products, kept in MySQL and MariaDB by Diesel.

use super::connection::{Database, failure, filled_up};
use crate::schema::{PreparedOnce, ProductRow, products};
use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::RunQueryDsl;
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
        let after = query.after.map_or_else(String::new, |id| id.to_string());
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let page =
                    products::table.filter(products::id.gt(&after)).order(products::id).limit(query.limit.into());
                let page = page.select(ProductRow::as_select());
                let rows = match &query.category {
                    None => page.load(session.connection()?).await,
                    Some(category) => page.filter(products::category.eq(category)).load(session.connection()?).await,
                };
                session.end(rows).map_err(failure)?.into_iter().map(Product::try_from).collect()
            })
            .await
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let row = ProductRow::from(product);
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let inserted = diesel::insert_into(products::table).values(&row).execute(session.connection()?).await;
                session.end(inserted).map(drop).map_err(write_failure)
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let id = id.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let products = products::table.find(&id).select(ProductRow::as_select());
                let row = products.get_result(session.connection()?).await.optional();
                session.end(row).map_err(failure)?.map(Product::try_from).transpose()
            })
            .await
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let ids = filled_up(ids.iter().map(ToString::to_string).collect());
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let products = products::table.filter(products::id.eq_any(&ids)).select(ProductRow::as_select());
                let rows = PreparedOnce(products).load(session.connection()?).await;
                session.end(rows).map_err(failure)?.into_iter().map(Product::try_from).collect()
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
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let stored = products::table.find(&id).filter(products::version.eq(expected_version));
                let update = PreparedOnce(diesel::update(stored).set(&row));
                let changed = update.execute(session.connection()?).await;
                match session.end(changed).map_err(write_failure)? {
                    0 => Err(StoreError::VersionConflict),
                    _ => Ok(()),
                }
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let id = id.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let stored = products::table.find(&id).filter(products::version.eq(expected_version));
                let changed = diesel::delete(stored).execute(session.connection()?).await;
                match session.end(changed).map_err(failure)? {
                    0 => Err(StoreError::VersionConflict),
                    _ => Ok(()),
                }
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
