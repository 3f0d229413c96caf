//! Where the variants keep their data: for SQLite a file in the data folder, for the others a database on a server of this
//! machine or elsewhere.

use super::LabError;
use clap::Args;
use server::{Database, Store};
use shared::config::Secret;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;

/// Servers to use instead of those that `infra/services up` starts.
#[derive(Args, Clone, Debug)]
pub struct DatabaseUrls {
    /// PostgreSQL server, with {database} where the name of the database goes; by default the one of infra/services
    #[arg(long, env = "POSTGRES_URL", value_name = "URL", hide_env_values = true, value_parser = parse_template)]
    postgres_url: Option<String>,
    /// MySQL server, likewise
    #[arg(long, env = "MYSQL_URL", value_name = "URL", hide_env_values = true, value_parser = parse_template)]
    mysql_url: Option<String>,
    /// MongoDB server, likewise
    #[arg(long, env = "MONGODB_URL", value_name = "URL", hide_env_values = true, value_parser = parse_template)]
    mongodb_url: Option<String>,
    /// Redis server, likewise; {database} is the prefix of the keys
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true, value_parser = parse_template)]
    redis_url: Option<String>,
    /// DynamoDB, likewise; {database} is the table
    #[arg(long, env = "DYNAMODB_URL", value_name = "URL", hide_env_values = true, value_parser = parse_template)]
    dynamodb_url: Option<String>,
}

impl DatabaseUrls {
    /// The URL of the database of this name, for a store whose database is a server.
    pub(super) fn url(&self, store: Store, name: &str) -> String {
        let template = match store.database() {
            Database::Memory | Database::Sqlite => &None,
            Database::Postgres => &self.postgres_url,
            Database::Mysql => &self.mysql_url,
            Database::Mongodb => &self.mongodb_url,
            Database::Redis => &self.redis_url,
            Database::Dynamodb => &self.dynamodb_url,
        };
        match template {
            Some(template) => template.replace("{database}", name),
            None => store.development_url(name),
        }
    }
}

fn parse_template(text: &str) -> Result<String, String> {
    if text.contains("{database}") && text.contains("://") {
        return Ok(text.to_owned());
    }
    Err("it must be a URL with {database} where the name of the database goes, such as \
         postgres://me@127.0.0.1:5432/{database}"
        .to_owned())
}

/// A word that the names of this lab's databases begin with: labs with other data folders have other demo passwords, so
/// they must not meet in one database. Made at the first start, and kept beside the data.
///
/// # Errors
/// [`LabError::Folder`] if it cannot be kept.
pub(super) fn name_of_lab(data: &Path) -> Result<String, LabError> {
    let path = data.join("databases.name");
    let folder_error = |source| LabError::Folder { folder: data.to_owned(), source };
    let is_name = |name: &str| name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match std::fs::read_to_string(&path) {
        Ok(name) if is_name(name.trim()) => return Ok(name.trim().to_owned()),
        Ok(_) => return Err(folder_error(io::Error::other(format!("{} holds no name of this lab's", path.display())))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(folder_error(error)),
    }
    let name = Secret::random(4)?.expose().to_owned();
    let written = tempfile::NamedTempFile::new_in(data).and_then(|mut file| {
        io::Write::write_all(&mut file, name.as_bytes())?;
        file.persist_noclobber(&path).map(drop).map_err(|error| error.error)
    });
    match written {
        Ok(()) => Ok(name),
        // Another lab was faster: its name is this one's, too.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(&path).map(|name| name.trim().to_owned()).map_err(folder_error)
        }
        Err(error) => Err(folder_error(error)),
    }
}

/// A server that takes longer to accept a connection does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether somebody listens at the host and port of a database URL. Whether it is the right database, the variant finds out
/// when it is started.
pub(super) async fn answers(database_url: &str) -> bool {
    let Some(address) = host_and_port(database_url) else { return true };
    matches!(tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// The first host of a URL with its port, if the URL says both; Amazon's own endpoints, and hosts that DNS lists, are not
/// asked.
fn host_and_port(database_url: &str) -> Option<String> {
    let url = database_url.split_once("endpoint=").map_or(database_url, |(_, endpoint)| endpoint);
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '&']).next()?;
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let host = hosts.split(',').next()?;
    let default = match scheme {
        "postgres" | "postgresql" => 5432,
        "mysql" => 3306,
        "mongodb" => 27017,
        "redis" | "rediss" => 6379,
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_owned() } else { format!("{host}:{default}") })
}

#[cfg(test)]
mod tests {
    use super::{answers, host_and_port, name_of_lab, parse_template};

    #[test]
    fn the_server_of_a_url_is_found() {
        for (url, expected) in [
            ("postgres://me:p@ss@db.example:5433/x?sslmode=require", Some("db.example:5433")),
            ("mysql://me@db.example/x", Some("db.example:3306")),
            ("mongodb://one:27018,two:27019/x?replicaSet=rs0", Some("one:27018")),
            ("rediss://:secret@[::1]:6380/0?prefix=x", Some("[::1]:6380")),
            ("dynamodb://local/x?endpoint=http://127.0.0.1:8000", Some("127.0.0.1:8000")),
            ("dynamodb://eu-central-1/x", None),
            ("mongodb+srv://me@cluster.example/x", None),
        ] {
            assert_eq!(host_and_port(url).as_deref(), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn a_server_answers_while_it_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        assert!(answers(&url).await);
        drop(listener);
        assert!(!answers(&url).await);
    }

    #[test]
    fn a_lab_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let name = name_of_lab(folder.path()).unwrap();
        assert_eq!(name_of_lab(folder.path()).unwrap(), name);
        std::fs::write(folder.path().join("databases.name"), "../..").unwrap();
        assert!(name_of_lab(folder.path()).unwrap_err().to_string().contains("databases.name"));
    }

    #[test]
    fn a_server_is_named_with_a_place_for_the_database() {
        assert!(parse_template("postgres://me@host/{database}").is_ok());
        for text in ["", "postgres://me@host/x", "{database}"] {
            assert!(parse_template(text).unwrap_err().contains("{database}"), "{text}");
        }
    }
}
