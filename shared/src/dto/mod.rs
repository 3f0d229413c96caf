//! Data transfer objects: what travels in bodies and queries, apart from what is kept.
//!
//! Unknown fields are refused, so that a misspelt one is noticed.

mod auth;
mod orders;
mod products;
mod reports;
mod users;

pub use auth::{LoginRequest, RegisterRequest, TokenResponse};
pub use orders::{CreateOrderRequest, LineRequest, LineResponse, ListOrdersQuery, OrderResponse, UpdateOrderRequest};
pub use products::{ListProductsQuery, ProductRequest, ProductResponse};
pub use reports::{SalesReportQuery, SalesReportResponse};
pub use users::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest, UserResponse};

use serde::{Deserialize, Deserializer, Serialize};

/// What has an address and a version of its own.
pub trait Resource: Serialize {
    /// Its address, for `Location`.
    fn path(&self) -> String;

    /// Its version, for `ETag`.
    fn version(&self) -> i64;
}

/// A field that is there has a value: `null`, which would remove it, is refused.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The answer of `GET /api/hello`.
#[derive(Debug, Serialize)]
pub struct HelloResponse {
    /// Always the same text.
    pub message: &'static str,
}

/// The answer of the health checks.
#[derive(Debug, Serialize)]
pub struct HealthResponse {
    /// `live` or `ready`.
    pub status: &'static str,
}
