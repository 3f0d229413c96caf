//! A user by id from PostgreSQL: tokio-postgres and deadpool, the statement prepared once a connection. A connection is taken
//! out of the pool for each request, since any service has to.

use super::ids::Ids;
use super::measured::{Measured, on_tasks};
use super::{Settings, User};
use crate::failure::{BoxError, Failure};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use std::hint::black_box;
use tokio_postgres::{NoTls, Row};

/// Every column, as the store reads it.
const FIND: &str = "SELECT id, name, email, email_key, password_hash, role, version, credentials_version, created_at, \
                    updated_at FROM users WHERE id = $1";

pub async fn run(settings: &Settings) -> Result<Measured, Failure> {
    let server = settings.database_url.parse();
    let server: tokio_postgres::Config =
        server.map_err(|_| Failure::Url { expected: "postgres://user@host/database" })?;
    // As the store's: without a round trip to ask whether a connection still works.
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(server, NoTls, config)).max_size(settings.connections());
    let pool = pool.build().map_err(Failure::database)?;
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

async fn all_ids(pool: &Pool) -> Result<Ids, Failure> {
    let client = pool.get().await.map_err(Failure::database)?;
    let rows = client.query("SELECT id FROM users", &[]).await.map_err(Failure::database)?;
    Ids::of(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(Failure::database)?)
}

async fn find(pool: &Pool, id: &str) -> Result<(), BoxError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    black_box(user(&client.query_one(&statement, &[&id]).await?)?);
    Ok(())
}

fn user(row: &Row) -> Result<User, tokio_postgres::Error> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        email_key: row.try_get(3)?,
        password_hash: row.try_get(4)?,
        role: row.try_get(5)?,
        version: row.try_get(6)?,
        credentials_version: row.try_get(7)?,
        created_at: row.try_get(8)?,
        updated_at: row.try_get(9)?,
    })
}
