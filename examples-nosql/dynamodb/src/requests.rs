//! The requests that users, products and orders have in common. Transactions have a file of their own.

use crate::connection::{failure, sent_once};
use crate::contention::{Pauses, is_for_now, until_uncontended};
use crate::schema::Item;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValuesOnConditionCheckFailure};
use shared::repository::StoreError;
use std::collections::HashMap;

/// The item of this key, if there is one.
pub(crate) async fn get(client: &Client, table: &str, key: Item) -> Result<Option<Item>, StoreError> {
    let read = client.get_item().table_name(table).consistent_read(true).set_key(Some(key));
    Ok(read.send().await.map_err(failure)?.item)
}

/// The items of up to 100 different keys, those that are there, in no order.
///
/// One request, unless they are more than 16 MB or the table is busy: then DynamoDB answers a part of them and says which
/// keys it has left over.
pub(crate) async fn get_many(client: &Client, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
    let mut found = Vec::new();
    let mut pauses = Pauses::default();
    let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys)).build();
    let keys = keys.map_err(|defect| StoreError::Internal(defect.into()))?;
    let mut left_over = HashMap::from([(table.to_owned(), keys)]);
    loop {
        let read = client.batch_get_item().set_request_items(Some(left_over)).send().await.map_err(failure)?;
        found.extend(read.responses.unwrap_or_default().into_values().flatten());
        left_over = read.unprocessed_keys.unwrap_or_default();
        if left_over.is_empty() {
            return Ok(found);
        }
        pauses.next().await;
    }
}

/// What a query finds after `start`, at most `limit` of those that `read` keeps.
///
/// One request, unless the answer is larger than the megabyte that a `Query` reads at most. An index and its items are two
/// reads of DynamoDB's own, and a change may fall between: `read` says whether an item is still what was asked for.
pub(crate) async fn list<T>(
    query: QueryFluentBuilder,
    mut start: Option<Item>,
    limit: u32,
    read: impl Fn(&Item) -> Result<Option<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    while found.len() < limit {
        let missing = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
        let page = query.clone().limit(missing).set_exclusive_start_key(start).send().await.map_err(failure)?;
        for item in page.items() {
            found.extend(read(item)?);
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Writes an item, if its condition holds.
pub(crate) async fn replace(put: PutItemFluentBuilder) -> Result<Replaced, StoreError> {
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let send = || put.clone().customize().config_override(sent_once()).send();
    match until_uncontended(send, |error| error.code().is_some_and(is_for_now)).await {
        Ok(_) => Ok(Replaced::Done),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Replaced::Refused(refusal.item().cloned()))
            }
            _ => Err(failure(error)),
        },
    }
}

/// What became of a [`replace`].
pub(crate) enum Replaced {
    Done,
    /// With the item that is there instead, if there is one.
    Refused(Option<Item>),
}
