//! Where those who run many variants, each over a database of its own, find the databases that are servers.

use crate::store::{Database, Store};
use clap::Args;

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
    #[must_use]
    pub fn url(&self, store: Store, name: &str) -> String {
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

/// The first host of a URL with its port, if the URL says both; Amazon's own endpoints, and hosts that DNS lists, are not
/// asked.
#[must_use]
pub fn host_and_port(database_url: &str) -> Option<String> {
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
    use super::{host_and_port, parse_template};

    #[test]
    fn a_server_is_named_with_a_place_for_the_database() {
        assert!(parse_template("postgres://me@host/{database}").is_ok());
        for text in ["", "postgres://me@host/x", "{database}"] {
            assert!(parse_template(text).unwrap_err().contains("{database}"), "{text}");
        }
    }

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
}
