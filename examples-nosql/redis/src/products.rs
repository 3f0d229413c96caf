//! Products, each kept in a hash, with sorted sets of their ids beside them.

use crate::connection::Database;
use crate::schema::{Hash, read_product, unexpected, write_product};
use crate::scripts::{DELETE_PRODUCT, FIND_PRODUCTS, INSERT_PRODUCT, LIST, UPDATE_PRODUCT};
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::sync::Arc;

/// [`ProductRepository`] over the `redis` crate.
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
        let keys = &self.database.keys;
        // As for users. Of a category, the members begin with it and a NUL, which is in no category: those that do end where
        // the next character would stand there.
        let (key, begin, end) = match (&query.category, query.after) {
            (None, None) => (&keys.products, "-".to_owned(), "+".to_owned()),
            (None, Some(after)) => (&keys.products, format!("({after}"), "+".to_owned()),
            (Some(category), after) => {
                let after = after.map_or_else(String::new, |after| after.to_string());
                (&keys.by_category, format!("({category}\0{after}"), format!("({category}\u{1}"))
            }
        };
        let mut command = LIST.command(&[key]);
        command.arg(&keys.product_prefix).arg(begin).arg(end).arg(query.limit);
        let hashes: Vec<Hash> = self.database.run(context, &LIST, command).await?;
        hashes.into_iter().map(read_product).collect()
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = INSERT_PRODUCT.command(&keys.of_product_change(&keys.product(product.id)));
        write_product(product, &mut command)?;
        outcome(&self.database.run::<String>(context, &INSERT_PRODUCT, command).await?)
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.database.keys.product(id));
        let hash: Hash = self.database.query(context, command).await?;
        if hash.is_empty() { Ok(None) } else { read_product(hash).map(Some) }
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let products: Vec<String> = ids.iter().map(|id| self.database.keys.product(*id)).collect();
        let command = FIND_PRODUCTS.command(&products.iter().map(String::as_str).collect::<Vec<_>>());
        let hashes: Vec<Hash> = self.database.run(context, &FIND_PRODUCTS, command).await?;
        hashes.into_iter().filter(|hash| !hash.is_empty()).map(read_product).collect()
    }

    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = UPDATE_PRODUCT.command(&keys.of_product_change(&keys.product(product.id)));
        write_product(product, &mut command)?;
        command.arg(expected_version);
        outcome(&self.database.run::<String>(context, &UPDATE_PRODUCT, command).await?)
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = DELETE_PRODUCT.command(&keys.of_product_change(&keys.product(id)));
        command.arg(id.to_string()).arg(expected_version);
        outcome(&self.database.run::<String>(context, &DELETE_PRODUCT, command).await?)
    }
}

/// What a script that writes came to.
fn outcome(word: &str) -> Result<(), StoreError> {
    match word {
        "OK" => Ok(()),
        "SKU_TAKEN" => Err(StoreError::SkuTaken),
        "VERSION_CONFLICT" => Err(StoreError::VersionConflict),
        _ => Err(unexpected("product", "category or sku")),
    }
}
