//! Users, kept in SQLite by Diesel.
//!
//! Every query here has one fixed shape, so that Diesel prepares it once a connection. A boxed query (`into_boxed`), the
//! usual way to add a filter, is prepared again at each call; so would be an UPDATE, whose set of columns Diesel takes to
//! differ, if it were not in [`PreparedOnce`].

use super::connection::{Database, failure};
use crate::schema::{PreparedOnce, UserRow, users};
use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use shared::context::RequestContext;
use shared::domain::{EmailKey, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// As [`shared::domain::Role::as_str`] writes it.
const ADMIN: &str = "admin";

// The table under a second name, to look for another admin while a row of it is changed.
diesel::alias! {
    const ADMINS: Alias<Admins> = users as admins;
}

/// The users in a [`Database`].
pub struct Users {
    database: Arc<Database>,
}

impl Users {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl UserRepository for Users {
    async fn list(&self, context: &RequestContext, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let UserQuery { role, after, limit } = query.clone();
        // No id sorts before the empty text, so one query serves the first page and the next ones.
        let after = after.map_or_else(String::new, |id| id.to_string());
        self.database
            .read(context, move |connection| {
                let page = users::table.filter(users::id.gt(after)).order(users::id).limit(i64::from(limit));
                let page = page.select(UserRow::as_select());
                let rows = match role {
                    None => page.load(connection),
                    Some(role) => page.filter(users::role.eq(role.as_str())).load(connection),
                };
                rows.map_err(failure)?.into_iter().map(User::try_from).collect()
            })
            .await
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let row = UserRow::from(user);
        self.database
            .write_one(context, move |connection| {
                diesel::insert_into(users::table).values(&row).execute(connection).map_err(write_failure)?;
                Ok(())
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let id = id.to_string();
        self.database
            .read(context, move |connection| {
                // `get_result`, not `first`: that would add a LIMIT which a primary key makes needless.
                let row = users::table.find(id).select(UserRow::as_select()).get_result(connection).optional();
                row.map_err(failure)?.map(User::try_from).transpose()
            })
            .await
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let email_key = email_key.as_str().to_owned();
        self.database
            .read(context, move |connection| {
                let users = users::table.filter(users::email_key.eq(email_key)).select(UserRow::as_select());
                users.get_result(connection).optional().map_err(failure)?.map(User::try_from).transpose()
            })
            .await
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let row = UserRow::from(user);
        let (id, role) = (user.id.to_string(), user.role.as_str());
        self.database
            .write_one(context, move |connection| {
                let other_admins = ADMINS.filter(ADMINS.field(users::role).eq(ADMIN)).select(ADMINS.field(users::id));
                let other_admins = other_admins.filter(ADMINS.field(users::id).ne(&id));
                let stored = users::table.find(&id).filter(users::version.eq(expected_version));
                // One statement checks and writes, so that nothing can come in between.
                let stays = role.into_sql::<Text>().eq(ADMIN).or(users::role.ne(ADMIN)).or(exists(other_admins));
                let update = diesel::update(stored.filter(stays)).set(&row).returning(users::version);
                let changed: Vec<i64> = PreparedOnce(update).load(connection).map_err(write_failure)?;
                if changed.is_empty() { Err(refusal(connection, &id, expected_version)) } else { Ok(()) }
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let id = id.to_string();
        self.database
            .write_one(context, move |connection| {
                let other_admins = ADMINS.filter(ADMINS.field(users::role).eq(ADMIN)).select(ADMINS.field(users::id));
                let other_admins = other_admins.filter(ADMINS.field(users::id).ne(&id));
                let stored = users::table.find(&id).filter(users::version.eq(expected_version));
                let spare = users::role.ne(ADMIN).or(exists(other_admins));
                let changed = diesel::delete(stored.filter(spare)).execute(connection).map_err(write_failure)?;
                if changed == 0 { Err(refusal(connection, &id, expected_version)) } else { Ok(()) }
            })
            .await
    }
}

/// Why a conditional UPDATE or DELETE changed nothing, asked in the same transaction: the row that it met is the one seen
/// here. One query more, but on the rare way only.
fn refusal(connection: &mut SqliteConnection, id: &str, expected_version: i64) -> StoreError {
    let version = users::table.find(id).select(users::version).get_result::<i64>(connection).optional();
    match version {
        Err(error) => failure(error),
        Ok(Some(version)) if version == expected_version => StoreError::LastAdmin,
        Ok(_) => StoreError::VersionConflict,
    }
}

/// What an error of a write means to a service. The table has two unique keys; an id is never made twice, so that the other
/// one, too, says that this user is there already, with its address. What refers to a user is its orders.
pub(super) fn write_failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::EmailTaken,
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => StoreError::HasOrders,
        error => failure(error),
    }
}
