//! Products, kept in the collection `products`.

use crate::connection::{Call, Database, failure, is_duplicate};
use crate::schema::{BY_CATEGORY, ProductDocument, read_all, through, uuid};
use async_trait::async_trait;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;
use shared::context::RequestContext;
use shared::domain::{Product, ProductId};
use shared::repository::{ProductQuery, ProductRepository, StoreError};
use std::sync::Arc;

/// [`ProductRepository`] over MongoDB's driver.
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
        // To MongoDB, a limit of 0 is no limit.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = Document::new();
        if let Some(category) = &query.category {
            filter.insert("category", category);
        }
        if let Some(after) = query.after {
            filter.insert("_id", doc! { "$gt": uuid(after.as_bytes()) });
        }
        let (limit, of_category) = (query.limit, query.category.is_some());
        let work = async move |call: Call| {
            // Otherwise the first answer has 101 documents at most. One more than the limit, so that it is the last, too.
            let batch = limit.saturating_add(1).min(i32::MAX.unsigned_abs());
            let find = call.products().find(filter).sort(doc! { "_id": 1 }).limit(limit.into()).batch_size(batch);
            let find = find.optional(of_category.then(|| through(BY_CATEGORY)), |find, index| find.hint(index));
            all(find, &call).await
        };
        self.database.call(context, work).await
    }

    async fn insert(&self, context: &RequestContext, product: &Product) -> Result<(), StoreError> {
        let document = ProductDocument::from(product);
        let work = async move |call: Call| {
            let insert = call.products().insert_one(&document);
            insert.optional(call.comment(), |insert, comment| insert.comment(comment)).await.map_err(write_error)?;
            Ok(())
        };
        self.database.call(context, work).await
    }

    async fn find(&self, context: &RequestContext, id: ProductId) -> Result<Option<Product>, StoreError> {
        let work = async move |call: Call| {
            let find = call.products().find(doc! { "_id": uuid(id.as_bytes()) }).limit(1);
            Ok(all(find, &call).await?.pop())
        };
        self.database.call(context, work).await
    }

    async fn find_many(&self, context: &RequestContext, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let ids = ids.to_vec();
        self.database.call(context, async move |call: Call| find_many(&call, &ids).await).await
    }

    async fn update(
        &self,
        context: &RequestContext,
        product: &Product,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let (same, document) = (has_version(product.id, expected_version), ProductDocument::from(product));
        let work = async move |call: Call| {
            let replace = call.products().replace_one(same, &document);
            let replace = replace.optional(call.comment(), |replace, comment| replace.comment(comment));
            let replaced = replace.await.map_err(write_error)?.matched_count == 1;
            if replaced { Ok(()) } else { Err(StoreError::VersionConflict) }
        };
        self.database.call(context, work).await
    }

    async fn delete(&self, context: &RequestContext, id: ProductId, expected_version: i64) -> Result<(), StoreError> {
        let same = has_version(id, expected_version);
        let work = async move |call: Call| {
            let delete = call.products().delete_one(same);
            let delete = delete.optional(call.comment(), |delete, comment| delete.comment(comment));
            let deleted = delete.await.map_err(failure)?.deleted_count == 1;
            if deleted { Ok(()) } else { Err(StoreError::VersionConflict) }
        };
        self.database.call(context, work).await
    }
}

/// The compare of compare-and-swap. An order raises the version, too, so whoever replaces a product never overwrites stock
/// that was taken meanwhile.
fn has_version(id: ProductId, expected_version: i64) -> Document {
    doc! { "_id": uuid(id.as_bytes()), "version": expected_version }
}

/// Those of these products that are there: few enough for the first answer.
///
/// # Errors
/// The driver's; [`StoreError::Internal`].
pub(crate) async fn find_many(call: &Call, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
    let ids: Vec<Bson> = ids.iter().map(|id| uuid(id.as_bytes()).into()).collect();
    all(call.products().find(doc! { "_id": { "$in": ids } }), call).await
}

async fn all(find: Find<'_, ProductDocument>, call: &Call) -> Result<Vec<Product>, StoreError> {
    let find = find.optional(call.comment(), |find, comment| find.comment(comment));
    read_all::<ProductDocument, _>(find.await.map_err(failure)?).await
}

/// As [`failure`], for writes that a unique index can refuse: that on the SKU, or that on `_id` if a product is inserted
/// twice.
fn write_error(error: Error) -> StoreError {
    if is_duplicate(&error) { StoreError::SkuTaken } else { failure(error) }
}
