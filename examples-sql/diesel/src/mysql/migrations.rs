//! Makes a database ready to be used at start: the database itself, its schema, a look at how the server is set up.
//!
//! The schema's statements are SQL files under `migrations/mysql/`, embedded when this is compiled, so that the executable
//! needs no files beside it.

use super::connection::{Server, Unusable};
use crate::pool::BoxError;
use crate::schema::{OrderLineRow, OrderRow, ProductRow, UserRow, order_lines, orders, products, users};
use diesel::prelude::{QueryDsl, QueryableByName, SelectableHelper};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as MysqlError};
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/mysql");

/// Processes that start at once on a new database wait for each other; for so long.
const LIMIT: Duration = Duration::from_secs(60);

/// Of the lock that they wait for. Such names are the whole server's, so the database's is in it; 64 characters are the
/// limit, hence its digest. `store-sea-orm` takes the same one.
const LOCK: &str = "CONCAT('stackdiff ', MD5(DATABASE()))";

const UNREACHABLE: &str = "is MySQL running there? `infra/services up mysql` starts one (MariaDB) on this machine";
const NOT_OURS: &str = "it belongs to another program or another version of this one: choose another --database-url";

// The server's codes, <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>.
const DATABASE_ACCESS_DENIED: u16 = 1044;
const ACCESS_DENIED: u16 = 1045;
const UNKNOWN_DATABASE: u16 = 1049;

/// Makes the database if it is missing, brings it up to date, and checks that it keeps what it acknowledges.
///
/// # Errors
/// [`Unusable`].
pub(crate) async fn prepare(server: &Server) -> Result<(), Unusable> {
    let prepared = async {
        let connection = match connect(server, Some(server.database())).await {
            Err(Refused::Missing) => {
                create_database(server).await?;
                connect(server, Some(server.database())).await?
            }
            connection => connection?,
        };
        let connection = AsyncMysqlConnection::try_from(connection).await;
        let mut connection = connection.map_err(|error| unusable(UNREACHABLE, error))?;
        check_settings(&mut connection).await?;
        let migrated = migrate(connection).await;
        let mut connection = migrated.map_err(|source| Unusable { advice: advice(&source), source })?;
        check_tables(&mut connection).await.map_err(|error| unusable(NOT_OURS, error))?;
        check_engines(&mut connection).await
    };
    limited(prepared).await
}

async fn limited(work: impl Future<Output = Result<(), Unusable>>) -> Result<(), Unusable> {
    let elapsed = |_| unusable("another process may hold the database: end that one, or wait", "no answer in time");
    tokio::time::timeout(LIMIT, work).await.map_err(elapsed)?
}

/// Removes the database.
///
/// # Errors
/// [`Unusable`]; not if it is not there.
pub(crate) async fn remove_database(server: &Server) -> Result<(), Unusable> {
    let removed = async {
        let mut connection = connect(server, None).await?;
        let statement = format!("DROP DATABASE IF EXISTS {}", quoted(server.database()));
        let advice = "this user must be allowed to remove it (GRANT DROP)";
        connection.query_drop(statement).await.map_err(|error| unusable(advice, error))
    };
    limited(removed).await
}

/// What the table's columns need they say themselves.
async fn create_database(server: &Server) -> Result<(), Unusable> {
    let mut connection = connect(server, None).await?;
    let name = quoted(server.database());
    let statement = format!("CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    let advice = "make the database, or let this user make it (GRANT CREATE)";
    connection.query_drop(statement).await.map_err(|error| unusable(advice, error))
}

/// Why there is no connection.
enum Refused {
    /// The server answers, and has no database of this name.
    Missing,
    Unusable(Unusable),
}

impl From<MysqlError> for Refused {
    fn from(error: MysqlError) -> Self {
        let advice = match &error {
            MysqlError::Server(error) if error.code == UNKNOWN_DATABASE => return Self::Missing,
            MysqlError::Server(error) if error.code == ACCESS_DENIED => {
                "check the user and the password in --database-url"
            }
            MysqlError::Server(error) if error.code == DATABASE_ACCESS_DENIED => {
                "let this user use the database (GRANT)"
            }
            MysqlError::Server(_) => "the server's log may say more",
            _ => UNREACHABLE,
        };
        Self::Unusable(unusable(advice, error))
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
async fn connect(server: &Server, database: Option<&str>) -> Result<Conn, Refused> {
    let reached = server.reach(database).await.map_err(|error| Refused::Unusable(unusable(UNREACHABLE, error)))?;
    let mut connection = reached?;
    let limit = LIMIT.as_secs();
    let unlimited = format!("SET SESSION innodb_lock_wait_timeout = {limit} /*M!100500 , max_statement_time = 0 */");
    connection.query_drop(unlimited).await?;
    Ok(connection)
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text, column_name = "Variable_name")]
    name: String,
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// What holds only in a certain set-up is looked at, so that a wrong one is told now and not by the lack of somebody's data.
async fn check_settings(connection: &mut AsyncMysqlConnection) -> Result<(), Unusable> {
    let ask = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', \
               'binlog_format', 'wsrep_on', 'group_replication_single_primary_mode')";
    let settings: Vec<Setting> =
        diesel::sql_query(ask).load(connection).await.map_err(|error| unusable(UNREACHABLE, error))?;
    let is = |name: &str, values: &[&str]| {
        settings.iter().any(|setting| setting.name == name && values.contains(&setting.value.as_str()))
    };
    let has_log = is("log_bin", &["ON", "1"]);
    let wrong = [
        (
            is("innodb_flush_log_at_trx_commit", &["0", "2"]),
            "innodb_flush_log_at_trx_commit is not 1",
            "what it acknowledges would not survive a power cut: set innodb_flush_log_at_trx_commit = 1",
        ),
        (
            has_log && !is("sync_binlog", &["1"]),
            "sync_binlog is not 1",
            "what it acknowledges would not survive a power cut: set sync_binlog = 1",
        ),
        (
            has_log && is("binlog_format", &["STATEMENT"]),
            "binlog_format is STATEMENT",
            "it refuses writes that read what is committed: set binlog_format = ROW",
        ),
        (
            is("wsrep_on", &["ON", "1"]) || is("group_replication_single_primary_mode", &["OFF", "0"]),
            "it is one of several servers that take writes",
            "their locks do not reach each other, and the last admin could be lost: use one server that takes writes",
        ),
    ];
    match wrong.into_iter().find(|(is_wrong, ..)| *is_wrong) {
        Some((_, what, advice)) => Err(unusable(advice, what)),
        None => Ok(()),
    }
}

/// Runs what has not been run yet, one process at a time.
///
/// Diesel's migrations are synchronous. diesel-async's harness for them blocks in place, which panics on a runtime with one
/// thread, such as actix-web's; on a thread for blocking calls its connection wrapper works on any.
async fn migrate(mut connection: AsyncMysqlConnection) -> Result<AsyncMysqlConnection, BoxError> {
    #[derive(QueryableByName)]
    struct Lock {
        #[diesel(sql_type = Nullable<BigInt>)]
        taken: Option<i64>,
    }
    let limit = LIMIT.as_secs();
    let lock = diesel::sql_query(format!("SELECT GET_LOCK({LOCK}, {limit}) AS taken"));
    if lock.get_result::<Lock>(&mut connection).await?.taken != Some(1) {
        return Err("the lock for migrations is held".into());
    }
    let run = move || {
        let mut connection = AsyncConnectionWrapper::<AsyncMysqlConnection>::from(connection);
        connection.run_pending_migrations(MIGRATIONS)?;
        Ok::<_, BoxError>(connection.into_inner())
    };
    let mut connection = tokio::task::spawn_blocking(run).await??;
    // The end of the session would let go of it as well, but a little later.
    connection.batch_execute(&format!("DO RELEASE_LOCK({LOCK})")).await?;
    Ok(connection)
}

/// A table of the same name that another program made is met here.
async fn check_tables(connection: &mut AsyncMysqlConnection) -> QueryResult<()> {
    users::table.select(UserRow::as_select()).limit(1).load(connection).await?;
    products::table.select(ProductRow::as_select()).limit(1).load(connection).await?;
    orders::table.select(OrderRow::as_select()).limit(1).load(connection).await?;
    order_lines::table.select(OrderLineRow::as_select()).limit(1).load(connection).await.map(drop)
}

/// And here one that an engine without transactions keeps.
async fn check_engines(connection: &mut AsyncMysqlConnection) -> Result<(), Unusable> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        engine: String,
    }
    let ask = "SELECT CAST(TABLE_NAME AS CHAR) AS name, CAST(ENGINE AS CHAR) AS engine FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('users', 'products', 'orders', 'order_lines') \
               AND ENGINE <> 'InnoDB'";
    let tables: Vec<Table> =
        diesel::sql_query(ask).load(connection).await.map_err(|error| unusable(NOT_OURS, error))?;
    match tables.into_iter().next() {
        None => Ok(()),
        Some(Table { name, engine }) => Err(unusable(
            "only InnoDB keeps what it acknowledges: give this table ENGINE = InnoDB (ALTER TABLE)",
            format!("the table {name} is kept by {engine}"),
        )),
    }
}

/// What to do about a migration that failed. diesel-async passes on the server's words and not its codes.
fn advice(error: &BoxError) -> &'static str {
    let message = error.to_string();
    if message.contains("lock") {
        "another process keeps it locked: end that one, or choose another --database-url"
    } else if message.contains("denied") {
        "let this user make tables in it (GRANT CREATE, ALTER, INDEX, REFERENCES)"
    } else {
        NOT_OURS
    }
}

fn unusable(advice: &'static str, source: impl Into<BoxError>) -> Unusable {
    Unusable { advice, source: source.into() }
}

/// As an identifier in SQL.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
