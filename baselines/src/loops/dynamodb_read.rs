//! A user by id from DynamoDB: a consistent `GetItem` by Amazon's SDK, on no more connections than the store may have.

use super::ids::Ids;
use super::measured::{Measured, on_tasks};
use super::{Settings, User};
use crate::failure::{BoxError, Failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The partition of all users.
const USERS: &str = "USERS";

type Item = HashMap<String, AttributeValue>;

pub async fn run(settings: &Settings) -> Result<Measured, Failure> {
    let (client, table) = connect(settings).ok_or(Failure::Url {
        expected: "dynamodb://region/table or dynamodb://local/table?endpoint=http://127.0.0.1:42800, with \
                   AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment where there is no endpoint",
    })?;
    let ids = match Ids::of_file(settings)? {
        Some(ids) => ids,
        None => all_ids(&client, &table).await?,
    };
    // The SDK opens as many connections as there are requests under way; as in the store, they are counted out.
    let permits = Arc::new(Semaphore::new(settings.connections()));
    let reader = || {
        let (client, table, ids, permits) = (client.clone(), table.clone(), ids.clone(), permits.clone());
        move || {
            let (client, table, ids, permits) = (client.clone(), table.clone(), ids.clone(), permits.clone());
            async move {
                let _permit = permits.acquire().await?;
                find(&client, &table, ids.any()).await
            }
        }
    };
    on_tasks(settings, (0..settings.tasks.get()).map(|_| reader()).collect()).await
}

/// The client of a URL, and the table.
fn connect(settings: &Settings) -> Option<(Client, String)> {
    let rest = settings.database_url.strip_prefix("dynamodb://")?;
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (region, table) = place.split_once('/')?;
    let mut options = form_urlencoded::parse(options.as_bytes());
    let endpoint = options.find(|(option, _)| option == "endpoint").map(|(_, endpoint)| endpoint.into_owned());
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let credentials = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"),
        // DynamoDB Local takes any.
        _ if endpoint.is_some() => Credentials::new("placeholder", "placeholder", None, None, "environment"),
        _ => return None,
    };
    let http = aws_smithy_http_client::Builder::new().pool_max_idle_per_host(settings.connections());
    let http = match &endpoint {
        Some(endpoint) if endpoint.starts_with("http://") => http.build_http(),
        _ => http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    };
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .http_client(http)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(endpoint);
    Some((Client::from_conf(config.build()), table.to_owned()))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

async fn all_ids(client: &Client, table: &str) -> Result<Ids, Failure> {
    let query = client.query().table_name(table).key_condition_expression("pk = :users").projection_expression("sk");
    let mut items = query.expression_attribute_values(":users", text(USERS)).into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        ids.extend(read(&item.map_err(Failure::database)?, "sk"));
    }
    Ids::of(ids)
}

async fn find(client: &Client, table: &str, id: &str) -> Result<(), BoxError> {
    let read = client.get_item().table_name(table).consistent_read(true);
    let answer = read.key("pk", text(USERS)).key("sk", text(id)).send().await?;
    let user = answer.item.as_ref().and_then(user);
    black_box(user.ok_or_else(|| format!("there is no whole user {id}"))?);
    Ok(())
}

fn user(item: &Item) -> Option<User> {
    Some(User {
        id: read(item, "sk")?,
        name: read(item, "name")?,
        email: read(item, "email")?,
        email_key: read(item, "email_key")?,
        password_hash: read(item, "password_hash")?,
        role: read(item, "role")?,
        version: number(item, "version")?,
        credentials_version: number(item, "credentials_version")?,
        created_at: number(item, "created_at")?,
        updated_at: number(item, "updated_at")?,
    })
}

fn read(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
