//! Registration and sign-in.

use crate::body::Body;
use crate::validation;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

/// The body of `POST /api/auth/register`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// 1 to 100 characters after trimming.
    #[validate(custom(function = validation::name))]
    pub name: String,
    /// Unique without regard to case.
    #[validate(custom(function = validation::email))]
    pub email: String,
    /// 8 to 128 characters.
    #[validate(custom(function = validation::new_password))]
    pub password: String,
}

impl Body for RegisterRequest {
    fn example() -> Value {
        json!({"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse"})
    }
}

/// The body of `POST /api/auth/login`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The address registered, in any case.
    #[validate(custom(function = validation::email))]
    pub email: String,
    /// 1 to 128 characters.
    #[validate(custom(function = validation::password))]
    pub password: String,
}

impl Body for LoginRequest {
    fn example() -> Value {
        json!({"email": "ada@example.com", "password": "correct horse"})
    }
}

/// The answer to a sign-in (RFC 6749, section 5.1).
#[derive(Serialize)]
pub struct TokenResponse {
    /// A JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until it expires.
    pub expires_in: i64,
}
