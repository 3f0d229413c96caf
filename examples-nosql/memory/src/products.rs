//! Products, kept in memory.

use crate::connection::Database;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::ops::Bound;
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
    async fn list(&self, _context: &RequestContext, query: &ProductQuery) -> Result<Vec<Product>, StoreError> {
        let tables = self.database.read();
        let after = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let products = tables.products.range((after, Bound::Unbounded)).map(|(_, product)| product);
        let category = query.category.as_ref();
        let products = products.filter(|product| category.is_none_or(|category| product.category == *category));
        Ok(products.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn insert(&self, _context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        // An id is never made twice: a product with this id is this product, inserted before.
        if tables.ids_by_sku.contains_key(&product.sku) || tables.products.contains_key(&product.id) {
            return Err(StoreError::SkuTaken);
        }
        tables.ids_by_sku.insert(product.sku.clone(), product.id);
        tables.products.insert(product.id, product.clone());
        Ok(())
    }

    async fn find(&self, _context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        Ok(self.database.read().products.get(&id).cloned())
    }

    async fn find_many(&self, _context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let tables = self.database.read();
        Ok(ids.iter().filter_map(|id| tables.products.get(id)).cloned().collect())
    }

    async fn update(
        &self,
        _context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let stored = tables.products.get(&product.id).filter(|stored| stored.version == expected_version);
        let old_sku = stored.ok_or(StoreError::VersionConflict)?.sku.clone();
        if tables.ids_by_sku.get(&product.sku).is_some_and(|owner| *owner != product.id) {
            return Err(StoreError::SkuTaken);
        }
        tables.ids_by_sku.remove(&old_sku);
        tables.ids_by_sku.insert(product.sku.clone(), product.id);
        tables.products.insert(product.id, product.clone());
        Ok(())
    }

    async fn delete(&self, _context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let stored = tables.products.get(&id).filter(|stored| stored.version == expected_version);
        let sku = stored.ok_or(StoreError::VersionConflict)?.sku.clone();
        tables.ids_by_sku.remove(&sku);
        tables.products.remove(&id);
        Ok(())
    }
}
