//! Changes of several items that happen together or not at all: one `TransactWriteItems`, each write with its condition.
//!
//! DynamoDB's transactions are one request. There is no reading in between and no lock: what must hold is said as
//! conditions, and two transactions that touch the same item at the same moment cancel each other.

use crate::connection::failure;
use crate::contention::{is_for_now, until_uncontended};
use crate::schema::{self, Item, admins_key, name_of, number};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use shared::domain::{ProductId, Role};
use shared::repository::{Shortage, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A transaction while it is put together. Of several conditions that fail, the first one is told, and with the first
/// product of which there is too little all others.
pub(crate) struct Transaction<'a> {
    table: &'a str,
    writes: Vec<TransactWriteItem>,
    /// By write: what it means if its condition fails.
    refusals: Vec<Refusal>,
    keys: BTreeSet<String>,
}

/// What it means if the condition of a write fails.
pub(crate) enum Refusal {
    /// It has none.
    Never,
    /// This.
    Told(StoreError),
    /// There is too little of this product, or it is gone. All of these stand behind the others.
    Short(ProductId),
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(table: &'a str) -> Self {
        Self { table, writes: Vec::new(), refusals: Vec::new(), keys: BTreeSet::new() }
    }

    /// What the transaction writes or looks at.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.keys.clone()
    }

    /// An item where there is none, or `taken`.
    pub(crate) fn put_new(&mut self, item: Item, taken: StoreError) -> Result<(), StoreError> {
        let name = name_of(&item);
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(defect)?;
        self.push(name, TransactWriteItem::builder().put(put).build(), Refusal::Told(taken));
        Ok(())
    }

    /// An item in the place of the one of this version.
    pub(crate) fn put_over(&mut self, item: Item, expected_version: i64) -> Result<(), StoreError> {
        let name = name_of(&item);
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = put.condition_expression("version = :expected");
        let put = put.expression_attribute_values(":expected", number(expected_version)).build().map_err(defect)?;
        self.push(name, TransactWriteItem::builder().put(put).build(), Refusal::Told(StoreError::VersionConflict));
        Ok(())
    }

    /// Some attributes of the item of this version.
    pub(crate) fn set(
        &mut self,
        key: Item,
        attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>,
        expected_version: i64,
    ) -> Result<(), StoreError> {
        let mut update = Update::builder().table_name(self.table).condition_expression("version = :expected");
        let mut assignments = Vec::new();
        // Many an English word is one of DynamoDB's own: no attribute goes by its bare name.
        for (name, value) in attributes {
            assignments.push(format!("#{name} = :{name}"));
            update = update.expression_attribute_names(format!("#{name}"), name);
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        let update = update.expression_attribute_values(":expected", number(expected_version));
        let update = update.update_expression(format!("SET {}", assignments.join(", ")));
        self.update(key, update, Refusal::Told(StoreError::VersionConflict))
    }

    /// Changes numbers of an item by so much each, if the one named in `least` is at least that. Without `least` an item
    /// that is not there is made.
    pub(crate) fn add(
        &mut self,
        key: Item,
        changes: &[(&'static str, i64)],
        least: Option<(&'static str, i64)>,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let mut update = Update::builder().table_name(self.table);
        for (name, change) in changes {
            update = update.expression_attribute_names(format!("#{name}"), *name);
            update = update.expression_attribute_values(format!(":{name}"), number(*change));
        }
        let changes: Vec<_> = changes.iter().map(|(name, _)| format!("#{name} :{name}")).collect();
        update = update.update_expression(format!("ADD {}", changes.join(", ")));
        if let Some((name, least)) = least {
            update = update
                .condition_expression(format!("#{name} >= :least"))
                .expression_attribute_values(":least", number(least))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        self.update(key, update, refusal)
    }

    /// No item in the place of the one of this version.
    pub(crate) fn delete(&mut self, key: Item, expected_version: i64) -> Result<(), StoreError> {
        let name = name_of(&key);
        let delete = Delete::builder().table_name(self.table).set_key(Some(key));
        let delete = delete.condition_expression("version = :expected");
        let delete = delete.expression_attribute_values(":expected", number(expected_version));
        let delete = delete.build().map_err(defect)?;
        self.push(
            name,
            TransactWriteItem::builder().delete(delete).build(),
            Refusal::Told(StoreError::VersionConflict),
        );
        Ok(())
    }

    /// A claim, given up by whoever is written in the same transaction.
    pub(crate) fn release(&mut self, key: Item) -> Result<(), StoreError> {
        let name = name_of(&key);
        let delete = Delete::builder().table_name(self.table).set_key(Some(key)).build().map_err(defect)?;
        self.push(name, TransactWriteItem::builder().delete(delete).build(), Refusal::Never);
        Ok(())
    }

    /// Writes nothing: there must be such an item.
    pub(crate) fn require(&mut self, key: Item, missing: StoreError) -> Result<(), StoreError> {
        self.check(key, "attribute_exists(pk)", missing)
    }

    /// Writes nothing: there must be no such item.
    pub(crate) fn forbid(&mut self, key: Item, there: StoreError) -> Result<(), StoreError> {
        self.check(key, "attribute_not_exists(pk)", there)
    }

    /// Keeps the number of admins right when a user's role changes, comes or goes. Every change that takes an admin away
    /// writes this one item, so two of them at once cannot both believe that the other admin stays. A look at `by_role`
    /// would: it holds nothing for the time until the write.
    pub(crate) fn count_admins(&mut self, before: Option<Role>, after: Option<Role>) -> Result<(), StoreError> {
        match (before == Some(Role::Admin), after == Some(Role::Admin)) {
            // Without a condition: the first admin makes the item.
            (false, true) => self.add(admins_key(), &[("admins", 1)], None, Refusal::Never),
            (true, false) => {
                self.add(admins_key(), &[("admins", -1)], Some(("admins", 2)), Refusal::Told(StoreError::LastAdmin))
            }
            _ => Ok(()),
        }
    }

    fn check(&mut self, key: Item, condition: &str, refusal: StoreError) -> Result<(), StoreError> {
        let name = name_of(&key);
        let check = ConditionCheck::builder().table_name(self.table).set_key(Some(key));
        let check = check.condition_expression(condition).build().map_err(defect)?;
        self.push(name, TransactWriteItem::builder().condition_check(check).build(), Refusal::Told(refusal));
        Ok(())
    }

    fn update(&mut self, key: Item, update: UpdateBuilder, refusal: Refusal) -> Result<(), StoreError> {
        let name = name_of(&key);
        let update = update.set_key(Some(key)).build().map_err(defect)?;
        self.push(name, TransactWriteItem::builder().update(update).build(), refusal);
        Ok(())
    }

    fn push(&mut self, key: String, write: TransactWriteItem, refusal: Refusal) {
        self.keys.insert(key);
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
        match until_uncontended(|| request.clone().send(), |error| is_contended(error, &self.refusals)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(reasons(&error), self.refusals)?.unwrap_or_else(|| failure(error))),
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

/// Whether the first write that something was wrong with met others, and not a condition that does not hold. A shortage is
/// not told before all are known.
fn is_contended(error: &SdkError<TransactWriteItemsError>, refusals: &[Refusal]) -> bool {
    let is_short = |(reason, refusal): &(&CancellationReason, &Refusal)| {
        has_failed(reason) && matches!(refusal, Refusal::Short(_))
    };
    let wrong = reasons(error).iter().zip(refusals).filter(|(reason, _)| reason.code() != Some("None"));
    let first = wrong.filter(|wrong| !is_short(wrong)).find_map(|(reason, _)| reason.code());
    first.or_else(|| error.code()).is_some_and(is_for_now)
}

fn has_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// What it means that these conditions failed; nothing if none did.
fn refused(reasons: &[CancellationReason], refusals: Vec<Refusal>) -> Result<Option<StoreError>, StoreError> {
    let mut shortages = Vec::new();
    for (reason, refusal) in reasons.iter().zip(refusals).filter(|(reason, _)| has_failed(reason)) {
        match refusal {
            Refusal::Told(error) if shortages.is_empty() => return Ok(Some(error)),
            Refusal::Short(product_id) => {
                let left = reason.item().map(|item| schema::read_number(item, "stock")).transpose()?;
                shortages.push(Shortage { product_id, left });
            }
            Refusal::Told(_) | Refusal::Never => {}
        }
    }
    Ok((!shortages.is_empty()).then_some(StoreError::OutOfStock(shortages)))
}
