//! Reports, computed by the server from the orders.

use crate::connection::{Call, Database, failure};
use crate::schema::{SalesDocument, read_all};
use async_trait::async_trait;
use mongodb::action::Action as _;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::options::ReadConcern;
use shared::context::RequestContext;
use shared::domain::{CategorySales, OrderStatus};
use shared::repository::{ReportRepository, SalesQuery, StoreError};
use std::sync::Arc;

/// So many categories come with the first answer; more take another round trip.
const BATCH: u32 = 1_000;

/// [`ReportRepository`] over MongoDB's driver.
pub struct Reports {
    database: Arc<Database>,
}

impl Reports {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ReportRepository for Reports {
    /// One snapshot of all orders (read concern snapshot, not majority): the walk through the index takes its time, and an
    /// order that is shipped meanwhile moves in that index, and would be met twice.
    async fn sales(&self, context: &RequestContext, query: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        let pipeline = by_category(query);
        let work = async move |call: Call| {
            let aggregate = call.orders().aggregate(pipeline).batch_size(BATCH).allow_disk_use(true);
            let aggregate = aggregate.read_concern(ReadConcern::snapshot());
            let aggregate = aggregate.optional(call.comment(), |aggregate, comment| aggregate.comment(comment));
            read_all::<SalesDocument, _>(aggregate.await.map_err(failure)?).await
        };
        self.database.call(context, work).await
    }
}

/// Lines first become one document an order and category, so that an order with two lines of a category is counted once.
/// The other way, a set of the orders of each category, would grow with the orders.
fn by_category(query: &SalesQuery) -> [Document; 5] {
    let sold = OrderStatus::ALL.into_iter().filter(|status| status.is_sale());
    let sold: Vec<Bson> = sold.map(|status| status.as_str().into()).collect();
    let mut filter = doc! { "status": { "$in": sold } };
    let mut created = Document::new();
    created.extend(query.from.map(|_| ("$gte".to_owned(), DateTime::from_millis(query.from_millis()).into())));
    created.extend(query.to.map(|_| ("$lt".to_owned(), DateTime::from_millis(query.until_millis()).into())));
    if !created.is_empty() {
        filter.insert("createdAt", created);
    }
    [
        doc! { "$match": filter },
        doc! { "$unwind": "$lines" },
        doc! { "$group": {
            "_id": { "order": "$_id", "category": "$lines.category" },
            "units": { "$sum": "$lines.quantity" },
            "revenueCents": { "$sum": "$lines.revenueCents" },
        } },
        doc! { "$group": {
            "_id": "$_id.category",
            "orders": { "$sum": 1_i64 },
            "units": { "$sum": "$units" },
            "revenueCents": { "$sum": "$revenueCents" },
        } },
        // Without a collation, texts are compared by their bytes.
        doc! { "$sort": { "revenueCents": -1, "_id": 1 } },
    ]
}
