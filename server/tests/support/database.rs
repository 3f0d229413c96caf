//! A database of a test's own: a file, or one on the servers that `infra/services up` starts.

use server::{Database, Store};
use shared::repository::{Repositories, StoreOptions};
use std::path::Path;
use std::time::Duration;

/// Time enough for a busy machine.
pub const OPTIONS: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_secs(10) };

/// A database that is removed when this is dropped, also after a failure.
pub struct OwnDatabase {
    pub store: Store,
    pub url: String,
    /// Whether its server is the test's own, and removed as a whole.
    pub goes_with_its_server: bool,
}

/// A name that no other database has.
pub fn own_name() -> String {
    format!("stackdiff_test_{}", shared::domain::UserId::generate().to_string().replace('-', ""))
}

impl OwnDatabase {
    /// A file at `path` for SQLite, else a database with a name of its own, which the first who opens it creates. A
    /// variable such as `POSTGRES_URL` names another server, with `{database}` where the name of the database goes.
    pub fn new(store: Store, path: &Path) -> Self {
        let Some(service) = store.database().service() else {
            return Self { store, url: format!("sqlite://{}", path.display()), goes_with_its_server: false };
        };
        let name = own_name();
        let url = match std::env::var(format!("{}_URL", service.to_uppercase())) {
            Ok(template) => template.replace("{database}", &name),
            Err(_) => store.development_url(&name),
        };
        Self { store, url, goes_with_its_server: false }
    }

    /// One on a server of the test's own.
    pub fn at(store: Store, url: String) -> Self {
        Self { store, url, goes_with_its_server: true }
    }

    /// Opens it beside the servers that have it open.
    pub async fn open(&self) -> Repositories {
        self.store.open(&self.url, OPTIONS).await.unwrap()
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        if self.goes_with_its_server || matches!(self.store.database(), Database::Memory | Database::Sqlite) {
            return;
        }
        let (store, url) = (self.store, self.url.clone());
        // A thread, because this may be dropped inside a runtime, where no other one can be waited for.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(store.remove(&url, OPTIONS))
        });
        if let Err(error) = removal.join().unwrap() {
            eprintln!("a database of a test was left behind: {error}");
        }
    }
}
