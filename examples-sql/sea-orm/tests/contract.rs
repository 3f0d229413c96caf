//! Every case of the store contract on every database that is compiled in, each on a database of its own.

use libtest_mimic::{Arguments, Trial};
use shared::repository::{OpenError, Repositories, StoreOptions};
use shared::store_contract::{Case, Outcome, cases, options};
use std::process::ExitCode;

/// Not `#[test]` functions: the cases are a list, and each is to be seen under its own name.
fn main() -> ExitCode {
    let mut trials = Vec::new();
    for case in cases() {
        let mut add = |database: &str, run: fn(Case) -> Outcome| {
            let name = format!("store_contract::sea_orm_{database}::{}", case.name);
            trials.push(Trial::test(name, move || run(case).map_err(Into::into)));
        };
        #[cfg(feature = "sqlite")]
        add("sqlite", on_sqlite);
        #[cfg(feature = "postgres")]
        add("postgres", on_postgres);
        #[cfg(feature = "mysql")]
        add("mysql", on_mysql);
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

#[cfg(feature = "sqlite")]
fn on_sqlite(case: Case) -> Outcome {
    use store_sea_orm::sqlite::{open, remove};
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    run(case, &format!("sqlite://{}", folder.path().join("contract.db").display()), open, remove)
}

#[cfg(feature = "postgres")]
fn on_postgres(case: Case) -> Outcome {
    use store_sea_orm::postgres::{development_url, open, remove};
    run(case, &shared::store_contract::database_url("POSTGRES_URL", development_url), open, remove)
}

#[cfg(feature = "mysql")]
fn on_mysql(case: Case) -> Outcome {
    use store_sea_orm::mysql::{development_url, open, remove};
    run(case, &shared::store_contract::database_url("MYSQL_URL", development_url), open, remove)
}

fn run(
    case: Case,
    url: &str,
    open: impl AsyncFn(&str, StoreOptions) -> Result<Repositories, OpenError>,
    remove: impl AsyncFn(&str, StoreOptions) -> Result<(), OpenError>,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let repositories = open(url, options(4)).await.map_err(|error| error.to_string())?;
        let outcome = (case.run)(repositories.clone()).await;
        repositories.store.close().await;
        let removed = remove(url, options(1)).await.map_err(|error| error.to_string());
        outcome.and(removed)
    })
}
