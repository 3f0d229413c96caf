//! A user by id from Redis: `HGETALL` down the driver's multiplexed connections, which the tasks share as the store's calls do.

use super::ids::Ids;
use super::measured::{Measured, on_tasks};
use super::{Settings, User};
use crate::failure::{BoxError, Failure};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion};
use std::collections::HashMap;
use std::hint::black_box;

pub async fn run(settings: &Settings) -> Result<Measured, Failure> {
    let (client, prefix) = address(&settings.database_url)
        .ok_or(Failure::Url { expected: "redis://127.0.0.1:6379/0?prefix=stackdiff" })?;
    // The store's answers have a time limit of its own making, so neither has the driver's here.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let mut connections = Vec::new();
    for _ in 0..settings.connections() {
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        connections.push(connection.map_err(Failure::database)?);
    }
    let ids = match (Ids::of_file(settings)?, connections.first()) {
        (Some(ids), _) => ids,
        (None, Some(connection)) => all_ids(connection.clone(), &prefix).await?,
        (None, None) => return Err(Failure::NoIds),
    };
    let reader = |connection: &MultiplexedConnection| {
        let (connection, prefix, ids) = (connection.clone(), prefix.clone(), ids.clone());
        move || {
            // A handle is a reference to the one connection.
            let (mut connection, key) = (connection.clone(), format!("{{{prefix}}}:user:{}", ids.any()));
            async move { find(&mut connection, key).await }
        }
    };
    on_tasks(settings, connections.iter().cycle().take(settings.tasks.get()).map(reader).collect()).await
}

/// The driver knows nothing of the options after the `?`, of which the prefix alone matters here.
fn address(url: &str) -> Option<(Client, String)> {
    let mut url = redis::parse_redis_url(url).filter(|url| url.scheme() == "redis")?;
    let prefix = url.query_pairs().find(|(option, _)| option == "prefix");
    let prefix = prefix.map_or_else(|| "stackdiff".to_owned(), |(_, prefix)| prefix.into_owned());
    url.set_query(None);
    let info = url.into_connection_info().ok()?;
    // As the store has them.
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let info = info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true));
    Some((Client::open(info).ok()?, prefix))
}

async fn all_ids(mut connection: MultiplexedConnection, prefix: &str) -> Result<Ids, Failure> {
    let mut command = redis::cmd("ZRANGE");
    command.arg(format!("{{{prefix}}}:users")).arg(0).arg(-1);
    Ids::of(command.query_async(&mut connection).await.map_err(Failure::database)?)
}

async fn find(connection: &mut MultiplexedConnection, key: String) -> Result<(), BoxError> {
    let mut command = redis::cmd("HGETALL");
    let hash: HashMap<String, String> = command.arg(&key).query_async(connection).await?;
    black_box(user(hash).ok_or_else(|| format!("there is no whole user at {key}"))?);
    Ok(())
}

fn user(mut hash: HashMap<String, String>) -> Option<User> {
    let mut take = |field: &str| hash.remove(field);
    Some(User {
        id: take("id")?,
        name: take("name")?,
        email: take("email")?,
        email_key: take("email_key")?,
        password_hash: take("password_hash")?,
        role: take("role")?,
        version: take("version")?.parse().ok()?,
        credentials_version: take("credentials_version")?.parse().ok()?,
        created_at: take("created_at")?.parse().ok()?,
        updated_at: take("updated_at")?.parse().ok()?,
    })
}
