//! The conformance suite on every variant, each a real process with a database of its own, and the differential run.
//!
//! The names say which: `contract::axum::diesel_sqlite::users::create_refuses_a_taken_email`. `cargo test -p server
//! --test contract -- axum::memory` runs one variant's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use contract::session::Transcript;
use contract::{CaseError, World, cases, differential};
use futures_util::{StreamExt, TryStreamExt, stream};
use libtest_mimic::{Arguments, Failed, Trial};
use server::{Framework, Store};
use std::sync::{Arc, Mutex};
use support::{Process, Start, folder, variants};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A variant that is started by the first of its cases that runs.
struct Variant {
    framework: Framework,
    store: Store,
    running: Mutex<Option<Result<Running, CaseError>>>,
}

#[derive(Clone)]
struct Running {
    world: Arc<World>,
    _server: Arc<(Process, Start, TempDir)>,
}

impl Variant {
    fn running(&self) -> Result<Running, CaseError> {
        self.running.lock().unwrap().get_or_insert_with(|| self.start()).clone()
    }

    fn start(&self) -> Result<Running, CaseError> {
        let folder = folder();
        let start = Start::new(self.framework, self.store, folder.path()).patient();
        let process = start.run()?;
        let world = World::new(&process.url, start.credentials.clone())?;
        Ok(Running { world: Arc::new(world), _server: Arc::new((process, start, folder)) })
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Most of the time a case waits: for a time limit of the contract, for a token to age, for a database's disk.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads = arguments.test_threads.or(Some(4 * cores));
    let runtime = Arc::new(Runtime::new().unwrap());
    let started: Vec<Arc<Variant>> = variants()
        .into_iter()
        .map(|(framework, store)| Arc::new(Variant { framework, store, running: Mutex::default() }))
        .collect();
    let mut trials = Vec::new();
    // Case by case and not variant by variant: what runs at the same time then waits for other servers, and the cases that
    // need a server for themselves do not meet.
    for case in cases::all() {
        for variant in &started {
            let store = variant.store.to_string().replace('-', "_");
            let name = format!("contract::{}::{store}::{}", variant.framework, case.name());
            let (variant, runtime) = (variant.clone(), runtime.clone());
            trials.push(Trial::test(name, move || {
                let running = variant.running().map_err(failed)?;
                runtime.block_on(case.run(&running.world)).map_err(failed)
            }));
        }
    }
    let differential = runtime.clone();
    trials.push(Trial::test("differential::all_variants_answer_byte_for_byte_alike", move || compare(&differential)));

    let conclusion = libtest_mimic::run(&arguments, trials);
    // Servers end before the process does, also after a failure.
    drop(started);
    conclusion.exit();
}

/// One scripted session against every variant, on fresh databases: what differs is shown as a diff.
fn compare(runtime: &Runtime) -> Result<(), Failed> {
    let credentials = support::credentials();
    let record = async |(framework, store)| {
        let folder = folder();
        let mut start = Start::new(framework, store, folder.path()).patient();
        start.credentials = credentials.clone();
        let process = start.run()?;
        differential::record(&format!("{framework}-{store}"), &process.url, &credentials).await
    };
    // A few at a time: the session waits for time-outs now and then.
    let recorded = stream::iter(variants()).map(record).buffered(6).try_collect();
    let transcripts: Vec<Transcript> = runtime.block_on(recorded).map_err(failed)?;
    let steps = transcripts.first().map_or(0, |transcript| transcript.steps.len());
    if steps < 150 {
        return Err(format!("the session has {steps} steps").into());
    }
    let differences = differential::compare(&transcripts);
    if differences.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = differences.iter().map(ToString::to_string).collect();
    Err(format!("{} differences in {steps} steps\n\n{}", shown.len(), shown.join("\n\n")).into())
}

fn failed(error: CaseError) -> Failed {
    error.to_string().into()
}
