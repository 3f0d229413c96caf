//! Data transfer objects: what travels in bodies and queries, apart from what is kept.
//!
//! Unknown fields are refused, so that a misspelt one is noticed.

mod auth;
mod users;

pub use auth::{LoginRequest, RegisterRequest, TokenResponse};
pub use users::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest, UserResponse};

use serde::Serialize;

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
