//! Makes the table at start, or looks whether the one that is there is ours.
//!
//! There is no history of migrations: items have no schema, and a table's keys and local indexes can never be changed.
//! Products and orders came later, to the keys and indexes that users had: see "One index for three questions" in `lib.rs`.

use crate::connection::Failure;
use crate::schema::{BY_EMAIL, BY_ROLE, PARTITION_KEY, SORT_KEY};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection, ProjectionType,
    ScalarAttributeType, TableDescription, TableStatus,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Amazon takes seconds to make or remove a table.
const WAIT_MAX: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);

/// [`Failure::code`] of a table with other keys or indexes.
pub(crate) const OTHER_TABLE: &str = "OtherTable";

/// Brings the table to be there. Several processes may do so at once: one of them makes the table, the others are told
/// that it is in use, and wait like the first one until it can be used.
///
/// # Errors
/// DynamoDB's, or [`OTHER_TABLE`].
pub(crate) async fn prepare(client: &Client, table: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let description = describe(client, table).await?;
        match description.as_ref().and_then(TableDescription::table_status) {
            None => create(client, table).await?,
            Some(TableStatus::Creating | TableStatus::Deleting) => wait(deadline, "TableNotReady").await?,
            Some(_) => return check(description),
        }
    }
}

/// Removes the table, and waits until it is gone.
///
/// # Errors
/// DynamoDB's.
pub(crate) async fn remove(client: &Client, table: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        match client.delete_table().table_name(table).send().await.map_err(Failure::from) {
            Err(failure) if failure.code.as_deref() == Some("ResourceNotFoundException") => return Ok(()),
            // It is being made, changed or removed.
            Err(failure) if failure.code.as_deref() == Some("ResourceInUseException") => {}
            Err(failure) => return Err(failure),
            Ok(_) => {}
        }
        if describe(client, table).await?.is_none() {
            return Ok(());
        }
        wait(deadline, "TableNotRemoved").await?;
    }
}

/// Not the SDK's waiters: they pause for 20 seconds.
async fn wait(deadline: Instant, code: &str) -> Result<(), Failure> {
    if Instant::now() > deadline {
        return Err(Failure::new(code, format!("the table was not ready after {} s", WAIT_MAX.as_secs())));
    }
    sleep(PAUSE).await;
    Ok(())
}

async fn describe(client: &Client, table: &str) -> Result<Option<TableDescription>, Failure> {
    match client.describe_table().table_name(table).send().await {
        Ok(described) => Ok(described.table),
        Err(SdkError::ServiceError(refusal)) if refusal.err().is_resource_not_found_exception() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The attributes that are part of a key, and the indexes. Every other attribute needs no declaration.
const KEY_ATTRIBUTES: [&str; 4] = [PARTITION_KEY, SORT_KEY, BY_EMAIL.1, BY_ROLE.1];
const INDEXES: [(&str, &str); 2] = [BY_EMAIL, BY_ROLE];

async fn create(client: &Client, table: &str) -> Result<(), Failure> {
    let attributes = KEY_ATTRIBUTES
        .map(|name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build());
    let attributes = attributes.into_iter().collect::<Result<Vec<_>, _>>().map_err(SdkError::construction_failure);
    let indexes = INDEXES.map(|(name, sort_key)| {
        let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = LocalSecondaryIndex::builder().index_name(name).projection(projection);
        index.set_key_schema(Some(keys(sort_key)?)).build()
    });
    let indexes = indexes.into_iter().collect::<Result<Vec<_>, _>>().map_err(SdkError::construction_failure);
    let creation = async {
        let request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
        let keys = keys(SORT_KEY).map_err(SdkError::construction_failure)?;
        let request = request.set_key_schema(Some(keys)).set_attribute_definitions(Some(attributes?));
        request.set_local_secondary_indexes(Some(indexes?)).send().await
    };
    match creation.await {
        Err(SdkError::ServiceError(refusal)) if refusal.err().is_resource_in_use_exception() => Ok(()),
        outcome => outcome.map(drop).map_err(Failure::from),
    }
}

/// The keys of the table or an index. The indexes are local: they share the table's partition key.
fn keys(sort_key: &str) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let element = |name, key_type| KeySchemaElement::builder().attribute_name(name).key_type(key_type).build();
    Ok(vec![element(PARTITION_KEY, KeyType::Hash)?, element(sort_key, KeyType::Range)?])
}

/// Whether the table has the keys and indexes that [`create`] gives it. More than those do no harm.
fn check(description: Option<TableDescription>) -> Result<(), Failure> {
    let other = |what: &str| Err(Failure::new(OTHER_TABLE, format!("the table that is there has {what}")));
    let Some(table) = description else { return other("no description") };
    let are_keys = |schema: &[KeySchemaElement], sort_key: &str| keys(sort_key).is_ok_and(|keys| schema == keys);
    if !are_keys(table.key_schema(), SORT_KEY) {
        return other("other keys than pk and sk");
    }
    for (name, sort_key) in INDEXES {
        let index = table.local_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
        if !index.is_some_and(|index| are_keys(index.key_schema(), sort_key)) {
            return other(&format!("no local secondary index {name} on pk and {sort_key}"));
        }
    }
    let is_text = |attribute: &AttributeDefinition| *attribute.attribute_type() == ScalarAttributeType::S;
    let of_ours = |attribute: &&AttributeDefinition| KEY_ATTRIBUTES.contains(&attribute.attribute_name());
    if !table.attribute_definitions().iter().filter(of_ours).all(is_text) {
        return other("keys that are not strings");
    }
    Ok(())
}
