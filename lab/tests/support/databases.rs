//! The databases that the lab of a test made on servers, and their removal.

use clap::ValueEnum;
use server::{Framework, Store};
use shared::repository::StoreOptions;
use std::path::Path;
use std::time::Duration;

const OPTIONS: StoreOptions = StoreOptions { connections: 1, timeout: Duration::from_secs(10) };

/// The stores of this build whose databases are servers.
pub fn on_servers() -> Vec<Store> {
    Store::built_in().into_iter().filter(|store| store.database().service().is_some()).collect()
}

/// Where the variants of a lab with its data in this folder keep theirs, for those that were started: each of them has a
/// log.
pub fn of_lab(data: &Path) -> Vec<(Store, String)> {
    let Ok(lab) = std::fs::read_to_string(data.join("databases.name")) else { return Vec::new() };
    let mut found = Vec::new();
    for store in on_servers() {
        for framework in Framework::value_variants() {
            let variant = format!("{framework}-{store}");
            if data.join("logs").join(format!("{variant}.log")).exists() {
                found.push((store, url(store, &format!("stackdiff_{}_{}", lab.trim(), variant.replace('-', "_")))));
            }
        }
    }
    found
}

/// As the lab itself finds the server: in the environment, or where `infra/services` starts it.
pub fn url(store: Store, name: &str) -> String {
    let service = store.database().service().unwrap_or_default();
    match std::env::var(format!("{}_URL", service.to_uppercase())) {
        Ok(template) => template.replace("{database}", name),
        Err(_) => store.development_url(name),
    }
}

/// Removes them; says which of them could not be removed.
pub fn remove(databases: Vec<(Store, String)>) {
    // A thread of its own, since the one that ends a test may be in a runtime already.
    let removing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (store, url) in databases {
            if let Err(error) = runtime.block_on(store.remove(&url, OPTIONS)) {
                eprintln!("left behind: {error}");
            }
        }
    });
    let _ = removing.join();
}
