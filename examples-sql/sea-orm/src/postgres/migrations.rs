//! Makes a database ready to be used at start: is it there, can it be relied on, and the schema.

use super::connection::{connect, parse};
use crate::connection::{code, driver_error};
use crate::migrations::{NOT_OURS, TRIES, migrate};
use crate::network::{bounded, connect_once, connection_error, is_about_tls, refused};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, Connection as _, Error as SqlxError, Executor as _, PgConnection};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};
use sea_orm::{QueryResult, TransactionTrait as _};
use shared::repository::{OpenError, StoreOptions};
use std::time::{Duration, Instant};

/// The database that every server has, to be connected to while another one is made or removed.
const MAINTENANCE: &str = "postgres";

/// One number for all that migrate a database, whatever program they are: "stackdif" in ASCII.
const LOCK: i64 = 0x73_74_61_63_6b_64_69_66;

/// How long to wait before another try to remove a database.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes the database if there is none, looks whether it can be relied on, and brings it up to date.
///
/// # Errors
/// [`OpenError::Database`].
pub(crate) async fn prepare(url: &str, server: &PgConnectOptions, timeout: Duration) -> Result<(), OpenError> {
    let explained = |error: DbErr| refused(url, advice(&error), error);
    make_database(server, timeout).await.map_err(|error| explained(connection_error(error)))?;
    let connection = connect(server, 1, TRIES).connection;
    let prepared = bring_up_to_date(&connection).await;
    // The transaction has ended by now, whether the connection is closed in time or not.
    let _ = tokio::time::timeout(timeout, connection.close()).await;
    match prepared.map_err(explained)? {
        Some((found, advice)) => Err(refused(url, advice, found)),
        None => Ok(()),
    }
}

/// Removes the database.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn remove(url: &str, options: StoreOptions) -> Result<(), OpenError> {
    let server = parse(url)?;
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_of(&server));
    let deadline = Instant::now() + options.timeout;
    loop {
        match on_the_server(&server, options.timeout, sql.clone()).await {
            // The server's own autovacuum may be at work in it, and may not be ended by an ordinary user.
            Err(error) if has_code(&error, &["42501"]) && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            removed => {
                let removed = removed.map_err(connection_error);
                return removed.map_err(|error| refused(url, advice(&error), error));
            }
        }
    }
}

fn has_code(error: &SqlxError, codes: &[&str]) -> bool {
    error.as_database_error().is_some_and(|error| codes.contains(&code(error).as_ref()))
}

/// Several processes may start at once on a new server: whoever comes second finds that the database is there, or is
/// just being made.
async fn make_database(server: &PgConnectOptions, timeout: Duration) -> Result<(), SqlxError> {
    match connect_once::<PgConnection>(server, timeout).await {
        Ok(connection) => return bounded(timeout, connection.close()).await,
        Err(error) if has_code(&error, &["3D000"]) => {}
        Err(error) => return Err(error),
    }
    // From `template0`, because a server that was set up in another encoding cannot copy its own template as UTF-8.
    let options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";
    let sql = format!("CREATE DATABASE {} {options}", name_of(server));
    match on_the_server(server, timeout, sql).await {
        Err(error) if has_code(&error, &["42P04", "23505"]) => Ok(()),
        made => made,
    }
}

/// Sends a statement about the database without being in it.
async fn on_the_server(server: &PgConnectOptions, timeout: Duration, sql: String) -> Result<(), SqlxError> {
    let mut connection = connect_once::<PgConnection>(&server.clone().database(MAINTENANCE), timeout).await?;
    bounded(TRIES, connection.execute(AssertSqlSafe(sql))).await?;
    bounded(timeout, connection.close()).await
}

/// The database's name as SQL takes it.
fn name_of(server: &PgConnectOptions) -> String {
    format!("\"{}\"", server.get_database().unwrap_or_default().replace('"', "\"\""))
}

/// What is wrong with a server, and what to do about it.
type Unfit = (&'static str, &'static str);

/// Several processes may start at once on a new database: the lock is held until the transaction's end, and what the
/// second one finds then is that nothing is left to do.
async fn bring_up_to_date(connection: &DatabaseConnection) -> Result<Option<Unfit>, DbErr> {
    let transaction = connection.begin().await?;
    if let Some(unfit) = unfit(&transaction).await? {
        return Ok(Some(unfit));
    }
    let lock = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_advisory_xact_lock($1)", [LOCK.into()]);
    transaction.query_one_raw(lock).await?;
    migrate(&transaction).await?;
    transaction.commit().await?;
    Ok(None)
}

/// Whether an acknowledged write would survive a power cut, and every text come back as it was.
async fn unfit(transaction: &DatabaseTransaction) -> Result<Option<Unfit>, DbErr> {
    let settings = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
                    current_setting('synchronous_commit'), current_setting('server_encoding'), \
                    pg_is_in_recovery()::text";
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, settings)).await?;
    let text = |row: &QueryResult, index| row.try_get_by_index::<String>(index);
    let Some(row) = row else { return Ok(None) };
    Ok(if text(&row, 0)? == "off" || text(&row, 1)? == "off" {
        Some(("it may lose what it acknowledged", "set `fsync = on` and `full_page_writes = on` in postgresql.conf"))
    } else if text(&row, 2)? == "off" {
        Some(("it acknowledges what it may lose", "set `synchronous_commit = on` for this server, database and user"))
    } else if text(&row, 3)? != "UTF8" {
        Some(("its texts are not in UTF-8", "choose another --database-url, or make the database with ENCODING 'UTF8'"))
    } else if text(&row, 4)? == "true" {
        Some(("it is a replica that takes no writes", "choose the --database-url of the primary server"))
    } else {
        None
    })
}

/// The advice where nobody answers.
const NOT_REACHED: &str = "is PostgreSQL running there? `infra/services up postgres` starts one on this machine";

/// What to do about a database that could not be opened.
pub(crate) fn advice(error: &DbErr) -> &'static str {
    let database_code = match driver_error(error) {
        Some(error) if is_about_tls(error) => return "look at sslmode and sslrootcert in --database-url",
        Some(SqlxError::Database(error)) => code(&**error),
        Some(SqlxError::Io(_) | SqlxError::Protocol(_) | SqlxError::PoolTimedOut) => return NOT_REACHED,
        _ if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => return NOT_REACHED,
        _ => return NOT_OURS,
    };
    match database_code.as_ref() {
        "28000" | "28P01" => "look at user and password in --database-url, and at the server's pg_hba.conf",
        "42501" => "make the database, owned by this user, or let the user make it: ALTER ROLE ... CREATEDB",
        "53300" => "let the server take more connections (max_connections), or this program open fewer",
        // Statement timeout: somebody else migrates for too long. The other codes: the server starts or stops.
        "57014" | "57P01" | "57P02" | "57P03" => "try again in a moment",
        _ => NOT_OURS,
    }
}
