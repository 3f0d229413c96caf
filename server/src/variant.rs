//! Which frameworks and stores were built in, and how each is started.

use clap::ValueEnum;
use shared::app::App;
use shared::repository::{OpenError, Repositories};
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A framework that serves the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Framework {
    /// axum.
    #[cfg(feature = "axum")]
    Axum,
    /// actix-web.
    #[cfg(feature = "actix")]
    Actix,
    /// Rocket.
    #[cfg(feature = "rocket")]
    Rocket,
}

/// A store that keeps the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Store {
    /// The memory of the process.
    #[cfg(feature = "memory")]
    Memory,
    /// SQLite through Diesel.
    #[cfg(feature = "diesel")]
    DieselSqlite,
    /// SQLite through SeaORM.
    #[cfg(feature = "sea-orm")]
    SeaOrmSqlite,
}

impl Framework {
    /// Serves `app` until its drain ends it.
    ///
    /// # Errors
    /// If `listen` cannot be listened on.
    pub async fn serve(
        self,
        app: App,
        listen: SocketAddr,
        on_listening: impl FnOnce(SocketAddr) + Send + 'static,
    ) -> io::Result<()> {
        match self {
            #[cfg(feature = "axum")]
            Self::Axum => framework_axum::serve(app, listen, on_listening).await,
            #[cfg(feature = "actix")]
            Self::Actix => framework_actix::serve(app, listen, on_listening).await,
            #[cfg(feature = "rocket")]
            Self::Rocket => framework_rocket::serve(app, listen, on_listening).await,
        }
    }
}

impl Store {
    /// Opens the database, creating its schema if it has none.
    ///
    /// # Errors
    /// If the URL is not one for this store, or the database cannot be opened.
    pub async fn open(self, database_url: &str, connections: usize) -> Result<Repositories, OpenError> {
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => store_memory::open(database_url, connections).await,
            #[cfg(feature = "diesel")]
            Self::DieselSqlite => store_diesel::open(database_url, connections).await,
            #[cfg(feature = "sea-orm")]
            Self::SeaOrmSqlite => store_sea_orm::open(database_url, connections).await,
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        name(*self, formatter)
    }
}

impl fmt::Display for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        name(*self, formatter)
    }
}

/// As on the command line.
fn name(value: impl ValueEnum, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    value.to_possible_value().map_or(Ok(()), |value| formatter.write_str(value.get_name()))
}
