//! Users, kept in the table `users`.

use crate::connection::{Database, Session, failure, is_deadlock};
use crate::schema::users;
use async_trait::async_trait;
use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt as _};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect};
use sea_orm::{ConnectionTrait as _, DbErr, QueryTrait as _, SqlErr, Statement, StatementBuilder};
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
            // MariaDB would begin at the role's first user and skip all those before the page. SeaORM writes this for
            // MySQL alone; the others need no hint.
            QuerySelect::query(&mut select).force_index("users_role_id", IndexHintScope::All);
        }
        let mut page = select.cursor_by(users::Column::Id);
        if let Some(after) = query.after {
            page.after(after.to_string());
        }
        let session = self.database.reading(context);
        let rows = page.first(query.limit.into()).all(&session).await.map_err(failure)?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = users::ActiveModel::from(user);
        users::Entity::insert(row).exec_without_returning(&session).await.map_err(write_error)?;
        Ok(())
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let session = self.database.reading(context);
        let row = users::Entity::find_by_id(id.to_string()).one(&session).await.map_err(failure)?;
        row.map(User::try_from).transpose()
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let session = self.database.reading(context);
        let row = users::Entity::find_by_email_key(email_key.as_str()).one(&session).await.map_err(failure)?;
        row.map(User::try_from).transpose()
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let row = users::ActiveModel { id: NotSet, ..user.into() };
        let update = users::Entity::update_many().set(row).filter(has_version(user.id, expected_version));
        let careful = match user.role {
            Role::Admin => update.clone(),
            Role::User => update.clone().filter(leaves_an_admin(&session, user.id)),
        };
        change(&session, &careful.into_query(), &update.into_query(), user.id, expected_version).await
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let session = self.database.writing(context);
        let delete = users::Entity::delete_many().filter(has_version(id, expected_version));
        let careful = delete.clone().filter(leaves_an_admin(&session, id));
        change(&session, &careful.into_query(), &delete.into_query(), id, expected_version).await
    }
}

/// The compare of compare-and-swap.
fn has_version(id: UserId, expected_version: i64) -> Condition {
    Condition::all().add(users::COLUMN.id.eq(id.to_string())).add(users::COLUMN.version.eq(expected_version))
}

/// That the user is no admin, or, where nobody else can write meanwhile, not the only one.
///
/// On a server two statements would run at the same time, each see the admin whom the other one takes away, and leave
/// none; MySQL refuses to look at the table that it changes, too (error 1093). There an admin is left to
/// [`take_admin_away`].
fn leaves_an_admin(session: &Session, id: UserId) -> Condition {
    let is_no_admin = Condition::any().add(users::COLUMN.role.ne(users::Role::Admin));
    if !session.writes_alone() {
        return is_no_admin;
    }
    let other_admin = users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::COLUMN.role.eq(users::Role::Admin))
        .filter(users::COLUMN.id.ne(id.to_string()));
    // `EXISTS` stops at the first other admin; a count would visit all.
    is_no_admin.add(Expr::exists(other_admin.into_query()))
}

/// Sends the statement that changes the row only if an admin is surely left. If that was what kept it from changing, and
/// could not be decided by it, sends the plain one where it can.
async fn change<S: StatementBuilder>(
    session: &Session,
    careful: &S,
    plain: &S,
    id: UserId,
    expected_version: i64,
) -> Result<(), StoreError> {
    if session.execute(careful).await.map_err(write_error)?.rows_affected() > 0 {
        return Ok(());
    }
    match refusal(session, id, expected_version).await {
        StoreError::LastAdmin if !session.writes_alone() => take_admin_away(session, plain, id, expected_version).await,
        refusal => Err(refusal),
    }
}

/// So many times a change that lost a deadlock is tried.
const TRIES: u32 = 3;

/// Changes or deletes somebody who is an admin, if there is another one.
async fn take_admin_away<S: StatementBuilder>(
    session: &Session,
    change: &S,
    id: UserId,
    expected_version: i64,
) -> Result<(), StoreError> {
    let change = session.get_database_backend().build(change);
    let attempt = |session| try_to_take_admin_away(session, change.clone(), id, expected_version);
    for _ in 1..TRIES {
        match session.ask(attempt).await {
            Err(error) if is_deadlock(&error) => {}
            outcome => return outcome.map_err(write_error)?,
        }
    }
    session.ask(attempt).await.map_err(write_error)?
}

/// Locks the first two admins, always in this order, before it looks and writes: whoever else takes an admin away waits
/// here, and one of the two is left whatever becomes of `id`. All admins would do as well, and be more to lock.
async fn try_to_take_admin_away(
    session: Session,
    change: Statement,
    id: UserId,
    expected_version: i64,
) -> Result<Result<(), StoreError>, DbErr> {
    let transaction = session.begin().await?;
    let admins = users::Entity::find()
        .select_only()
        .columns([users::Column::Id, users::Column::Version])
        .filter(users::COLUMN.role.eq(users::Role::Admin))
        .order_by_asc(users::Column::Id)
        .limit(2)
        .lock_exclusive();
    let admins: Vec<(String, i64)> = admins.into_tuple().all(&transaction).await?;
    let refusal = match &admins[..] {
        [(last, version)] if *last == id.to_string() && *version == expected_version => StoreError::LastAdmin,
        [(last, _)] if *last == id.to_string() => StoreError::VersionConflict,
        _ if transaction.execute_raw(change).await?.rows_affected() > 0 => {
            return session.commit(transaction).await.map(Ok);
        }
        _ => StoreError::VersionConflict,
    };
    session.rollback(transaction).await?;
    Ok(Err(refusal))
}

/// Why a conditional statement changed nothing.
///
/// No transaction holds the two statements together, and none is needed: versions only rise, so a row that has the
/// expected version now had it then as well, and only the other condition can have failed. In every other case the
/// row has been changed or deleted by now, which is what the caller is told, and tries again or not.
async fn refusal(session: &Session, id: UserId, expected_version: i64) -> StoreError {
    let version = users::Entity::find_by_id(id.to_string()).select_only().column(users::Column::Version);
    match version.into_tuple::<i64>().one(session).await {
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
        // The orders refer to their customer. Whoever places one at the same time is waited for, or finds the user gone.
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::HasOrders,
        _ => failure(error),
    }
}
