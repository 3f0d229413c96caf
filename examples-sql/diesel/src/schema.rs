//! The table, its row, and the way from a row to a user and back: one for every database. Numbers and texts only, which
//! each of them keeps exactly; where a text needs a rule of comparison, the migrations say so.

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
#[cfg(feature = "pooled")]
use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
};
use shared::domain::{PasswordHash, Role, Timestamp, User, UserId};
use shared::repository::StoreError;

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_key -> Text,
        password_hash -> Text,
        role -> Text,
        version -> BigInt,
        credentials_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

/// A row of `users`. The derives make Diesel check names and types against every database that is compiled in.
///
/// A `None` would not be the column's default value: that such a thing may be asked for keeps Diesel from preparing an INSERT
/// once.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    id: String,
    name: String,
    email: String,
    email_key: String,
    password_hash: String,
    role: String,
    version: i64,
    credentials_version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            email_key: user.email_key().as_str().to_owned(),
            password_hash: user.password_hash.as_phc().to_owned(),
            role: user.role.as_str().to_owned(),
            version: user.version,
            credentials_version: user.credentials_version,
            created_at: user.created_at.as_millis(),
            updated_at: user.updated_at.as_millis(),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    /// [`StoreError::Internal`] for what this program cannot have written.
    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::parse(&row.id).ok_or_else(|| unexpected("id"))?,
            name: row.name,
            email: row.email,
            password_hash: PasswordHash::from_phc(row.password_hash),
            role: Role::parse(&row.role).ok_or_else(|| unexpected("role"))?,
            version: row.version,
            credentials_version: row.credentials_version,
            created_at: Timestamp::from_millis(row.created_at).ok_or_else(|| unexpected("created_at"))?,
            updated_at: Timestamp::from_millis(row.updated_at).ok_or_else(|| unexpected("updated_at"))?,
        })
    }
}

/// The column is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(column: &str) -> StoreError {
    StoreError::Internal(format!("users.{column} holds what this program does not write").into())
}

/// An UPDATE that each connection prepares once.
///
/// Diesel prepares an UPDATE at each call, because a set of changes may have other columns the next time. That is one more
/// round trip to a server. The set here is always a whole [`UserRow`], so the text never changes. There must be no second
/// statement in this wrapper: connections know it by this type.
#[cfg(feature = "pooled")]
pub(crate) struct PreparedOnce<Q>(pub(crate) Q);

#[cfg(feature = "pooled")]
impl<Q> QueryId for PreparedOnce<Q> {
    type QueryId = PreparedOnce<()>;
}

#[cfg(feature = "pooled")]
impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for PreparedOnce<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}
