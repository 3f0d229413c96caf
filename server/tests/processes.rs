//! Several processes over one database: three servers, each of another framework, and where two stores make the same
//! tables, of both. Each request of the conformance suite goes to one of the three by chance.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use clap::ValueEnum;
use contract::client::Client;
use contract::{CaseError, World, cases};
use futures_util::{StreamExt, stream};
use libtest_mimic::{Arguments, Failed, Trial};
use server::{Database, Framework, Store};
use support::database::OwnDatabase;
use support::{Process, Start, folder, lasting_stores};
use tokio::runtime::Runtime;

fn main() {
    let mut databases: Vec<Database> = Vec::new();
    for store in lasting_stores() {
        if !databases.contains(&store.database()) {
            databases.push(store.database());
        }
    }
    let trial = |database: Database| {
        let name = format!("processes::{}::the_suite_passes_over_three_at_once", database.title().to_lowercase());
        Trial::test(name, move || Runtime::new().unwrap().block_on(suite_over_three(database)))
    };
    libtest_mimic::run(&Arguments::from_args(), databases.into_iter().map(trial).collect()).exit();
}

async fn suite_over_three(database: Database) -> Result<(), Failed> {
    let folder = folder();
    let processes = start_three(database, folder.path())?;
    let (first, credentials) = &processes[0];
    let mut client = Client::new(&first.url)?;
    for (process, _) in &processes[1..] {
        client = client.or(&process.url)?;
    }
    let world = World::over(client, credentials.credentials.clone()).map_err(failed)?;
    let world = &world;
    let run = |case: contract::Case| async move {
        case.run(world).await.map_err(|error| format!("{}\n{error}", case.name()))
    };
    let outcomes: Vec<Result<(), String>> = stream::iter(cases::all()).map(run).buffer_unordered(4).collect().await;
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n").into()) }
}

/// All at once, on a database that is not there yet.
fn start_three(database: Database, folder: &std::path::Path) -> Result<Vec<(Process, Start)>, CaseError> {
    let stores: Vec<Store> = lasting_stores().into_iter().filter(|store| store.database() == database).collect();
    let own = std::sync::Arc::new(OwnDatabase::new(stores[0], &folder.join("test.db")));
    let credentials = support::credentials();
    let start = |(framework, store): (&Framework, &Store)| {
        let mut start = Start::new(*framework, *store, folder).patient();
        (start.database_url, start.own, start.credentials) = (own.url.clone(), own.clone(), credentials.clone());
        std::thread::spawn(move || start.run().map(|process| (process, start)))
    };
    let started: Vec<_> = Framework::value_variants().iter().zip(stores.iter().cycle()).map(start).collect();
    started.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn failed(error: CaseError) -> Failed {
    error.to_string().into()
}
