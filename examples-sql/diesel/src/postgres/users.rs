//! Users, kept in PostgreSQL by Diesel.
//!
//! Every query here has one fixed shape, so that Diesel prepares it once a connection. A boxed query (`into_boxed`), the
//! usual way to add a filter, is prepared again at each call.

use super::connection::{Database, failure};
use crate::schema::{PreparedOnce, UserRow, users};
use async_trait::async_trait;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel::result::{DatabaseErrorKind, Error as DieselError, QueryResult};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use shared::context::RequestContext;
use shared::domain::{EmailKey, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// As [`shared::domain::Role::as_str`] writes it.
const ADMIN: &str = "admin";

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
        // No id sorts before the empty text, so one query serves the first page and the next ones.
        let after = query.after.map_or_else(String::new, |id| id.to_string());
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let page = users::table.filter(users::id.gt(&after)).order(users::id).limit(query.limit.into());
                let page = page.select(UserRow::as_select());
                let rows = match query.role {
                    None => page.load(session.connection()?).await,
                    Some(role) => page.filter(users::role.eq(role.as_str())).load(session.connection()?).await,
                };
                session.end(rows).map_err(failure)?.into_iter().map(User::try_from).collect()
            })
            .await
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let row = UserRow::from(user);
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let inserted = diesel::insert_into(users::table).values(&row).execute(session.connection()?).await;
                session.end(inserted).map(drop).map_err(write_failure)
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let id = id.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let users = users::table.find(&id).select(UserRow::as_select());
                let row = users.get_result(session.connection()?).await.optional();
                session.end(row).map_err(failure)?.map(User::try_from).transpose()
            })
            .await
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let users = users::table.filter(users::email_key.eq(email_key.as_str())).select(UserRow::as_select());
                let row = users.get_result(session.connection()?).await.optional();
                session.end(row).map_err(failure)?.map(User::try_from).transpose()
            })
            .await
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let (id, row, role) = (user.id.to_string(), UserRow::from(user), user.role.as_str());
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let stored = users::table.find(&id).filter(users::version.eq(expected_version));
                // One round trip for all but those who may leave no admin behind.
                let stored = stored.filter(role.into_sql::<Text>().eq(ADMIN).or(users::role.ne(ADMIN)));
                let update = PreparedOnce(diesel::update(stored).set(&row));
                let changed = match update.execute(session.connection()?).await {
                    Ok(0) => lose_an_admin(session.connection()?, &id, expected_version, Some(&row)).await,
                    changed => changed.map(|_| Ok(())),
                };
                session.end(changed).map_err(write_failure)?
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let id = id.to_string();
        self.database
            .call(|| async {
                let mut session = self.database.session(context).await?;
                let stored = users::table.find(&id).filter(users::version.eq(expected_version));
                let delete = diesel::delete(stored.filter(users::role.ne(ADMIN)));
                let changed = match delete.execute(session.connection()?).await {
                    Ok(0) => lose_an_admin(session.connection()?, &id, expected_version, None).await,
                    changed => changed.map(|_| Ok(())),
                };
                session.end(changed).map_err(write_failure)?
            })
            .await
    }
}

/// Makes the change that the one statement did not make, if it met an admin, who is one no longer when `row` is written
/// in the place of the stored one, or is deleted if there is no `row`. Otherwise says why it was not made.
///
/// `EXISTS (another admin)` in that statement would not do, as it does in SQLite: two admins who delete each other at the
/// same time would each still see the other. So all admins are locked first, by everybody in the same order. Whoever
/// comes second waits, and sees then who is left.
async fn lose_an_admin(
    connection: &mut AsyncPgConnection,
    id: &str,
    expected_version: i64,
    row: Option<&UserRow>,
) -> QueryResult<Result<(), StoreError>> {
    // Before the locks, which a mere conflict need not wait for.
    let version = users::table.find(id).select(users::version).get_result::<i64>(connection).await.optional()?;
    if version != Some(expected_version) {
        return Ok(Err(StoreError::VersionConflict));
    }
    let change = async |connection: &mut AsyncPgConnection| {
        let admins = users::table.filter(users::role.eq(ADMIN)).order(users::id).for_update();
        let admins: Vec<(String, i64)> = admins.select((users::id, users::version)).load(connection).await?;
        if !admins.iter().any(|(admin, version)| admin == id && *version == expected_version) {
            return Ok(Err(StoreError::VersionConflict));
        }
        if admins.len() == 1 {
            return Ok(Err(StoreError::LastAdmin));
        }
        match row {
            Some(row) => diesel::update(users::table.find(id)).set(row).execute(connection).await?,
            None => diesel::delete(users::table.find(id)).execute(connection).await?,
        };
        Ok(Ok(()))
    };
    // A refusal is an `Ok` here: it has written nothing, and a commit of nothing is as good as a rollback.
    connection.transaction(change).await
}

/// What an error of a write means to a service. The table has two unique keys; an id is never made twice, so that the other
/// one, too, says that this user is there already, with its address. What refers to a user is its orders.
fn write_failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::EmailTaken,
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => StoreError::HasOrders,
        error => failure(error),
    }
}
