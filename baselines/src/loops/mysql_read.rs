//! A user by id from MySQL or MariaDB: mysql_async with its own pool, the statement prepared once a connection. A connection is
//! taken out of the pool for each request, since any service has to.

use super::ids::Ids;
use super::measured::{Measured, on_tasks};
use super::{Settings, User};
use crate::failure::{BoxError, Failure};
use mysql_async::prelude::Queryable;
use mysql_async::{FromRowError, Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, Row, from_row_opt};
use std::hint::black_box;

/// Every column, as the store reads it.
const FIND: &str = "SELECT id, name, email, email_key, password_hash, role, version, credentials_version, created_at, \
                    updated_at FROM users WHERE id = ?";

pub async fn run(settings: &Settings) -> Result<Measured, Failure> {
    let pool = Pool::new(opts(settings).ok_or(Failure::Url { expected: "mysql://user:password@host/database" })?);
    let ids = match Ids::of_file(settings)? {
        Some(ids) => ids,
        None => all_ids(&pool).await?,
    };
    let reader = || {
        let (pool, ids) = (pool.clone(), ids.clone());
        move || {
            let (pool, ids) = (pool.clone(), ids.clone());
            async move { find(&pool, ids.any()).await }
        }
    };
    on_tasks(settings, (0..settings.tasks.get()).map(|_| reader()).collect()).await
}

fn opts(settings: &Settings) -> Option<Opts> {
    let server = Opts::from_url(&settings.database_url).ok()?;
    // All stay open: those above the least number the pool would close whenever they have nothing to do.
    let connections = settings.connections();
    let pool = PoolOpts::new().with_constraints(PoolConstraints::new(connections, connections)?);
    // By default the pool has the server forget a connection's state, prepared statements too, each time that it is given back.
    let pool = pool.with_reset_connection(false);
    // As the store has it: the driver would look for a socket, and go another way than the URL says.
    Some(OptsBuilder::from_opts(server).pool_opts(pool).prefer_socket(false).into())
}

async fn all_ids(pool: &Pool) -> Result<Ids, Failure> {
    let mut connection = pool.get_conn().await.map_err(Failure::database)?;
    Ids::of(connection.query("SELECT id FROM users").await.map_err(Failure::database)?)
}

async fn find(pool: &Pool, id: &str) -> Result<(), BoxError> {
    let mut connection = pool.get_conn().await?;
    // The driver keeps a connection's statements by their text.
    let row = connection.exec_first(FIND, (id,)).await?;
    black_box(user(row.ok_or_else(|| format!("there is no user {id}"))?)?);
    Ok(())
}

fn user(row: Row) -> Result<User, FromRowError> {
    let (id, name, email, email_key, password_hash, role, version, credentials_version, created_at, updated_at) =
        from_row_opt(row)?;
    Ok(User { id, name, email, email_key, password_hash, role, version, credentials_version, created_at, updated_at })
}
