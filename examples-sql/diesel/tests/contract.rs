//! Every case of the store contract on each database that is compiled in, each case on a database of its own.

use libtest_mimic::{Arguments, Trial};
use shared::repository::{OpenError, Repositories, StoreOptions};
use shared::store_contract::{Case, Outcome, cases, options};
use std::pin::Pin;
use std::process::ExitCode;

type Opening<T> = Pin<Box<dyn Future<Output = Result<T, OpenError>>>>;

/// A database: its name in the tests' names, and what a test needs of it.
#[derive(Clone, Copy)]
struct Backend {
    name: &'static str,
    url: fn() -> String,
    open: fn(String, StoreOptions) -> Opening<Repositories>,
    remove: fn(String, StoreOptions) -> Opening<()>,
}

/// Not `#[test]` functions: the cases are a list, and each is to be seen under its own name.
fn main() -> ExitCode {
    let mut trials = Vec::new();
    for backend in backends() {
        for case in cases() {
            let name = format!("store_contract::{}::{}", backend.name, case.name);
            trials.push(Trial::test(name, move || run(backend, case).map_err(Into::into)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn backends() -> Vec<Backend> {
    vec![
        #[cfg(feature = "sqlite")]
        Backend {
            name: "diesel_sqlite",
            url: || {
                let in_folder = |name: &str| format!("sqlite://{}/{name}.db", env!("CARGO_TARGET_TMPDIR"));
                shared::store_contract::database_url("SQLITE_URL", in_folder)
            },
            open: |url, options| Box::pin(async move { store_diesel::sqlite::open(&url, options).await }),
            remove: |url, options| Box::pin(async move { store_diesel::sqlite::remove(&url, options).await }),
        },
        #[cfg(feature = "postgres")]
        Backend {
            name: "diesel_postgres",
            url: || shared::store_contract::database_url("POSTGRES_URL", store_diesel::postgres::development_url),
            open: |url, options| Box::pin(async move { store_diesel::postgres::open(&url, options).await }),
            remove: |url, options| Box::pin(async move { store_diesel::postgres::remove(&url, options).await }),
        },
        #[cfg(feature = "mysql")]
        Backend {
            name: "diesel_mysql",
            url: || shared::store_contract::database_url("MYSQL_URL", store_diesel::mysql::development_url),
            open: |url, options| Box::pin(async move { store_diesel::mysql::open(&url, options).await }),
            remove: |url, options| Box::pin(async move { store_diesel::mysql::remove(&url, options).await }),
        },
    ]
}

fn run(backend: Backend, case: Case) -> Outcome {
    let (url, options) = ((backend.url)(), options(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let repositories = (backend.open)(url.clone(), options).await.map_err(|error| error.to_string())?;
        let outcome = (case.run)(repositories.clone()).await;
        repositories.store.close().await;
        let removed = (backend.remove)(url, options).await.map_err(|error| error.to_string());
        outcome.and(removed)
    })
}
