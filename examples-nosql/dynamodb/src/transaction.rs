//! Changes of several items that happen together or not at all: one `TransactWriteItems`, each write with its condition.
//!
//! DynamoDB's transactions are one request. There is no reading in between and no lock: what must hold is said as
//! conditions, and two transactions that touch the same item at the same moment cancel each other.

use crate::connection::failure;
use crate::schema::{self, admins_key, number, user_key};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem, Update};
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::StoreError;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// Writes that others were in the way of pause for up to so long before they are sent again, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(320);

/// A transaction while it is put together. Of several conditions that fail, the first one is told.
pub(crate) struct Transaction<'a> {
    table: &'a str,
    writes: Vec<TransactWriteItem>,
    /// By write: what it means if its condition fails.
    refusals: Vec<Option<StoreError>>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(table: &'a str) -> Self {
        Self { table, writes: Vec::new(), refusals: Vec::new() }
    }

    /// A user who is not there. An id is never made twice: a user with this id is this user, inserted before.
    pub(crate) fn put_new(&mut self, user: &User) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(schema::item(user)));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(defect)?;
        self.push(TransactWriteItem::builder().put(put).build(), Some(StoreError::EmailTaken));
        Ok(())
    }

    /// A user in the place of the one of this version.
    pub(crate) fn put_over(&mut self, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(schema::item(user)));
        let put = put.condition_expression("version = :expected");
        let put = put.expression_attribute_values(":expected", number(expected_version)).build().map_err(defect)?;
        self.push(TransactWriteItem::builder().put(put).build(), Some(StoreError::VersionConflict));
        Ok(())
    }

    /// No user in the place of the one of this version.
    pub(crate) fn delete(&mut self, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let delete = Delete::builder().table_name(self.table).set_key(Some(user_key(id)));
        let delete = delete.condition_expression("version = :expected");
        let delete = delete.expression_attribute_values(":expected", number(expected_version));
        let delete = delete.build().map_err(defect)?;
        self.push(TransactWriteItem::builder().delete(delete).build(), Some(StoreError::VersionConflict));
        Ok(())
    }

    /// Keeps the number of admins right when a user's role changes, comes or goes. Every change that takes an admin away
    /// writes this one item, so two of them at once cannot both believe that the other admin stays. A look at `by_role`
    /// would: it holds nothing for the time until the write.
    pub(crate) fn count_admins(&mut self, before: Option<Role>, after: Option<Role>) -> Result<(), StoreError> {
        let (was_admin, is_admin) = (before == Some(Role::Admin), after == Some(Role::Admin));
        if was_admin == is_admin {
            return Ok(());
        }
        let count = Update::builder().table_name(self.table).set_key(Some(admins_key()));
        let count = count.update_expression("ADD admins :change");
        let count = if is_admin {
            // Without a condition: the first admin makes the item.
            count.expression_attribute_values(":change", number(1))
        } else {
            count
                .expression_attribute_values(":change", number(-1))
                .condition_expression("admins > :one")
                .expression_attribute_values(":one", number(1))
        };
        let count = count.build().map_err(defect)?;
        self.push(TransactWriteItem::builder().update(count).build(), Some(StoreError::LastAdmin));
        Ok(())
    }

    /// An address that nobody has, for this user.
    pub(crate) fn claim(&mut self, email_key: &EmailKey, id: UserId) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(schema::claim(email_key, id)));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(defect)?;
        self.push(TransactWriteItem::builder().put(put).build(), Some(StoreError::EmailTaken));
        Ok(())
    }

    /// An address, given free by the user who is written in the same transaction.
    pub(crate) fn release(&mut self, email_key: &EmailKey) -> Result<(), StoreError> {
        let delete = Delete::builder().table_name(self.table).set_key(Some(schema::claim_key(email_key)));
        let delete = delete.build().map_err(defect)?;
        self.push(TransactWriteItem::builder().delete(delete).build(), None);
        Ok(())
    }

    fn push(&mut self, write: TransactWriteItem, refusal: Option<StoreError>) {
        self.writes.push(write);
        self.refusals.push(refusal);
    }

    /// Carries out all of it or nothing.
    ///
    /// Every attempt has the same token. So if one was carried out and its answer was lost, the next is answered "done"
    /// and does nothing; without a token it would find its own claim and be told that the address is taken.
    pub(crate) async fn send(self, client: &Client) -> Result<(), StoreError> {
        let request = client.transact_write_items().set_transact_items(Some(self.writes));
        let request = request.client_request_token(Uuid::now_v7().to_string());
        match until_uncontended(|| request.clone().send(), is_contended).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failed = reasons(&error).iter().map(|reason| reason.code() == Some("ConditionalCheckFailed"));
                let failed = failed.zip(self.refusals).find_map(|(failed, refusal)| refusal.filter(|_| failed));
                Err(failed.unwrap_or_else(|| failure(error)))
            }
        }
    }
}

/// A write without a table or a key, which only a defect of this program can make.
fn defect(error: BuildError) -> StoreError {
    StoreError::Internal(error.into())
}

/// Why a transaction was cancelled, by write; nothing if it was not.
fn reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// Whether the first write that something was wrong with met others, and not a condition that does not hold.
fn is_contended(error: &SdkError<TransactWriteItemsError>) -> bool {
    let first = reasons(error).iter().filter_map(CancellationReason::code).find(|code| *code != "None");
    first.or_else(|| error.code()).is_some_and(is_for_now)
}

/// Whether a refusal with this code came before anything was done, and will not last.
pub(crate) fn is_for_now(code: &str) -> bool {
    const CONTENTION: [&str; 3] =
        ["TransactionConflict", "TransactionConflictException", "TransactionInProgressException"];
    const THROTTLING: [&str; 5] = [
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    ];
    CONTENTION.contains(&code) || THROTTLING.contains(&code)
}

/// Sends a write again for as long as it is refused only because others write the same items at that moment, or too many
/// write at all. Whoever calls sets the time limit. The pauses are random, or those who met would meet again.
///
/// The SDK leaves this to the program, because a transaction may be cancelled for other reasons, which stay.
pub(crate) async fn until_uncontended<T, E, F>(
    send: impl Fn() -> F,
    is_contended: impl Fn(&SdkError<E>) -> bool,
) -> Result<T, SdkError<E>>
where
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut pause_max = FIRST_PAUSE;
    loop {
        match send().await {
            Err(error) if is_contended(&error) => sleep(pause_max.mul_f64(random_fraction())).await,
            outcome => return outcome,
        }
        pause_max = (pause_max * 2).min(LAST_PAUSE);
    }
}

/// From 0 to 1; the last bits of a UUIDv7 are random.
fn random_fraction() -> f64 {
    let [.., last] = *Uuid::now_v7().as_bytes();
    f64::from(last) / f64::from(u8::MAX)
}
