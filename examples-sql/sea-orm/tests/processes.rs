//! Several processes that start at once on a new database, of each kind that is compiled in; and one that is killed while
//! it writes to a file, which is to SQLite what the end of its server is to the others.
//!
//! A main function of its own, because this program is also the processes that it starts: with a URL in its
//! environment it opens that database instead of testing.

#![allow(clippy::unwrap_used, clippy::panic)]

mod shop;

use libtest_mimic::{Arguments, Trial};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Product, User};
use shared::repository::{Repositories, UserQuery};
use shared::store_contract::options;
use std::process::{Command, ExitCode};
use tokio::runtime::Runtime;

const URL: &str = "STORE_SEA_ORM_TEST_URL";
const NUMBER: &str = "STORE_SEA_ORM_TEST_NUMBER";
/// In the place of a number.
const PLACE: &str = "place";
const PROCESSES: u64 = 8;

fn main() -> ExitCode {
    if let Ok(url) = std::env::var(URL) {
        match std::env::var(NUMBER).unwrap().as_str() {
            PLACE => place_many(&url),
            number => start_and_insert(&url, number.parse().unwrap()),
        }
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    let mut add = |name: &str, run: fn() -> Result<(), String>| {
        trials.push(Trial::test(name, move || run().map_err(Into::into)));
    };
    #[cfg(feature = "sqlite")]
    add("processes_that_start_at_once_on_a_new_file_all_come_up", on_new_files);
    #[cfg(feature = "sqlite")]
    add("orders_of_a_process_that_is_killed_are_whole_and_the_books_balance", on_a_file_of_a_killed_process);
    #[cfg(feature = "postgres")]
    add("processes_that_start_at_once_without_a_postgresql_database_all_come_up", on_no_postgresql_database);
    #[cfg(feature = "mysql")]
    add("processes_that_start_at_once_without_a_mysql_database_all_come_up", on_no_mysql_database);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

#[cfg(feature = "sqlite")]
fn on_new_files() -> Result<(), String> {
    (0..5).try_for_each(|_| {
        let folder = tempfile::tempdir().unwrap();
        start_all_at_once(&format!("sqlite://{}", folder.path().join("new/users.db").display()))
    })
}

#[cfg(feature = "sqlite")]
fn on_a_file_of_a_killed_process() -> Result<(), String> {
    use std::collections::HashSet;
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("orders.db").display());
    let (customer, one, two) = goods();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(&url).await;
        shop::given(&store, &customer, &[&one, &two]).await;
        store.store.close().await;
    });
    let mut program = Command::new(std::env::current_exe().unwrap());
    let mut child = program.env(URL, &url).env(NUMBER, PLACE).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut acknowledged: Vec<String> = said.by_ref().take(50).collect();
    child.kill().unwrap();
    acknowledged.extend(said);
    child.wait().unwrap();
    runtime.block_on(async {
        let store = open(&url).await;
        let orders = shop::orders_of(&store, &customer).await;
        let there: HashSet<String> = orders.iter().map(|order| order.id.to_string()).collect();
        assert!(acknowledged.len() >= 50 && orders.iter().all(|order| order.lines.len() == 2));
        let lost = acknowledged.iter().filter(|id| !there.contains(*id)).count();
        shop::the_books_balance(&store, &[&customer], &[&one, &two]).await;
        if lost == 0 { Ok(()) } else { Err(format!("{lost} of {} are lost", acknowledged.len())) }
    })
}

fn goods() -> (User, Product, Product) {
    (shop::customer(1), shop::product(1, 1_000_000), shop::product(2, 1_000_000))
}

/// Tells the id of each order that is acknowledged. Nobody waits for the last of them.
#[tokio::main]
async fn place_many(url: &str) {
    let store = open(url).await;
    let placers = (0..8).map(|_| {
        let orders = store.orders.clone();
        tokio::spawn(async move {
            let (customer, one, two) = goods();
            for _ in 0..10_000 {
                let order = shop::order(&customer, &[(&two, 2), (&one, 1)]);
                orders.place(&RequestContext::internal("test"), &order).await.unwrap();
                println!("{}", order.id);
            }
        })
    });
    for placer in placers.collect::<Vec<_>>() {
        placer.await.unwrap();
    }
}

#[cfg(feature = "postgres")]
fn on_no_postgresql_database() -> Result<(), String> {
    use store_sea_orm::postgres::{development_url, remove};
    let url = shared::store_contract::database_url("POSTGRES_URL", development_url);
    let outcome = start_all_at_once(&url);
    let removed = Runtime::new().unwrap().block_on(remove(&url, options(1)));
    outcome.and(removed.map_err(|error| error.to_string()))
}

#[cfg(feature = "mysql")]
fn on_no_mysql_database() -> Result<(), String> {
    use store_sea_orm::mysql::{development_url, remove};
    let url = shared::store_contract::database_url("MYSQL_URL", development_url);
    let outcome = start_all_at_once(&url);
    let removed = Runtime::new().unwrap().block_on(remove(&url, options(1)));
    outcome.and(removed.map_err(|error| error.to_string()))
}

async fn open(url: &str) -> Repositories {
    let opened = match url.split(':').next() {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => store_sea_orm::sqlite::open(url, options(2)).await,
        #[cfg(feature = "postgres")]
        Some("postgres") => store_sea_orm::postgres::open(url, options(2)).await,
        #[cfg(feature = "mysql")]
        Some("mysql") => store_sea_orm::mysql::open(url, options(2)).await,
        _ => panic!("{url}"),
    };
    opened.unwrap()
}

#[tokio::main]
async fn start_and_insert(url: &str, number: u64) {
    let store = open(url).await;
    let user = demo::user(number, demo::unusable_hash());
    store.users.insert(&RequestContext::internal("test"), &user).await.unwrap();
    store.store.close().await;
}

fn start_all_at_once(url: &str) -> Result<(), String> {
    let start = |number: u64| {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.env(URL, url).env(NUMBER, number.to_string()).spawn().unwrap()
    };
    for mut child in (0..PROCESSES).map(start).collect::<Vec<_>>() {
        let status = child.wait().unwrap();
        if !status.success() {
            return Err(format!("a process ended with {status}"));
        }
    }
    let query = UserQuery { role: None, after: None, limit: 100 };
    let listed = Runtime::new().unwrap().block_on(async {
        let store = open(url).await;
        store.users.list(&RequestContext::internal("test"), &query).await.unwrap()
    });
    let expected: Vec<_> = (0..PROCESSES).map(|number| demo::user(number, demo::unusable_hash())).collect();
    if listed == expected { Ok(()) } else { Err(format!("{listed:?}")) }
}
