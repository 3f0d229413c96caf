//! Several processes that start at once on a new file.
//!
//! A main function of its own, because this program is also the processes that it starts: with a URL in its
//! environment it opens that database instead of testing.

#![allow(clippy::unwrap_used)]

use libtest_mimic::{Arguments, Trial};
use shared::context::RequestContext;
use shared::demo;
use shared::repository::UserQuery;
use shared::store_contract::options;
use std::process::{Command, ExitCode};

const URL: &str = "STORE_SEA_ORM_TEST_URL";
const NUMBER: &str = "STORE_SEA_ORM_TEST_NUMBER";
const PROCESSES: u64 = 8;

fn main() -> ExitCode {
    if let Ok(url) = std::env::var(URL) {
        let number = std::env::var(NUMBER).unwrap().parse().unwrap();
        start_and_insert(&url, number);
        return ExitCode::SUCCESS;
    }
    let trial = Trial::test("processes_that_start_at_once_on_a_new_file_all_come_up", || {
        (0..5).try_for_each(|_| start_all_at_once().map_err(Into::into))
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

#[tokio::main]
async fn start_and_insert(url: &str, number: u64) {
    let store = store_sea_orm::sqlite::open(url, options(2)).await.unwrap();
    let user = demo::user(number, demo::unusable_hash());
    store.users.insert(&RequestContext::internal("test"), &user).await.unwrap();
    store.store.close().await;
}

#[tokio::main]
async fn start_all_at_once() -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("new/users.db").display());
    let start = |number: u64| {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.env(URL, &url).env(NUMBER, number.to_string()).spawn().unwrap()
    };
    for mut child in (0..PROCESSES).map(start).collect::<Vec<_>>() {
        let status = child.wait().unwrap();
        if !status.success() {
            return Err(format!("a process ended with {status}"));
        }
    }
    let store = store_sea_orm::sqlite::open(&url, options(1)).await.map_err(|error| error.to_string())?;
    let query = UserQuery { role: None, after: None, limit: 100 };
    let listed = store.users.list(&RequestContext::internal("test"), &query).await.unwrap();
    let expected: Vec<_> = (0..PROCESSES).map(|number| demo::user(number, demo::unusable_hash())).collect();
    if listed == expected { Ok(()) } else { Err(format!("{listed:?}")) }
}
