//! Users, kept in the collection `users`.

use crate::connection::{Call, Database, failure, is_duplicate};
use crate::schema::{LAST_ADMIN, UserDocument, read, uuid, without_case};
use async_trait::async_trait;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{Hint, ReadConcern};
use mongodb::{ClientSession, Cursor};
use shared::context::RequestContext;
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Before a transaction that met another one tries again: about as long as the other one takes.
const PAUSE: Duration = Duration::from_millis(10);

/// [`UserRepository`] over MongoDB's driver.
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
        // To MongoDB, a limit of 0 is no limit.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = Document::new();
        if let Some(role) = query.role {
            filter.insert("role", role.as_str());
        }
        if let Some(after) = query.after {
            filter.insert("_id", doc! { "$gt": uuid(after) });
        }
        let (limit, of_role) = (query.limit, query.role.is_some());
        let work = async move |call: Call| {
            // Otherwise the first answer has 101 documents at most. One more than the limit, so that it is the last, too.
            let batch = limit.saturating_add(1).min(i32::MAX.unsigned_abs());
            let find = call.users().find(filter).sort(doc! { "_id": 1 }).limit(limit.into()).batch_size(batch);
            let find = find.optional(of_role.then(by_role), |find, index| find.hint(index));
            all(with_comment(find, &call).await.map_err(failure)?).await
        };
        self.database.call(context, work).await
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let document = UserDocument::from(user);
        let work = async move |call: Call| {
            let insert = call.users().insert_one(&document);
            insert.optional(call.comment(), |insert, comment| insert.comment(comment)).await.map_err(write_error)?;
            Ok(())
        };
        self.database.call(context, work).await
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        self.database.call(context, async move |call: Call| find(&call, id).await).await
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let email_key = email_key.clone();
        let work = async move |call: Call| {
            // Without the index's own collation the server would not use it, and compare with regard to case.
            let find = call.users().find(doc! { "email": email_key.as_str() }).collation(without_case()).limit(1);
            let found = all(with_comment(find, &call).await.map_err(failure)?).await?.pop();
            // Whoever types a full-width letter is not somebody whose address has the common one.
            Ok(found.filter(|user| user.email_key() == email_key))
        };
        self.database.call(context, work).await
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let (id, change) = (user.id, Change::Replace(user.into(), user.role));
        self.database.call(context, async move |call: Call| write(&call, id, expected_version, &change).await).await
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let change = Change::Delete;
        self.database.call(context, async move |call: Call| write(&call, id, expected_version, &change).await).await
    }
}

/// What becomes of a user.
enum Change {
    Replace(UserDocument, Role),
    Delete,
}

impl Change {
    /// Whether an admin to whom this happens is none afterwards.
    fn takes_an_admin_away(&self) -> bool {
        !matches!(self, Self::Replace(_, Role::Admin))
    }

    /// Makes the change to the document that matches, in a transaction or by itself, and says whether there was one.
    async fn make(&self, call: &Call, filter: Document, session: Option<&mut ClientSession>) -> Result<bool, Error> {
        let (users, comment) = (call.users(), call.comment());
        match self {
            Self::Replace(document, _) => {
                let replace = users.replace_one(filter, document);
                let replace = replace.optional(comment, |replace, comment| replace.comment(comment));
                let replaced = replace.optional(session, |replace, session| replace.session(session)).await?;
                Ok(replaced.matched_count == 1)
            }
            Self::Delete => {
                let delete = users.delete_one(filter);
                let delete = delete.optional(comment, |delete, comment| delete.comment(comment));
                let deleted = delete.optional(session, |delete, session| delete.session(session)).await?;
                Ok(deleted.deleted_count == 1)
            }
        }
    }
}

/// The compare of compare-and-swap.
fn has_version(id: UserId, expected_version: i64) -> Document {
    doc! { "_id": uuid(id), "version": expected_version }
}

/// Makes a change if the user still has this version. For a user who is no admin it is one command; so is a change that
/// leaves the admin one.
async fn write(call: &Call, id: UserId, expected_version: i64, change: &Change) -> Result<(), StoreError> {
    let mut filter = has_version(id, expected_version);
    if change.takes_an_admin_away() {
        filter.insert("role", Role::User.as_str());
    }
    if change.make(call, filter, None).await.map_err(write_error)? {
        return Ok(());
    }
    // Versions only rise: an admin who has the expected version now had it a moment ago, and was no plain user then.
    match find(call, id).await? {
        Some(user) if user.version == expected_version && user.role == Role::Admin => {
            take_an_admin_away(call, id, expected_version, change).await
        }
        _ => Err(StoreError::VersionConflict),
    }
}

/// Makes a change that an admin does not survive as one, if there is another.
///
/// A transaction sees one snapshot, which is not enough: two that take away an admin each would both see the other one
/// there, and write to different documents. So each writes to the guard first. Of two that do so at once MongoDB lets one
/// go on and fails the other, which tries again, and sees what the first has done.
///
/// The driver's own loop around a transaction (`and_run2`) goes on for two minutes; this one, for a call's time.
async fn take_an_admin_away(call: &Call, id: UserId, expected_version: i64, change: &Change) -> Result<(), StoreError> {
    let deadline = call.deadline();
    let (mut session, _followed) = call.session().await.map_err(failure)?;
    loop {
        session.start_transaction().read_concern(ReadConcern::snapshot()).await.map_err(failure)?;
        let error = match attempt(call, &mut session, id, expected_version, change).await {
            Ok(None) => match commit(&mut session, deadline).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
            Ok(Some(refusal)) => {
                session.abort_transaction().await.map_err(failure)?;
                return Err(refusal);
            }
            Err(error) => {
                session.abort_transaction().await.map_err(failure)?;
                error
            }
        };
        if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) || Instant::now() >= deadline {
            return Err(write_error(error));
        }
        sleep(PAUSE).await;
    }
}

/// A commit whose answer was lost is repeated: the server knows the transaction, and tells how it ended.
async fn commit(session: &mut ClientSession, deadline: Instant) -> Result<(), Error> {
    loop {
        match session.commit_transaction().await {
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) && Instant::now() < deadline => {
                sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// The commands of such a transaction but its last. Gives the refusal if nothing is to be changed.
async fn attempt(
    call: &Call,
    session: &mut ClientSession,
    id: UserId,
    expected_version: i64,
    change: &Change,
) -> Result<Option<StoreError>, Error> {
    let guard = call.guards().update_one(doc! { "_id": LAST_ADMIN }, doc! { "$inc": { "changes": 1_i64 } });
    let guard = guard.optional(call.comment(), |guard, comment| guard.comment(comment));
    if guard.session(&mut *session).await?.matched_count != 1 {
        return Ok(Some(StoreError::Internal("guards has no document \"last_admin\"; a start makes it".into())));
    }
    let other_admin = doc! { "role": Role::Admin.as_str(), "_id": { "$ne": uuid(id) } };
    let same = has_version(id, expected_version);
    if exists(call, session, other_admin, Some(by_role())).await? {
        let changed = change.make(call, same, Some(session)).await?;
        return Ok((!changed).then_some(StoreError::VersionConflict));
    }
    // The user may have changed since its version was looked at, which is told before.
    let is_last = exists(call, session, same, None).await?;
    Ok(Some(if is_last { StoreError::LastAdmin } else { StoreError::VersionConflict }))
}

/// Whether there is such a user, to this transaction.
async fn exists(
    call: &Call,
    session: &mut ClientSession,
    filter: Document,
    index: Option<Hint>,
) -> Result<bool, Error> {
    let find = call.users().find(filter).projection(doc! { "_id": 1 }).limit(1);
    let find = find.optional(index, |find, index| find.hint(index));
    with_comment(find, call).session(&mut *session).await?.advance(session).await
}

/// The index for users of one role. Left to itself, MongoDB takes for a page of admins what was best for a page of users:
/// it keeps one plan for both, and where nearly everybody has the role that is a walk through everybody.
fn by_role() -> Hint {
    Hint::Keys(doc! { "role": 1, "_id": 1 })
}

async fn find(call: &Call, id: UserId) -> Result<Option<User>, StoreError> {
    let find = call.users().find(doc! { "_id": uuid(id) }).limit(1);
    Ok(all(with_comment(find, call).await.map_err(failure)?).await?.pop())
}

fn with_comment<'a>(find: Find<'a, UserDocument>, call: &Call) -> Find<'a, UserDocument> {
    find.optional(call.comment(), |find, comment| find.comment(comment))
}

async fn all(mut cursor: Cursor<UserDocument>) -> Result<Vec<User>, StoreError> {
    let mut users = Vec::new();
    while cursor.advance().await.map_err(failure)? {
        users.push(read(cursor.current())?);
    }
    Ok(users)
}

/// As [`failure`], for writes that a unique index can refuse.
///
/// Of the two only the one on the address can clash: ids are made by the service and hold 74 random bits. A user who is
/// inserted twice, as by two processes that seed at the same time, breaks both, and MongoDB names either.
fn write_error(error: Error) -> StoreError {
    if is_duplicate(&error) { StoreError::EmailTaken } else { failure(error) }
}
