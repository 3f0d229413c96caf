//! Every case of the store contract, each on a table of its own.

use libtest_mimic::{Arguments, Trial};
use shared::store_contract::{Case, Outcome, cases, database_url, options};
use std::process::ExitCode;

/// Not `#[test]` functions: the cases are a list, and each is to be seen under its own name.
fn main() -> ExitCode {
    let trial = |case: Case| {
        let name = format!("store_contract::dynamodb::{}", case.name);
        Trial::test(name, move || run(case).map_err(Into::into))
    };
    libtest_mimic::run(&Arguments::from_args(), cases().into_iter().map(trial).collect()).exit_code()
}

fn run(case: Case) -> Outcome {
    let url = database_url("DYNAMODB_URL", store_dynamodb::development_url);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let repositories = store_dynamodb::open(&url, options(4)).await.map_err(|error| error.to_string())?;
        let outcome = (case.run)(repositories.clone()).await;
        repositories.store.close().await;
        let removed = store_dynamodb::remove(&url, options(1)).await.map_err(|error| error.to_string());
        outcome.and(removed)
    })
}
