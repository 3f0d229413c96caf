//! A database for each subject that is timed, filled alike and removed at the end.

use crate::dataset;
use crate::error::BenchError;
use server::{Database, DatabaseUrls, Store};
use shared::domain::PasswordHash;
use shared::repository::{StoreOptions, Synchronous};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a database is removed: nobody waits for that with a request.
const REMOVAL: StoreOptions = StoreOptions { connections: 1, timeout: Duration::from_secs(60) };

/// The databases of one run.
pub(crate) struct Databases {
    folder: PathBuf,
    urls: DatabaseUrls,
    /// What the names of databases on servers begin with: as the user of MySQL that `infra/services` makes may name them, and with a
    /// number, so that two runs do not meet.
    word: String,
    hash: PasswordHash,
    /// What the URL of a SQLite file ends in.
    synchronous: &'static str,
    /// What was made, to be removed.
    made: Vec<(Store, String)>,
    /// The first filled SQLite file of a store and a size, before anybody used it: copying it is faster than filling another.
    templates: BTreeMap<(&'static str, u64), PathBuf>,
}

impl Databases {
    /// Below `folder`, or on the servers of `urls`. All users have this password hash.
    pub(crate) fn new(folder: &Path, urls: DatabaseUrls, hash: PasswordHash, synchronous: Synchronous) -> Self {
        let synchronous = match synchronous {
            Synchronous::Full => "",
            Synchronous::Normal => "?synchronous=normal",
        };
        let word = format!("stackdiff_b{}", std::process::id());
        Self { folder: folder.to_owned(), urls, word, hash, synchronous, made: Vec::new(), templates: BTreeMap::new() }
    }

    /// The URL of a new, empty database.
    pub(crate) fn empty(&mut self, store: Store, owner: &str) -> String {
        let name = format!("{}_{}", self.word, owner.replace('-', "_"));
        let url = match store.database() {
            Database::Memory => "memory://".to_owned(),
            Database::Sqlite => {
                format!("sqlite://{}{}", self.folder.join(format!("{owner}.db")).display(), self.synchronous)
            }
            Database::Postgres => without_tls(self.urls.url(store, &name)),
            _ => self.urls.url(store, &name),
        };
        self.made.push((store, url.clone()));
        url
    }

    /// The URL of a new database with so many users in it.
    ///
    /// # Errors
    /// If it cannot be filled.
    pub(crate) async fn filled(
        &mut self,
        store: Store,
        owner: &str,
        users: u64,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<String, BenchError> {
        let url = self.empty(store, &format!("{owner}-{users}"));
        if store.database() != Database::Sqlite {
            dataset::seed(store, &url, users, &self.hash, progress).await?;
            return Ok(url);
        }
        let template = match self.templates.get(&(store.name(), users)) {
            Some(template) => template.clone(),
            None => {
                let path = self.folder.join(format!("template-{store}-{users}.db"));
                let template_url = format!("sqlite://{}", path.display());
                dataset::seed(store, &template_url, users, &self.hash, progress).await?;
                self.made.push((store, template_url));
                self.templates.insert((store.name(), users), path.clone());
                path
            }
        };
        let path = PathBuf::from(url.trim_start_matches("sqlite://").trim_end_matches(self.synchronous));
        for end in ["", "-wal"] {
            let (from, to) = (with_end(&template, end), with_end(&path, end));
            if from.exists() {
                tokio::fs::copy(&from, &to).await.map_err(BenchError::of_file(&to))?;
            }
        }
        Ok(url)
    }

    /// Removes one, as soon as nobody needs it any more.
    pub(crate) async fn remove(&mut self, url: &str) {
        let (gone, left) = std::mem::take(&mut self.made).into_iter().partition(|(_, made)| made == url);
        self.made = left;
        remove_all(gone).await;
    }

    /// Removes all that was made.
    pub(crate) async fn remove_all(&mut self) {
        remove_all(std::mem::take(&mut self.made)).await;
    }
}

/// The same for all: the variants take TLS wherever a server has it, most yardsticks know of none. On this machine nobody needs it.
fn without_tls(url: String) -> String {
    let address = server::host_and_port(&url).and_then(|address| address.parse::<SocketAddr>().ok());
    match address {
        Some(address) if address.ip().is_loopback() && !url.contains("sslmode=") => {
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}sslmode=disable")
        }
        _ => url,
    }
}

async fn remove_all(databases: Vec<(Store, String)>) {
    for (store, url) in databases {
        if let Err(error) = store.remove(&url, REMOVAL).await {
            eprintln!("warning: a database of {store} could not be removed: {error}");
        }
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::without_tls;

    #[test]
    fn nobody_encrypts_what_stays_on_this_machine() {
        for (url, expected) in [
            ("postgres://me@127.0.0.1:5432/db", "postgres://me@127.0.0.1:5432/db?sslmode=disable"),
            ("postgres://127.0.0.1:5432/db?a=b", "postgres://127.0.0.1:5432/db?a=b&sslmode=disable"),
            ("postgres://127.0.0.1:5432/db?sslmode=require", "postgres://127.0.0.1:5432/db?sslmode=require"),
            ("postgres://db.example:5432/db", "postgres://db.example:5432/db"),
        ] {
            assert_eq!(without_tls(url.to_owned()), expected);
        }
    }
}
