//! Which stores there are, which of them were built in, and how each is opened.
//!
//! All ten are known by name in every build: whoever asks for one that was left out is told the feature that brings it.

use clap::ValueEnum;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::fmt;
use std::num::NonZeroUsize;

/// A store that keeps the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Store {
    /// The memory of the process.
    Memory,
    /// SQLite through Diesel.
    DieselSqlite,
    /// SQLite through SeaORM.
    SeaOrmSqlite,
    /// PostgreSQL through Diesel.
    DieselPostgres,
    /// PostgreSQL through SeaORM.
    SeaOrmPostgres,
    /// MySQL or MariaDB through Diesel.
    DieselMysql,
    /// MySQL or MariaDB through SeaORM.
    SeaOrmMysql,
    /// MongoDB.
    Mongodb,
    /// Redis or Valkey.
    Redis,
    /// Amazon DynamoDB.
    Dynamodb,
}

/// What a store keeps the data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Database {
    /// The memory of the process.
    Memory,
    /// SQLite, in the process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// MongoDB.
    Mongodb,
    /// Redis or Valkey.
    Redis,
    /// Amazon DynamoDB.
    Dynamodb,
}

impl Database {
    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Mongodb => "MongoDB",
            Self::Redis => "Redis",
            Self::Dynamodb => "DynamoDB",
        }
    }

    /// What `infra/services` calls it; none if it is no server.
    #[must_use]
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::Memory | Self::Sqlite => None,
            Self::Postgres => Some("postgres"),
            Self::Mysql => Some("mysql"),
            Self::Mongodb => Some("mongodb"),
            Self::Redis => Some("redis"),
            Self::Dynamodb => Some("dynamodb"),
        }
    }

    /// How its URLs begin.
    #[must_use]
    pub fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Memory => &["memory"],
            Self::Sqlite => &["sqlite"],
            Self::Postgres => &["postgres", "postgresql"],
            Self::Mysql => &["mysql"],
            Self::Mongodb => &["mongodb", "mongodb+srv"],
            Self::Redis => &["redis", "rediss"],
            Self::Dynamodb => &["dynamodb"],
        }
    }
}

impl Store {
    /// As on the command line, and as its feature is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::DieselSqlite => "diesel-sqlite",
            Self::SeaOrmSqlite => "sea-orm-sqlite",
            Self::DieselPostgres => "diesel-postgres",
            Self::SeaOrmPostgres => "sea-orm-postgres",
            Self::DieselMysql => "diesel-mysql",
            Self::SeaOrmMysql => "sea-orm-mysql",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
            Self::Dynamodb => "dynamodb",
        }
    }

    /// Those that were built in, in the order of the list above.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        Self::value_variants().iter().copied().filter(|store| store.is_built_in()).collect()
    }

    /// Whether its feature was on when this was compiled.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Memory => cfg!(feature = "memory"),
            Self::DieselSqlite => cfg!(feature = "diesel-sqlite"),
            Self::SeaOrmSqlite => cfg!(feature = "sea-orm-sqlite"),
            Self::DieselPostgres => cfg!(feature = "diesel-postgres"),
            Self::SeaOrmPostgres => cfg!(feature = "sea-orm-postgres"),
            Self::DieselMysql => cfg!(feature = "diesel-mysql"),
            Self::SeaOrmMysql => cfg!(feature = "sea-orm-mysql"),
            Self::Mongodb => cfg!(feature = "mongodb"),
            Self::Redis => cfg!(feature = "redis"),
            Self::Dynamodb => cfg!(feature = "dynamodb"),
        }
    }

    /// What it keeps the data in.
    #[must_use]
    pub fn database(self) -> Database {
        match self {
            Self::Memory => Database::Memory,
            Self::DieselSqlite | Self::SeaOrmSqlite => Database::Sqlite,
            Self::DieselPostgres | Self::SeaOrmPostgres => Database::Postgres,
            Self::DieselMysql | Self::SeaOrmMysql => Database::Mysql,
            Self::Mongodb => Database::Mongodb,
            Self::Redis => Database::Redis,
            Self::Dynamodb => Database::Dynamodb,
        }
    }

    /// Where the database of this name is if nobody says otherwise: a file below `data/`, or the server that
    /// `infra/services up` starts on this machine. Empty for a store that was not built in.
    #[must_use]
    pub fn development_url(self, database: &str) -> String {
        match self {
            Self::Memory => "memory://".to_owned(),
            Self::DieselSqlite | Self::SeaOrmSqlite => format!("sqlite://data/{database}.db"),
            #[cfg(feature = "diesel-postgres")]
            Self::DieselPostgres => store_diesel::postgres::development_url(database),
            #[cfg(feature = "sea-orm-postgres")]
            Self::SeaOrmPostgres => store_sea_orm::postgres::development_url(database),
            #[cfg(feature = "diesel-mysql")]
            Self::DieselMysql => store_diesel::mysql::development_url(database),
            #[cfg(feature = "sea-orm-mysql")]
            Self::SeaOrmMysql => store_sea_orm::mysql::development_url(database),
            #[cfg(feature = "mongodb")]
            Self::Mongodb => store_mongodb::development_url(database),
            #[cfg(feature = "redis")]
            Self::Redis => store_redis::development_url(database),
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb => store_dynamodb::development_url(database),
            #[allow(unreachable_patterns, reason = "not with every feature")]
            _ => String::new(),
        }
    }

    /// How many connections there are if nobody says: SQLite's are threads of this process, one a core; those of a server
    /// wait for the network most of the time.
    #[must_use]
    pub fn default_connections(self) -> usize {
        match self.database() {
            Database::Memory | Database::Sqlite => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            _ => 16,
        }
    }

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
            #[cfg(feature = "diesel-postgres")]
            Self::DieselPostgres => store_diesel::postgres::open(database_url, options).await,
            #[cfg(feature = "sea-orm-postgres")]
            Self::SeaOrmPostgres => store_sea_orm::postgres::open(database_url, options).await,
            #[cfg(feature = "diesel-mysql")]
            Self::DieselMysql => store_diesel::mysql::open(database_url, options).await,
            #[cfg(feature = "sea-orm-mysql")]
            Self::SeaOrmMysql => store_sea_orm::mysql::open(database_url, options).await,
            #[cfg(feature = "mongodb")]
            Self::Mongodb => store_mongodb::open(database_url, options).await,
            #[cfg(feature = "redis")]
            Self::Redis => store_redis::open(database_url, options).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb => store_dynamodb::open(database_url, options).await,
            #[allow(unreachable_patterns, reason = "not with every feature")]
            _ => Err(self.left_out()),
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
            #[cfg(feature = "diesel-postgres")]
            Self::DieselPostgres => store_diesel::postgres::remove(database_url, options).await,
            #[cfg(feature = "sea-orm-postgres")]
            Self::SeaOrmPostgres => store_sea_orm::postgres::remove(database_url, options).await,
            #[cfg(feature = "diesel-mysql")]
            Self::DieselMysql => store_diesel::mysql::remove(database_url, options).await,
            #[cfg(feature = "sea-orm-mysql")]
            Self::SeaOrmMysql => store_sea_orm::mysql::remove(database_url, options).await,
            #[cfg(feature = "mongodb")]
            Self::Mongodb => store_mongodb::remove(database_url, options).await,
            #[cfg(feature = "redis")]
            Self::Redis => store_redis::remove(database_url, options).await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb => store_dynamodb::remove(database_url, options).await,
            #[allow(unreachable_patterns, reason = "not with every feature")]
            _ => Err(self.left_out()),
        }
    }

    /// Whether it is one of the stores of this crate: `diesel-mysql` is of `diesel`.
    fn is_of(self, crate_name: &str) -> bool {
        self.name().strip_prefix(crate_name).is_some_and(|rest| rest.starts_with('-'))
    }

    fn left_out(self) -> OpenError {
        OpenError::LeftOut { store: self.to_string() }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The crates whose stores differ in nothing but the database, so that a URL says which of them is meant.
const SQL_CRATES: [&str; 2] = ["diesel", "sea-orm"];

/// What `--store` names: one store, or the stores of one crate, of which the scheme of the URL chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreChoice {
    /// The one that is meant if there is no URL.
    first: Store,
    others: Vec<Store>,
}

impl StoreChoice {
    /// What can be chosen: the stores that were built in, then the crates.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let stores = Store::built_in();
        let crates = SQL_CRATES.into_iter().filter(|name| stores.iter().any(|store| store.is_of(name)));
        stores.iter().map(|store| store.name()).chain(crates).collect()
    }

    /// What `name` chooses.
    ///
    /// # Errors
    /// A sentence that says what there is.
    pub fn parse(name: &str) -> Result<Self, String> {
        let all = Store::value_variants();
        if let Some(store) = all.iter().find(|store| store.name() == name && !store.is_built_in()) {
            return Err(store.left_out().to_string());
        }
        let is_meant = |store: &Store| store.name() == name || (SQL_CRATES.contains(&name) && store.is_of(name));
        let mut meant = Store::built_in().into_iter().filter(is_meant);
        let first = meant.next().ok_or_else(|| format!("it must be one of {}", Self::names().join(", ")))?;
        Ok(Self { first, others: meant.collect() })
    }

    /// The store that takes this URL, and the URL. Without one, the first store at its development URL.
    ///
    /// # Errors
    /// [`OpenError::Url`] if there is a choice and none of the stores takes such a URL.
    pub fn resolve(&self, database_url: Option<&str>) -> Result<(Store, String), OpenError> {
        let Some(url) = database_url else { return Ok((self.first, self.first.development_url("stackdiff"))) };
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let mut stores = std::iter::once(&self.first).chain(&self.others);
        match stores.find(|store| store.database().schemes().contains(&scheme)) {
            Some(store) => Ok((*store, url.to_owned())),
            // Its own `open` knows best what the URL should be.
            None if self.others.is_empty() => Ok((self.first, url.to_owned())),
            None => Err(OpenError::Url {
                expected: "sqlite://data/x.db, postgres://user@host/database or mysql://user@host/database",
                given: url.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Store, StoreChoice};
    use clap::ValueEnum;

    fn resolved(name: &str, url: Option<&str>) -> Result<Store, String> {
        let choice = StoreChoice::parse(name)?;
        choice.resolve(url).map(|(store, _)| store).map_err(|error| error.to_string())
    }

    #[test]
    fn a_crate_and_a_url_choose_a_store() {
        assert_eq!(resolved("diesel", None), Ok(Store::DieselSqlite));
        assert_eq!(resolved("sea-orm", Some("sqlite://x.db")), Ok(Store::SeaOrmSqlite));
        assert_eq!(resolved("memory", Some("anything")), Ok(Store::Memory));
        for (url, diesel, sea_orm) in [
            ("postgres://me@host/x", Store::DieselPostgres, Store::SeaOrmPostgres),
            ("mysql://me@host/x", Store::DieselMysql, Store::SeaOrmMysql),
        ] {
            for (name, store) in [("diesel", diesel), ("sea-orm", sea_orm)] {
                match resolved(name, Some(url)) {
                    Ok(chosen) => assert_eq!(chosen, store),
                    Err(error) => assert!(!store.is_built_in() || error.contains("sqlite://"), "{error}"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_chosen_is_told_with_what_can() {
        for name in ["", "sea", "postgres", "diesel-", "Memory"] {
            let error = resolved(name, None).unwrap_err();
            assert!(error.contains("memory, diesel-sqlite") && error.contains("sea-orm"), "{name}: {error}");
        }
        for store in Store::value_variants().iter().filter(|store| !store.is_built_in()) {
            let error = resolved(store.name(), None).unwrap_err();
            assert!(error.contains(&format!("--features {store}")), "{error}");
        }
    }
}
