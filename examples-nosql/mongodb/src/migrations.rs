//! Makes a database ready to be used at start: collections, validators, indexes, and a look at what kind of server it is.
//!
//! There is no list of migrations. MongoDB keeps the definition of a collection beside it, so what is there is compared
//! with what should be, and mended. Each step may be taken by several processes at once.
//!
//! A database of an earlier version is one that lacks something. What came since, this way: `products` and `orders`, and
//! the optional field `hasOrders` of `users`, which no document has to be given: without it, a user has no orders.

use crate::connection::{code, is_duplicate};
use crate::schema::{Definition, GUARDS, LAST_ADMIN, definitions};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, ValidationAction, ValidationLevel};
use mongodb::{Client, Database};
use std::time::Duration;

/// Processes that start at once get into each other's way; each tries again so often.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// What a server lacks that this store relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It is a server by itself.
    Transactions,
    /// It keeps everything in memory.
    Durability,
}

/// Looks whether the server can hold what this store promises.
///
/// # Errors
/// The driver's.
pub(crate) async fn lack(database: &Database) -> Result<Option<Lack>, Error> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    if !has_transactions(&hello) {
        return Ok(Some(Lack::Transactions));
    }
    // A server without a journal refuses to be a member of a replica set, unless it keeps nothing on disk at all. Only a
    // user with a role for monitoring may ask; one who may not is believed.
    let sections = doc! { "serverStatus": 1, "metrics": 0, "repl": 0, "wiredTiger": 0, "tcmalloc": 0, "locks": 0 };
    let status = database.run_command(sections).await.unwrap_or_default();
    let persistent = status.get_document("storageEngine").and_then(|engine| engine.get_bool("persistent"));
    Ok(matches!(persistent, Ok(false)).then_some(Lack::Durability))
}

/// A member of a replica set names it, and a router of a sharded cluster is called "isdbgrid".
fn has_transactions(hello: &Document) -> bool {
    hello.contains_key("setName") || matches!(hello.get_str("msg"), Ok("isdbgrid"))
}

/// Whether what cannot be reached as a replica set is a server by itself, or one that has not been initiated.
pub(crate) async fn is_alone(mut options: ClientOptions) -> bool {
    options.repl_set_name = None;
    options.direct_connection = Some(true);
    options.hosts.truncate(1);
    let Ok(client) = Client::with_options(options) else { return false };
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await;
    client.shutdown().immediate(true).await;
    hello.is_ok_and(|hello| !has_transactions(&hello))
}

/// Makes what is missing.
///
/// # Errors
/// The driver's.
pub(crate) async fn prepare(database: &Database) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_to_prepare(database).await {
            Err(error) if tries < TRIES && is_collision(&error) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// What another process that is at the same thing can bring about.
const COLLISIONS: [i32; 7] = [
    26,     // NamespaceNotFound: the other one removes the database.
    48,     // NamespaceExists
    112,    // WriteConflict
    117,    // ConflictingOperationInProgress
    215,    // DatabaseDropPending
    276,    // IndexBuildAborted
    12_587, // BackgroundOperationInProgressForNamespace: the other one builds an index already.
];

fn is_collision(error: &Error) -> bool {
    // Two that insert the guard: a write's error. Doubles in the data, for which no index can be built, are a command's.
    let is_guard = is_duplicate(error) && matches!(*error.kind, ErrorKind::Write(_));
    is_guard || code(error).is_some_and(|code| COLLISIONS.contains(&code))
}

async fn try_to_prepare(database: &Database) -> Result<(), Error> {
    for definition in definitions() {
        match options_of(database, definition.name).await? {
            None => {
                let collection = database.create_collection(definition.name).validator(definition.validator);
                collection.validation_level(ValidationLevel::Strict).validation_action(ValidationAction::Error).await?;
            }
            Some(options) if is_current(&definition, &options) => {}
            Some(_) => {
                let change = doc! {
                    "collMod": definition.name,
                    "validator": definition.validator,
                    "validationLevel": "strict",
                    "validationAction": "error",
                };
                database.run_command(change).await?;
            }
        }
        database.collection::<Document>(definition.name).create_indexes(definition.indexes).await?;
    }
    let guards = database.collection::<Document>(GUARDS);
    let there = doc! { "$setOnInsert": { "changes": 0_i64 } };
    guards.update_one(doc! { "_id": LAST_ADMIN }, there).upsert(true).await?;
    Ok(())
}

/// What MongoDB keeps about the collection of this name, if there is one.
async fn options_of(database: &Database, name: &str) -> Result<Option<Document>, Error> {
    // As a command and not as `list_collections`, which gives what the driver knows of the options, not all of them.
    let command = doc! { "listCollections": 1, "filter": { "name": name } };
    let mut found: Vec<Document> = database.run_cursor_command(command).await?.try_collect().await?;
    Ok(found.pop().map(|mut collection| match collection.remove("options") {
        Some(Bson::Document(options)) => options,
        _ => Document::new(),
    }))
}

fn is_current(definition: &Definition, options: &Document) -> bool {
    let said = [
        ("validator", definition.validator.clone().into()),
        ("validationLevel", Bson::from("strict")),
        ("validationAction", Bson::from("error")),
    ];
    said.iter().all(|(option, value)| options.get(option) == Some(value))
}
