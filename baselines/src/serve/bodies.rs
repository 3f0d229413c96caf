//! What is sent, byte for byte as the contract has it.
//!
//! [`User`] is also Diesel's row, since Diesel's guide has one struct for both; it is read without the columns that are not
//! sent, which is less than the stores read.

use super::schema::users;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::{Queryable, Selectable};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The answer of `GET /api/hello`.
#[derive(Serialize)]
pub struct Hello {
    message: &'static str,
}

/// Says hello.
pub const HELLO: Hello = Hello { message: "Hello!" };

/// The query of `GET /api/users`.
#[derive(Deserialize)]
pub struct ListUsers {
    #[serde(default = "default_limit")]
    limit: u32,
    after: Option<String>,
}

fn default_limit() -> u32 {
    20
}

impl ListUsers {
    /// For frameworks whose parameters are arguments.
    pub fn new(limit: Option<u32>, after: Option<String>) -> Self {
        Self { limit: limit.unwrap_or_else(default_limit), after }
    }

    /// The id after which the page begins, or what every id comes after.
    pub fn after(&self) -> String {
        let bytes = self.after.as_deref().and_then(|cursor| URL_SAFE_NO_PAD.decode(cursor).ok());
        let id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
        id.map(|id| id.to_string()).unwrap_or_default()
    }

    /// How many to ask for: one more than the page has says whether there is a next one.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page that these rows make.
    pub fn page(&self, mut users: Vec<User>) -> Page {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = users.len() > limit;
        users.truncate(limit);
        let last = users.last().filter(|_| more).and_then(|user| Uuid::parse_str(&user.id).ok());
        Page { next: last.map(|id| URL_SAFE_NO_PAD.encode(id.as_bytes())), items: users }
    }
}

/// The answer of `GET /api/users`.
#[derive(Serialize)]
pub struct Page {
    items: Vec<User>,
    next: Option<String>,
}

/// A user.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = users)]
pub struct User {
    pub id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub version: i64,
    #[serde(serialize_with = "rfc_3339")]
    pub created_at: i64,
    #[serde(serialize_with = "rfc_3339")]
    pub updated_at: i64,
}

/// The body of `PATCH /api/users/{id}`.
#[derive(Deserialize)]
pub struct UpdateUser {
    pub name: String,
}

/// The body of `POST /api/products`.
#[derive(Deserialize)]
pub struct CreateProduct {
    pub sku: String,
    pub name: String,
    pub category: String,
    pub price_cents: i64,
    pub stock: i64,
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// A product.
#[derive(Serialize)]
pub struct Product {
    pub id: String,
    pub sku: String,
    pub name: String,
    pub category: String,
    pub price_cents: i64,
    pub stock: i64,
    pub attributes: BTreeMap<String, Value>,
    pub version: i64,
    #[serde(serialize_with = "rfc_3339")]
    pub created_at: i64,
    #[serde(serialize_with = "rfc_3339")]
    pub updated_at: i64,
}

impl From<CreateProduct> for Product {
    fn from(new: CreateProduct) -> Self {
        let CreateProduct { sku, name, category, price_cents, stock, attributes } = new;
        let (id, now) = (Uuid::now_v7().to_string(), now());
        Self { id, sku, name, category, price_cents, stock, attributes, version: 1, created_at: now, updated_at: now }
    }
}

/// Milliseconds since 1970, as the tables keep times.
pub fn now() -> i64 {
    Utc::now().timestamp_millis()
}

fn rfc_3339<S: Serializer>(millis: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let time = DateTime::from_timestamp_millis(*millis).unwrap_or_default();
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
