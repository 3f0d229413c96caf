//! Makes a database ready to be used at start: the database itself, its schema, a look at how the server is set up.
//!
//! The schema's statements are SQL files under `migrations/postgres/`, embedded when this is compiled, so that the
//! executable needs no files beside it.

use super::connection::{Server, Unusable, told};
use crate::pool::BoxError;
use crate::schema::{OrderLineRow, OrderRow, ProductRow, UserRow, order_lines, orders, products, users};
use diesel::prelude::{QueryDsl, SelectableHelper};
use diesel::result::QueryResult;
use diesel::sql_types::Text;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A database that every server has, to connect to while ours is not there.
const MAINTENANCE: &str = "postgres";

/// Processes that start at once on a new database wait for each other; for so long.
const LIMIT: Duration = Duration::from_secs(60);

/// For a database that cannot be removed at once.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Of the lock that they wait for: "stackdif" in ASCII. `store-sea-orm` takes the same one.
const LOCK: i64 = 0x7374_6163_6b64_6966;

const UNREACHABLE: &str = "is PostgreSQL running there? `infra/services up postgres` starts one on this machine";
const NOT_OURS: &str = "it belongs to another program or another version of this one: choose another --database-url";

/// Makes the database if it is missing, brings it up to date, and checks that it keeps what it acknowledges.
///
/// # Errors
/// [`Unusable`].
pub(crate) async fn prepare(server: &Server) -> Result<(), Unusable> {
    let prepared = async {
        let mut connection = match connect(server).await {
            Err(Refused::Missing) => {
                create_database(server).await?;
                connect(server).await?
            }
            connection => connection?,
        };
        check_settings(&mut connection).await?;
        let migrated = migrate(connection).await;
        let mut connection = migrated.map_err(|source| Unusable { advice: advice(&source), source })?;
        check_tables(&mut connection).await.map_err(|error| unusable(NOT_OURS, error))
    };
    limited(prepared).await
}

async fn limited(work: impl Future<Output = Result<(), Unusable>>) -> Result<(), Unusable> {
    let elapsed = |_| unusable("another process may hold the database: end that one, or wait", "no answer in time");
    tokio::time::timeout(LIMIT, work).await.map_err(elapsed)?
}

/// Removes the database, with whoever is connected to it.
///
/// # Errors
/// [`Unusable`]; not if it is not there.
pub(crate) async fn remove_database(server: &Server) -> Result<(), Unusable> {
    let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(server.database()));
    let mut tries = 0;
    let removed = async {
        loop {
            tries += 1;
            match run_beside(server, &statement).await? {
                // The server's own autovacuum may be at work in it, and may not be ended by an ordinary user.
                Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) && tries < TRIES => {
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(unusable("this user must own the database to remove it", told(&error))),
                Ok(()) => return Ok(()),
            }
        }
    };
    limited(removed).await
}

/// UTF-8 and the locale "C", whatever the server's own are: the columns that are compared say so themselves in any case.
async fn create_database(server: &Server) -> Result<(), Unusable> {
    let name = quoted(server.database());
    let statement = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    // Another process may be quicker.
    let there_already = [Some(&SqlState::DUPLICATE_DATABASE), Some(&SqlState::UNIQUE_VIOLATION)];
    match run_beside(server, &statement).await? {
        Err(error) if !there_already.contains(&error.code()) => {
            Err(unusable("make the database, or let this user make it (CREATEDB)", told(&error)))
        }
        _ => Ok(()),
    }
}

/// Runs a statement about the database, which is not to be connected to for that. By tokio-postgres itself: diesel-async
/// would hide the error's code.
async fn run_beside(server: &Server, statement: &str) -> Result<Result<(), tokio_postgres::Error>, Unusable> {
    let reached = server.with_database(MAINTENANCE).reach().await.map_err(|error| unusable(UNREACHABLE, error))?;
    let (client, connection) = reached.map_err(Refused::from)?;
    let driving = tokio::spawn(connection);
    let outcome = client.batch_execute(statement).await;
    drop(client);
    let _ = driving.await;
    Ok(outcome)
}

/// Why there is no connection.
enum Refused {
    /// The server answers, and has no database of this name.
    Missing,
    Unusable(Unusable),
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        let advice = match error.code() {
            Some(&SqlState::INVALID_CATALOG_NAME) => return Self::Missing,
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                "check the user and the password in --database-url"
            }
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => "let this user connect to the database (GRANT CONNECT)",
            Some(_) => "the server's log may say more",
            None => UNREACHABLE,
        };
        Self::Unusable(unusable(advice, told(&error)))
    }
}

impl From<Refused> for Unusable {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unusable(unusable) => unusable,
            Refused::Missing => unusable("make the database", "there is no such database"),
        }
    }
}

/// A connection without the pool's limits: a migration may take its time.
async fn connect(server: &Server) -> Result<AsyncPgConnection, Refused> {
    let reached = server.reach().await.map_err(|error| Refused::Unusable(unusable(UNREACHABLE, error)))?;
    let (client, connection) = reached?;
    let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    connection.map_err(|error| Refused::Unusable(unusable(UNREACHABLE, error)))
}

/// What holds only in a certain set-up is looked at, so that a wrong one is told now and not by the lack of somebody's data.
async fn check_settings(connection: &mut AsyncPgConnection) -> Result<(), Unusable> {
    let right = [
        ("fsync", "on", "what it acknowledges would not survive a power cut: set fsync = on in postgresql.conf"),
        ("server_encoding", "UTF8", "names are Unicode: make the database with ENCODING 'UTF8'"),
        ("in_hot_standby", "off", "it is a copy that takes no writes: name the primary server in --database-url"),
    ];
    for (setting, expected, advice) in right {
        let ask =
            diesel::select(diesel::dsl::sql::<Text>(&format!("coalesce(current_setting('{setting}', true), '')")));
        let found: String = ask.get_result(connection).await.map_err(|error| unusable(UNREACHABLE, error))?;
        // Before version 14 there is no in_hot_standby.
        if found != expected && !found.is_empty() {
            return Err(unusable(advice, format!("{setting} is {found}")));
        }
    }
    Ok(())
}

/// Runs what has not been run yet, one process at a time.
///
/// Diesel's migrations are synchronous. diesel-async's harness for them blocks in place, which panics on a runtime with one
/// thread, such as actix-web's; on a thread for blocking calls its connection wrapper works on any.
async fn migrate(mut connection: AsyncPgConnection) -> Result<AsyncPgConnection, BoxError> {
    let limit = LIMIT.as_millis();
    connection.batch_execute(&format!("SET lock_timeout = {limit}; SELECT pg_advisory_lock({LOCK})")).await?;
    let run = move || {
        let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
        connection.run_pending_migrations(MIGRATIONS)?;
        Ok::<_, BoxError>(connection.into_inner())
    };
    let mut connection = tokio::task::spawn_blocking(run).await??;
    // The end of the session would let go of it as well, but a little later.
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await?;
    Ok(connection)
}

/// A table of the same name that another program made is met here.
async fn check_tables(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    users::table.select(UserRow::as_select()).limit(1).load(connection).await?;
    products::table.select(ProductRow::as_select()).limit(1).load(connection).await?;
    orders::table.select(OrderRow::as_select()).limit(1).load(connection).await?;
    order_lines::table.select(OrderLineRow::as_select()).limit(1).load(connection).await.map(drop)
}

/// What to do about a migration that failed. diesel-async passes on the server's words and not its codes.
fn advice(error: &BoxError) -> &'static str {
    let message = error.to_string();
    if message.contains("lock timeout") {
        "another process keeps it locked: end that one, or choose another --database-url"
    } else if message.contains("permission denied") {
        "let this user make tables in it (GRANT CREATE ON SCHEMA public), or make it their database"
    } else {
        NOT_OURS
    }
}

fn unusable(advice: &'static str, source: impl Into<BoxError>) -> Unusable {
    Unusable { advice, source: source.into() }
}

/// As an identifier in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
