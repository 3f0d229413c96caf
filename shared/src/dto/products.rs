//! Products.

use super::Resource;
use crate::body::Body;
use crate::context::{Layer, RequestContext};
use crate::domain::{Attributes, Product, ProductId, Timestamp};
use crate::paging::{LIMIT_DEFAULT, LIMIT_MAX, take_cursor};
use crate::problem::{FieldError, Problem};
use crate::query::{Query, QueryParameters};
use crate::validation::{self, field_error, pointer, shown};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

/// The most attributes that a product has.
const ATTRIBUTES_MAX: usize = 20;

/// The query of `GET /api/products`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProductsQuery {
    /// The size of the page, 1 to 100.
    pub limit: u32,
    /// The id in the cursor `after`.
    pub after: Option<ProductId>,
    /// Only products of this category; trimmed.
    pub category: Option<String>,
}

impl Query for ListProductsQuery {
    fn read(context: &RequestContext, query: Option<&str>) -> Result<Self, Problem> {
        let _timer = context.enter(Layer::Validation);
        let mut parameters = QueryParameters::parse(query);
        let limit = parameters.take_number("limit", 1, LIMIT_MAX);
        let after = take_cursor(&mut parameters).map(ProductId::from_bytes);
        let category = parameters.take("category", |text| {
            let FieldError { code, detail, .. } = match validation::category(text) {
                Ok(()) => return Ok(text.trim().to_owned()),
                Err(failure) => field_error(String::new(), &failure),
            };
            Err((code, detail))
        });
        parameters.finish()?;
        Ok(Self { limit: limit.unwrap_or(LIMIT_DEFAULT), after, category })
    }
}

/// The body of `POST /api/products` and `PUT /api/products/{id}`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProductRequest {
    /// `[A-Z0-9-]{1,32}`, unique.
    #[validate(custom(function = validation::sku))]
    pub sku: String,
    /// 1 to 100 characters after trimming.
    #[validate(custom(function = validation::name))]
    pub name: String,
    /// 1 to 50 characters after trimming.
    #[validate(custom(function = validation::category))]
    pub category: String,
    /// 0 to 100,000,000 cents.
    #[validate(custom(function = validation::price_cents))]
    pub price_cents: i64,
    /// 0 to 1,000,000.
    #[validate(custom(function = validation::stock))]
    pub stock: i64,
    /// At most 20; absent is none.
    #[serde(default)]
    pub attributes: Attributes,
}

impl Body for ProductRequest {
    fn example() -> Value {
        json!({
            "sku": "LAMP-1", "name": "Lamp", "category": "Home", "price_cents": 1999, "stock": 10,
            "attributes": {"color": "red"},
        })
    }

    fn cross_check(&self) -> Vec<FieldError> {
        let Self { attributes: Attributes(attributes), .. } = self;
        if attributes.len() > ATTRIBUTES_MAX {
            let detail = format!("must have at most {ATTRIBUTES_MAX} members");
            return vec![FieldError { pointer: "/attributes".to_owned(), code: "too-many", detail }];
        }
        let check = |(name, value)| validation::attribute_name(name).and_then(|()| validation::attribute_value(value));
        let failing = attributes.iter().filter_map(|(name, value)| Some((name, check((name, value)).err()?)));
        failing.map(|(name, failure)| field_error(pointer(&["attributes", shown(name)]), &failure)).collect()
    }
}

/// A product as clients see it.
#[derive(Clone, Debug, Serialize)]
pub struct ProductResponse {
    /// A UUIDv7.
    pub id: ProductId,
    /// Unique.
    pub sku: String,
    /// Trimmed.
    pub name: String,
    /// Trimmed.
    pub category: String,
    /// The price of one, in cents.
    pub price_cents: i64,
    /// How many there are.
    pub stock: i64,
    /// What only some products have.
    pub attributes: Attributes,
    /// 1, 2, ...: the entity tag.
    pub version: i64,
    /// RFC 3339, UTC, milliseconds.
    pub created_at: Timestamp,
    /// RFC 3339, UTC, milliseconds: when an admin last replaced it.
    pub updated_at: Timestamp,
}

impl From<Product> for ProductResponse {
    fn from(product: Product) -> Self {
        let Product { id, sku, name, category, price_cents, stock, attributes, version, created_at, updated_at } =
            product;
        Self { id, sku, name, category, price_cents, stock, attributes, version, created_at, updated_at }
    }
}

impl Resource for ProductResponse {
    fn path(&self) -> String {
        format!("/api/products/{}", self.id)
    }

    fn version(&self) -> i64 {
        self.version
    }
}
