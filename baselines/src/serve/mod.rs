//! `baselines serve NAME`: minimal services, each written as the guide or the example of its library writes one.
//!
//! They open a database that the project has made and seeded, and serve a part of the contract with the same bodies:
//!
//! | operation | |
//! | --- | --- |
//! | `GET /api/hello` | |
//! | `GET /api/users?limit=20&after=...` | a keyset page by id |
//! | `POST /api/products` | where the database is SQLite |
//! | `GET /api/users/{id}` | |
//! | `PATCH /api/users/{id}` `{"name": ...}` | raises the version, sets `updated_at` |
//!
//! What they leave out all favours them: tokens, validation, problem documents, entity tags, request ids, metrics, logs, time
//! limits, an orderly shutdown. What they keep is what a figure would be worth nothing without: the tables, the bodies, what a
//! commit waits for, as many workers and connections, and that no change is lost: an update is one statement that counts the
//! version in the database, since the find-and-save of the guides loses one of two that come at once.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `actix_diesel_r2d2` | actix-web's own Diesel example: `web::block` and an r2d2 pool |
//! | `axum_diesel_async_postgres` | diesel-async with its pool's default check of connections |
//! | `axum_sea_orm_postgres`, `axum_sea_orm_sqlite` | SeaORM with the pool of its documentation |
//! | `axum_tokio_postgres` | no ORM: prepared statements on tokio-postgres |
//! | `rocket_diesel_pool` | Rocket's own pool for what blocks |
//! | `actions`, `schema` | Diesel's queries and tables, for all that use it |
//! | `axum_server`, `axum_sea_orm` | what those services share |
//! | `bodies` | what is sent |

mod actions;
mod actix_diesel_r2d2;
#[cfg(feature = "postgres")]
mod axum_diesel_async_postgres;
mod axum_sea_orm;
#[cfg(feature = "postgres")]
mod axum_sea_orm_postgres;
mod axum_sea_orm_sqlite;
mod axum_server;
#[cfg(feature = "postgres")]
mod axum_tokio_postgres;
mod bodies;
mod rocket_diesel_pool;
mod schema;

use crate::failure::Failure;
use crate::process;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;

/// A minimal service over a database that the project has made and seeded.
#[derive(Args)]
pub struct Settings {
    /// Which one
    #[arg(value_enum)]
    name: Name,
    /// Where the data is, in the project's own form: sqlite://data/x.db, postgres://user@host/database
    #[arg(long, value_name = "URL")]
    database_url: String,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Threads that serve requests
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Connections of the pool
    #[arg(long, default_value_t = 2)]
    pool_size: u32,
}

impl Settings {
    #[cfg(feature = "postgres")]
    fn connections(&self) -> usize {
        usize::try_from(self.pool_size).unwrap_or(1)
    }
}

/// The services.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// axum and SeaORM on SQLite
    AxumSeaOrmSqlite,
    /// actix-web and Diesel on SQLite by web::block and r2d2
    ActixDieselR2d2,
    /// Rocket and Diesel on SQLite by rocket_sync_db_pools
    RocketDieselPool,
    /// axum, tokio-postgres and deadpool
    #[cfg(feature = "postgres")]
    AxumTokioPostgres,
    /// axum, diesel-async and deadpool, which asks before each use whether a connection works
    #[cfg(feature = "postgres")]
    AxumDieselAsyncPostgres,
    /// axum and SeaORM on PostgreSQL
    #[cfg(feature = "postgres")]
    AxumSeaOrmPostgres,
}

/// Serves until the process is ended.
///
/// # Errors
/// [`Failure`].
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let runtime = || process::runtime(settings.workers);
    match settings.name {
        Name::AxumSeaOrmSqlite => runtime()?.block_on(axum_sea_orm_sqlite::serve(settings)),
        // actix-web makes its threads itself.
        Name::ActixDieselR2d2 => actix_diesel_r2d2::serve(settings),
        Name::RocketDieselPool => runtime()?.block_on(rocket_diesel_pool::serve(settings)),
        #[cfg(feature = "postgres")]
        Name::AxumTokioPostgres => runtime()?.block_on(axum_tokio_postgres::serve(settings)),
        #[cfg(feature = "postgres")]
        Name::AxumDieselAsyncPostgres => runtime()?.block_on(axum_diesel_async_postgres::serve(settings)),
        #[cfg(feature = "postgres")]
        Name::AxumSeaOrmPostgres => runtime()?.block_on(axum_sea_orm_postgres::serve(settings)),
    }
}
