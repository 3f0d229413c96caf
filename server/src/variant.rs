//! Which frameworks and stores were built in, and how each is started.

use clap::ValueEnum;
use shared::app::App;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

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
    #[cfg(feature = "diesel-sqlite")]
    DieselSqlite,
    /// SQLite through SeaORM.
    #[cfg(feature = "sea-orm-sqlite")]
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
    pub async fn open(self, database_url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => store_memory::open(database_url, options).await,
            #[cfg(feature = "diesel-sqlite")]
            Self::DieselSqlite => store_diesel::sqlite::open(database_url, options).await,
            #[cfg(feature = "sea-orm-sqlite")]
            Self::SeaOrmSqlite => store_sea_orm::sqlite::open(database_url, options).await,
        }
    }

    /// Removes the database of this URL with everything in it.
    ///
    /// # Errors
    /// If the URL is not one for this store, or the database cannot be removed. One that is not there is no error.
    pub async fn remove(self, database_url: &str, options: StoreOptions) -> Result<(), OpenError> {
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => store_memory::remove(database_url, options).await,
            #[cfg(feature = "diesel-sqlite")]
            Self::DieselSqlite => store_diesel::sqlite::remove(database_url, options).await,
            #[cfg(feature = "sea-orm-sqlite")]
            Self::SeaOrmSqlite => store_sea_orm::sqlite::remove(database_url, options).await,
        }
    }

    /// How many connections there are if nobody says: SQLite's are threads of this process, one a core; a server's wait
    /// for the network most of the time.
    pub fn default_connections(self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => 1,
            #[cfg(feature = "diesel-sqlite")]
            Self::DieselSqlite => cores,
            #[cfg(feature = "sea-orm-sqlite")]
            Self::SeaOrmSqlite => cores,
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
