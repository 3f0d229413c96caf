//! Products, kept as items of one table.

use crate::connection::Database;
use crate::requests::{Replaced, get, get_many, list, replace};
use crate::schema::{self, BY_CATEGORY, Item, PRODUCTS, number, product_key, sku_claim, sku_claim_key, text};
use crate::transaction::Transaction;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// [`ProductRepository`] over Amazon's SDK.
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
        let client = self.database.client(context);
        let category = query.category.as_deref();
        let products = client.query().table_name(&self.database.table).consistent_read(true);
        let products = products.expression_attribute_values(":products", text(PRODUCTS));
        let products = match category {
            None => products.key_condition_expression("pk = :products"),
            Some(category) => products
                .index_name(BY_CATEGORY.0)
                .select(Select::AllAttributes)
                .key_condition_expression("pk = :products AND begins_with(role_id, :category)")
                .expression_attribute_values(":category", text(schema::category_prefix(category))),
        };
        let start = query.after.map(|after| schema::product_start_key(after, category));
        let read = |item: &Item| {
            let product = schema::product(item)?;
            Ok(category.is_none_or(|category| product.category == category).then_some(product))
        };
        self.database.run(list(products, start, query.limit, read)).await
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let mut transaction = Transaction::new(&self.database.table);
                // An id is never made twice: a product with this id is this product, inserted before.
                transaction.put_new(schema::product_item(product), StoreError::SkuTaken)?;
                transaction.put_new(sku_claim(&product.sku, product.id), StoreError::SkuTaken)?;
                transaction.send(&client).await
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let client = self.database.client(context);
        self.database.run(self.stored(&client, id)).await
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        // DynamoDB takes neither a key that stands twice nor no key at all.
        let ids: BTreeSet<ProductId> = ids.iter().copied().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.database.client(context);
        let keys = ids.into_iter().map(product_key).collect();
        self.database
            .run(async {
                let found = get_many(&client, &self.database.table, keys).await?;
                found.iter().map(schema::product).collect()
            })
            .await
    }

    /// As of a user: an ordinary change is one `PutItem`, whose condition says that the claim stays as it is.
    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let stored = match self.replace(&client, product, expected_version).await? {
                    Replaced::Done => return Ok(()),
                    Replaced::Refused(stored) => stored.as_ref().map(schema::product).transpose()?,
                };
                let stored = stored.filter(|stored| stored.version == expected_version);
                let stored = stored.ok_or(StoreError::VersionConflict)?;
                let mut transaction = Transaction::new(&self.database.table);
                transaction.put_over(schema::product_item(product), expected_version)?;
                transaction.put_new(sku_claim(&product.sku, product.id), StoreError::SkuTaken)?;
                transaction.release(sku_claim_key(&stored.sku))?;
                transaction.send(&client).await
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let stored = self.stored(&client, id).await?.filter(|stored| stored.version == expected_version);
                let stored = stored.ok_or(StoreError::VersionConflict)?;
                let mut transaction = Transaction::new(&self.database.table);
                transaction.delete(product_key(id), expected_version)?;
                transaction.release(sku_claim_key(&stored.sku))?;
                transaction.send(&client).await
            })
            .await
    }
}

impl Products {
    async fn stored(&self, client: &Client, id: ProductId) -> Result<Option<Product>, StoreError> {
        let found = get(client, &self.database.table, product_key(id)).await?;
        found.as_ref().map(schema::product).transpose()
    }

    /// Writes a product over the one of this version, if that has the same SKU.
    async fn replace(&self, client: &Client, product: &Product, expected_version: i64) -> Result<Replaced, StoreError> {
        let put = client
            .put_item()
            .table_name(&self.database.table)
            .set_item(Some(schema::product_item(product)))
            .condition_expression("version = :expected AND sku = :sku")
            .expression_attribute_values(":expected", number(expected_version))
            .expression_attribute_values(":sku", text(&product.sku));
        replace(put).await
    }
}
