//! Users.

use super::{Resource, present};
use crate::body::Body;
use crate::context::{Layer, RequestContext};
use crate::domain::{Role, Timestamp, User, UserId};
use crate::paging::{LIMIT_DEFAULT, LIMIT_MAX, take_cursor};
use crate::problem::Problem;
use crate::query::{Query, QueryParameters};
use crate::validation;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

/// The query of `GET /api/users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUsersQuery {
    /// The size of the page, 1 to 100.
    pub limit: u32,
    /// The id in the cursor `after`.
    pub after: Option<UserId>,
    /// Only users of this role.
    pub role: Option<Role>,
}

impl Query for ListUsersQuery {
    fn read(context: &RequestContext, query: Option<&str>) -> Result<Self, Problem> {
        let _timer = context.enter(Layer::Validation);
        let mut parameters = QueryParameters::parse(query);
        let limit = parameters.take_number("limit", 1, LIMIT_MAX);
        let after = take_cursor(&mut parameters).map(UserId::from_bytes);
        let role = parameters.take("role", |text| {
            Role::parse(text).ok_or(("not-an-option", "must be \"user\" or \"admin\"".to_owned()))
        });
        parameters.finish()?;
        Ok(Self { limit: limit.unwrap_or(LIMIT_DEFAULT), after, role })
    }
}

/// The body of `POST /api/users`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// 1 to 100 characters after trimming.
    #[validate(custom(function = validation::name))]
    pub name: String,
    /// Unique without regard to case.
    #[validate(custom(function = validation::email))]
    pub email: String,
    /// 8 to 128 characters.
    #[validate(custom(function = validation::new_password))]
    pub password: String,
    /// What the user may do.
    pub role: Role,
}

impl Body for CreateUserRequest {
    fn example() -> Value {
        json!({"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse", "role": "user"})
    }
}

/// The body of `PUT /api/users/{id}`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReplaceUserRequest {
    /// 1 to 100 characters after trimming.
    #[validate(custom(function = validation::name))]
    pub name: String,
    /// Unique without regard to case.
    #[validate(custom(function = validation::email))]
    pub email: String,
}

impl Body for ReplaceUserRequest {
    fn example() -> Value {
        json!({"name": "Ada Lovelace", "email": "ada@example.com"})
    }
}

/// The body of `PATCH /api/users/{id}`: a merge patch (RFC 7396) that may leave fields out but removes none.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// 1 to 100 characters after trimming.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = validation::name))]
    pub name: Option<String>,
    /// Unique without regard to case.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = validation::email))]
    pub email: Option<String>,
    /// 8 to 128 characters.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = validation::new_password))]
    pub password: Option<String>,
    /// What the user may do; for admins to change.
    #[serde(default, deserialize_with = "present")]
    pub role: Option<Role>,
}

impl UpdateUserRequest {
    /// Whether it asks for no change at all.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.password.is_none() && self.role.is_none()
    }
}

impl Body for UpdateUserRequest {
    const PATCH: bool = true;

    fn example() -> Value {
        json!({"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse", "role": "user"})
    }
}

/// A user as clients see it: no password, no hash.
#[derive(Clone, Debug, Serialize)]
pub struct UserResponse {
    /// A UUIDv7.
    pub id: UserId,
    /// Trimmed.
    pub name: String,
    /// As typed.
    pub email: String,
    /// What the user may do.
    pub role: Role,
    /// Raised by each change; also the entity tag.
    pub version: i64,
    /// RFC 3339, UTC, milliseconds.
    pub created_at: Timestamp,
    /// RFC 3339, UTC, milliseconds.
    pub updated_at: Timestamp,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        let User { id, name, email, role, version, created_at, updated_at, .. } = user;
        Self { id, name, email, role, version, created_at, updated_at }
    }
}

impl Resource for UserResponse {
    fn path(&self) -> String {
        format!("/api/users/{}", self.id)
    }

    fn version(&self) -> i64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::ListUsersQuery;
    use crate::context::RequestContext;
    use crate::domain::Role;
    use crate::problem::Problem;
    use crate::query::Query;

    fn verdict(query: &str) -> String {
        match ListUsersQuery::read(&RequestContext::internal("test"), Some(query)) {
            Ok(query) => format!("{} {:?}", query.limit, query.role),
            Err(Problem::Validation(errors)) => {
                errors.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect::<Vec<_>>().join("; ")
            }
            Err(problem) => panic!("{problem}"),
        }
    }

    #[test]
    fn query_parameters_are_read_or_refused_all_at_once() {
        for (query, expected) in [
            ("", "20 None"),
            ("limit=1&role=admin", "1 Some(Admin)"),
            ("limit=100", "100 None"),
            ("limit=0", "?limit too-small"),
            ("limit=-1", "?limit too-small"),
            ("limit=101", "?limit too-large"),
            ("limit=99999999999999999999", "?limit too-large"),
            ("limit=", "?limit type"),
            ("limit=+5", "?limit type"),
            ("limit=1.0", "?limit type"),
            ("after=x", "?after format"),
            ("role=king", "?role not-an-option"),
            ("limit=1&limit=2", "?limit duplicate-parameter"),
            ("a=1&limit=x&after=&role=", "?a unknown-parameter; ?after format; ?limit type; ?role not-an-option"),
        ] {
            assert_eq!(verdict(query), expected, "{query}");
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
