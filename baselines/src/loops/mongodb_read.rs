//! A user by id from MongoDB: `find_one` of its driver, with what the store asks for: read concern majority from the primary.

use super::Settings;
use super::ids::Ids;
use super::measured::{Measured, on_tasks};
use crate::failure::{BoxError, Failure};
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Uuid, doc};
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria};
use mongodb::{Client, Collection};
use serde::Deserialize;
use std::hint::black_box;

/// A document, as the store has it. The address is not kept a second time here: an index compares without regard to case.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "reading it is all that is measured")]
struct User {
    #[serde(rename = "_id")]
    id: Uuid,
    name: String,
    email: String,
    password_hash: String,
    role: String,
    version: i64,
    credentials_version: i64,
    created_at: DateTime,
    updated_at: DateTime,
}

pub async fn run(settings: &Settings) -> Result<Measured, Failure> {
    let expected = "mongodb://127.0.0.1:27017/stackdiff?replicaSet=rs0";
    let mut options = ClientOptions::parse(&settings.database_url).await.map_err(|_| Failure::Url { expected })?;
    let name = options.default_database.clone().ok_or(Failure::Url { expected })?;
    let connections = u32::try_from(settings.connections()).unwrap_or(u32::MAX);
    options.max_pool_size = Some(connections);
    options.max_connecting = Some(connections);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let database = Client::with_options(options).map_err(Failure::database)?.database(&name);
    let ids = match Ids::of_file(settings)? {
        Some(ids) => ids,
        None => all_ids(&database.collection("users")).await?,
    };
    let reader = || {
        let (users, ids) = (database.collection("users"), ids.clone());
        move || {
            let (users, ids) = (users.clone(), ids.clone());
            async move { find(&users, ids.any()).await }
        }
    };
    on_tasks(settings, (0..settings.tasks.get()).map(|_| reader()).collect()).await
}

/// What is read of a document to know whom to ask for.
#[derive(Deserialize)]
struct OnlyId {
    #[serde(rename = "_id")]
    id: Uuid,
}

async fn all_ids(users: &Collection<OnlyId>) -> Result<Ids, Failure> {
    let found = users.find(doc! {}).projection(doc! { "_id": 1 }).await.map_err(Failure::database)?;
    let found: Vec<OnlyId> = found.try_collect().await.map_err(Failure::database)?;
    // As text, as a file has them.
    Ids::of(found.iter().map(|user| user.id.to_string()).collect())
}

async fn find(users: &Collection<User>, id: &str) -> Result<(), BoxError> {
    let user = users.find_one(doc! { "_id": Uuid::parse_str(id)? }).await?;
    black_box(user.ok_or_else(|| format!("there is no user {id}"))?);
    Ok(())
}
