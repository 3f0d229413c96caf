//! Users, kept in the table `users`.

use super::connection::{Database, Session, failure};
use crate::schema::users;
use async_trait::async_trait;
use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};
use sea_orm::{DbErr, SqlErr};
use shared::context::RequestContext;
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// [`UserRepository`] over SeaORM.
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
        let mut select = users::Entity::find();
        if let Some(role) = query.role {
            select = select.filter(users::COLUMN.role.eq(users::Role::from(role)));
        }
        let mut page = select.cursor_by(users::Column::Id);
        if let Some(after) = query.after {
            page.after(after.to_string());
        }
        let session = self.database.reading(context);
        let rows = page.first(query.limit.into()).all(&*session).await.map_err(failure)?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = users::ActiveModel::from(user);
        users::Entity::insert(row).exec_without_returning(&*session).await.map_err(write_error)?;
        Ok(())
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let session = self.database.reading(context);
        let row = users::Entity::find_by_id(id.to_string()).one(&*session).await.map_err(failure)?;
        row.map(User::try_from).transpose()
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let session = self.database.reading(context);
        let row = users::Entity::find_by_email_key(email_key.as_str()).one(&*session).await.map_err(failure)?;
        row.map(User::try_from).transpose()
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = users::ActiveModel { id: NotSet, ..user.into() };
        let mut update = users::Entity::update_many().set(row).filter(has_version(user.id, expected_version));
        if user.role != Role::Admin {
            update = update.filter(leaves_an_admin(user.id));
        }
        match update.exec(&*session).await.map_err(write_error)?.rows_affected {
            0 => Err(refusal(&session, user.id, expected_version).await),
            _ => Ok(()),
        }
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let delete = users::Entity::delete_many().filter(has_version(id, expected_version)).filter(leaves_an_admin(id));
        match delete.exec(&*session).await.map_err(write_error)?.rows_affected {
            0 => Err(refusal(&session, id, expected_version).await),
            _ => Ok(()),
        }
    }
}

/// The compare of compare-and-swap.
fn has_version(id: UserId, expected_version: i64) -> Condition {
    Condition::all().add(users::COLUMN.id.eq(id.to_string())).add(users::COLUMN.version.eq(expected_version))
}

/// That the user is no admin, or not the only one. `EXISTS` stops at the first other admin; a count would visit all.
fn leaves_an_admin(id: UserId) -> Condition {
    let other_admin = users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::COLUMN.role.eq(users::Role::Admin))
        .filter(users::COLUMN.id.ne(id.to_string()));
    Condition::any().add(users::COLUMN.role.ne(users::Role::Admin)).add(Expr::exists(other_admin.into_query()))
}

/// Why a conditional statement changed nothing.
///
/// No transaction holds the two statements together, and none is needed: versions only rise, so a row that has the
/// expected version now had it then as well, and only the other condition can have failed. In every other case the
/// row has been changed or deleted by now, which is what the caller is told, and tries again or not.
async fn refusal(session: &Session<'_>, id: UserId, expected_version: i64) -> StoreError {
    let version = users::Entity::find_by_id(id.to_string()).select_only().column(users::Column::Version);
    match version.into_tuple::<i64>().one(&**session).await {
        Ok(Some(version)) if version == expected_version => StoreError::LastAdmin,
        Ok(_) => StoreError::VersionConflict,
        Err(error) => failure(error),
    }
}

/// As [`failure`], for statements that the table's constraints can refuse.
///
/// Of its two unique keys only the address can clash: ids are made by the service and hold 74 random bits. A row that
/// is inserted twice, as by two processes that seed at the same time, breaks both, and SQLite names either.
fn write_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::EmailTaken,
        _ => failure(error),
    }
}
