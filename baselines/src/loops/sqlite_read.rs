//! A user by id from SQLite: rusqlite, which is the thinnest layer over SQLite's own functions, with the statement prepared
//! once. A thread a connection, since nothing can be won by more threads than that.

use super::ids::Ids;
use super::measured::{Measured, on_threads};
use super::{Settings, User};
use crate::database::sqlite;
use crate::failure::{BoxError, Failure};
use rusqlite::{Connection, OptionalExtension, Row};
use std::hint::black_box;
use std::path::Path;

/// Every column, as the store reads it.
const FIND: &str = "SELECT id, name, email, email_key, password_hash, role, version, credentials_version, created_at, \
                    updated_at FROM users WHERE id = ?";

/// As the store's readers have them.
const PRAGMAS: &str = "PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON; \
                       PRAGMA query_only = ON;";

pub fn run(settings: &Settings) -> Result<Measured, Failure> {
    let (path, _) = sqlite(&settings.database_url)?;
    let ids = match Ids::of_file(settings)? {
        Some(ids) => ids,
        None => Ids::of(texts(&connect(&path)?, "SELECT id FROM users")?)?,
    };
    let reader = || {
        let (path, ids) = (path.clone(), ids.clone());
        move || {
            let connection = connect(&path)?;
            Ok(move || find(&connection, ids.any()).map(|()| 1))
        }
    };
    on_threads(settings, (0..settings.connections()).map(|_| reader()).collect())
}

fn connect(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path).map_err(Failure::database)?;
    connection.execute_batch(PRAGMAS).map_err(Failure::database)?;
    Ok(connection)
}

/// The first column of what a query finds.
pub fn texts(connection: &Connection, query: &str) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare(query).map_err(Failure::database)?;
    let texts = statement.query_map([], |row| row.get(0)).map_err(Failure::database)?;
    texts.collect::<Result<_, _>>().map_err(Failure::database)
}

fn find(connection: &Connection, id: &str) -> Result<(), BoxError> {
    let user = connection.prepare_cached(FIND)?.query_row([id], user).optional()?;
    black_box(user.ok_or_else(|| format!("there is no user {id}"))?);
    Ok(())
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        email_key: row.get(3)?,
        password_hash: row.get(4)?,
        role: row.get(5)?,
        version: row.get(6)?,
        credentials_version: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}
