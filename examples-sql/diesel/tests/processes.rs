//! Several processes that start at once on a new file, and one that is killed.
//!
//! A main function of its own, because this program is also the processes that it starts: with a URL in its
//! environment it opens that database instead of testing.

#![allow(clippy::unwrap_used)]

mod shop;

use libtest_mimic::{Arguments, Trial};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Order, OrderId, Timestamp};
use shared::repository::UserQuery;
use shared::store_contract::options;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

const URL: &str = "STORE_DIESEL_TEST_URL";
const NUMBER: &str = "STORE_DIESEL_TEST_NUMBER";
const PROCESSES: u64 = 8;
/// Instead of a number: it is to place orders until it is killed.
const PLACE: &str = "place";

fn main() -> ExitCode {
    if let Ok(url) = std::env::var(URL) {
        match std::env::var(NUMBER).unwrap().as_str() {
            PLACE => start_and_place(&url),
            number => start_and_insert(&url, number.parse().unwrap()),
        }
        return ExitCode::SUCCESS;
    }
    let trial = Trial::test("processes_that_start_at_once_on_a_new_file_all_come_up", || {
        (0..5).try_for_each(|_| start_all_at_once().map_err(Into::into))
    });
    let killed = Trial::test("orders_survive_the_death_of_the_process_as_a_whole_or_not_at_all", || {
        kill_while_orders_are_placed();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial, killed]).exit_code()
}

#[tokio::main]
async fn start_and_insert(url: &str, number: u64) {
    let store = store_diesel::sqlite::open(url, options(2)).await.unwrap();
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
    let store = store_diesel::sqlite::open(&url, options(1)).await.map_err(|error| error.to_string())?;
    let query = UserQuery { role: None, after: None, limit: 100 };
    let listed = store.users.list(&RequestContext::internal("test"), &query).await.unwrap();
    let expected: Vec<_> = (0..PROCESSES).map(|number| demo::user(number, demo::unusable_hash())).collect();
    if listed == expected { Ok(()) } else { Err(format!("{listed:?}")) }
}

/// The number of an order in the tests is its id's: whoever looks at it later knows how it was.
fn order(step: u64) -> Order {
    let id = OrderId::from_bytes((u128::from(step) | 0x0190_0000_0000_7000_8000_0000_0000_0000).to_be_bytes());
    let at = Timestamp::from_millis(1_735_722_000_000).unwrap();
    let wanted = [(1 + step % 3, 1), (1 + (step + 1) % 3, 2)];
    let order = shop::order(&demo::user(1, demo::unusable_hash()), &wanted);
    Order { id, created_at: at, updated_at: at, ..order }
}

/// Places orders, four at a time, and writes the number of each that was acknowledged.
#[tokio::main]
async fn start_and_place(url: &str) {
    let store = store_diesel::sqlite::open(url, options(2)).await.unwrap();
    let place = |first: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            for step in (first..100_000).step_by(4) {
                store.orders.place(&RequestContext::internal("test"), &order(step)).await.unwrap();
                println!("{step}");
            }
        })
    };
    for placing in (0..4).map(place).collect::<Vec<_>>() {
        placing.await.unwrap();
    }
}

#[tokio::main]
async fn kill_while_orders_are_placed() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("users.db").display());
    let store = store_diesel::sqlite::open(&url, options(2)).await.unwrap();
    let customer = demo::user(1, demo::unusable_hash());
    store.users.insert(&RequestContext::internal("test"), &customer).await.unwrap();
    for number in 1..=3 {
        store.products.insert(&RequestContext::internal("test"), &shop::product(number)).await.unwrap();
    }
    store.store.close().await;
    let mut program = Command::new(std::env::current_exe().unwrap());
    let mut child = program.env(URL, &url).env(NUMBER, PLACE).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged: BTreeSet<_> = lines.by_ref().take(50).map(|line| line.unwrap().parse().unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it wrote before it was killed. Of the last line, not all may be there.
    acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok()));
    let last = acknowledged.last().copied().unwrap();
    let tried: BTreeMap<_, _> = (0..last + 20).map(order).map(|order| (order.id, order)).collect();
    let acknowledged = acknowledged.into_iter().map(|step| order(step).id).collect();
    let store = store_diesel::sqlite::open(&url, options(2)).await.unwrap();
    shop::check_books(&store, &[customer], 3, &tried, &acknowledged).await;
}
