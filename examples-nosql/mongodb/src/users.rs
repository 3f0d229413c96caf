//! Users, kept in the collection `users`.

use crate::connection::{Call, Database, failure, is_duplicate};
use crate::schema::{BY_ROLE, LAST_ADMIN, UserDocument, read_all, through, uuid, without_case};
use crate::transaction::Transaction;
use async_trait::async_trait;
use mongodb::ClientSession;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::Hint;
use shared::context::RequestContext;
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

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
            filter.insert("_id", doc! { "$gt": uuid(after.as_bytes()) });
        }
        let (limit, of_role) = (query.limit, query.role.is_some());
        let work = async move |call: Call| {
            // Otherwise the first answer has 101 documents at most. One more than the limit, so that it is the last, too.
            let batch = limit.saturating_add(1).min(i32::MAX.unsigned_abs());
            let find = call.users().find(filter).sort(doc! { "_id": 1 }).limit(limit.into()).batch_size(batch);
            let find = find.optional(of_role.then(|| through(BY_ROLE)), |find, index| find.hint(index));
            all(find, &call).await
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
            let found = all(find, &call).await?.pop();
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

    /// Why it was not made, although the user has the version that was expected.
    fn refusal(&self) -> StoreError {
        match self {
            Self::Replace(..) => StoreError::VersionConflict,
            Self::Delete => StoreError::HasOrders,
        }
    }

    /// Makes the change to the document that matches, in a transaction or by itself, and says whether there was one. A
    /// user with orders is not deleted.
    async fn make(
        &self,
        call: &Call,
        mut filter: Document,
        session: Option<&mut ClientSession>,
    ) -> Result<bool, Error> {
        let (users, comment) = (call.users(), call.comment());
        match self {
            Self::Replace(document, _) => {
                // Not `replace_one`, which would take away what only orders write: that the user has some.
                let update = users.update_one(filter, document.change()?);
                let update = update.optional(comment, |update, comment| update.comment(comment));
                let updated = update.optional(session, |update, session| update.session(session)).await?;
                Ok(updated.matched_count == 1)
            }
            Self::Delete => {
                // An order that is being placed has written this in a transaction: one of the two waits for the other, or
                // fails because of it.
                filter.insert("hasOrders", doc! { "$ne": true });
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
    doc! { "_id": uuid(id.as_bytes()), "version": expected_version }
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
        Some(user) if user.version == expected_version => Err(change.refusal()),
        _ => Err(StoreError::VersionConflict),
    }
}

/// Makes a change that an admin does not survive as one, if there is another.
///
/// A transaction sees one snapshot, which is not enough: two that take away an admin each would both see the other one
/// there, and write to different documents. So each writes to the guard first. Of two that do so at once MongoDB lets one
/// go on and fails the other, which tries again, and sees what the first has done.
async fn take_an_admin_away(call: &Call, id: UserId, expected_version: i64, change: &Change) -> Result<(), StoreError> {
    let mut transaction = Transaction::of(call).await?;
    loop {
        let attempt = attempt(call, transaction.begin().await?, id, expected_version, change).await;
        if let Some(outcome) = transaction.end(attempt, write_error).await {
            return outcome;
        }
    }
}

/// The commands of such a transaction but its last.
async fn attempt(
    call: &Call,
    session: &mut ClientSession,
    id: UserId,
    expected_version: i64,
    change: &Change,
) -> Result<Result<(), StoreError>, Error> {
    let guard = call.guards().update_one(doc! { "_id": LAST_ADMIN }, doc! { "$inc": { "changes": 1_i64 } });
    let guard = guard.optional(call.comment(), |guard, comment| guard.comment(comment));
    if guard.session(&mut *session).await?.matched_count != 1 {
        return Ok(Err(StoreError::Internal("guards has no document \"last_admin\"; a start makes it".into())));
    }
    let other_admin = doc! { "role": Role::Admin.as_str(), "_id": { "$ne": uuid(id.as_bytes()) } };
    let same = has_version(id, expected_version);
    let refusal = if exists(call, session, other_admin, Some(through(BY_ROLE))).await? {
        if change.make(call, same.clone(), Some(&mut *session)).await? {
            return Ok(Ok(()));
        }
        change.refusal()
    } else {
        StoreError::LastAdmin
    };
    // The user may have changed since its version was looked at, which is told before.
    let is_same = exists(call, session, same, None).await?;
    Ok(Err(if is_same { refusal } else { StoreError::VersionConflict }))
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

async fn find(call: &Call, id: UserId) -> Result<Option<User>, StoreError> {
    let find = call.users().find(doc! { "_id": uuid(id.as_bytes()) }).limit(1);
    Ok(all(find, call).await?.pop())
}

fn with_comment<'a>(find: Find<'a, UserDocument>, call: &Call) -> Find<'a, UserDocument> {
    find.optional(call.comment(), |find, comment| find.comment(comment))
}

async fn all(find: Find<'_, UserDocument>, call: &Call) -> Result<Vec<User>, StoreError> {
    read_all::<UserDocument, _>(with_comment(find, call).await.map_err(failure)?).await
}

/// As [`failure`], for writes that a unique index can refuse.
///
/// Of the two only the one on the address can clash: ids are made by the service and hold 74 random bits. A user who is
/// inserted twice, as by two processes that seed at the same time, breaks both, and MongoDB names either.
fn write_error(error: Error) -> StoreError {
    if is_duplicate(&error) { StoreError::EmailTaken } else { failure(error) }
}
