//! What must hold of orders that are placed and moved at the same time: on every variant, a real process with a real
//! database, and on three processes of different frameworks over one database.
//!
//! The names say which: `orders::rocket::redis::the_last_units_are_sold_once`, `orders::three::postgres::...`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use clap::ValueEnum;
use contract::answer::Answer;
use futures_util::future::{BoxFuture, join_all};
use libtest_mimic::{Arguments, Trial};
use server::{Database, Framework, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use support::database::OwnDatabase;
use support::requests::value;
use support::shop::{Shop, problem, units};
use support::{Process, Start, folder, lasting_stores, variants};
use tokio::runtime::Runtime;

type Case = for<'a> fn(&'a Shop) -> BoxFuture<'a, ()>;

const CASES: [(&str, Case); 4] = [
    ("the_last_units_are_sold_once", |shop| Box::pin(last_units(shop))),
    ("lines_in_opposite_order_meet_no_deadlock", |shop| Box::pin(opposite_lines(shop))),
    ("one_key_is_one_order", |shop| Box::pin(one_key(shop))),
    ("of_moves_at_once_one_wins_and_stock_goes_back_once", |shop| Box::pin(moves(shop))),
];

fn main() {
    let runtime = Arc::new(Runtime::new().unwrap());
    let mut trials = Vec::new();
    let mut trial = |whose: String, processes: Processes| {
        let runtime = runtime.clone();
        // One trial for all cases, because they share the start.
        trials.push(Trial::test(format!("orders::{whose}::all_or_nothing_and_once"), move || {
            runtime.block_on(async {
                let folder = folder();
                let started = processes.start(folder.path());
                let processes: Vec<&Process> = started.iter().map(|(process, _)| process).collect();
                let shop = Shop::of(&processes, &started[0].1.credentials).await;
                for (name, case) in CASES {
                    eprintln!("{name}");
                    case(&shop).await;
                }
            });
            Ok(())
        }));
    };
    for (framework, store) in variants() {
        let whose = format!("{framework}::{}", store.to_string().replace('-', "_"));
        trial(whose, Processes(vec![(framework, store)]));
    }
    let mut databases: Vec<Database> = Vec::new();
    for store in lasting_stores() {
        if !databases.contains(&store.database()) {
            databases.push(store.database());
        }
    }
    for database in databases {
        let stores = lasting_stores().into_iter().filter(|store| store.database() == database);
        let stores: Vec<Store> = stores.collect();
        let three = Framework::value_variants().iter().copied().zip(stores.iter().copied().cycle()).collect();
        trial(format!("three::{}", database.title().to_lowercase()), Processes(three));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Servers over one database.
struct Processes(Vec<(Framework, Store)>);

impl Processes {
    fn start(&self, folder: &Path) -> Vec<(Process, Start)> {
        let Self(variants) = self;
        let own = Arc::new(OwnDatabase::new(variants[0].1, &folder.join("test.db")));
        let credentials = support::credentials();
        let start = |(framework, store): &(Framework, Store)| {
            let mut start = Start::new(*framework, *store, folder).patient();
            (start.database_url, start.own, start.credentials) = (own.url.clone(), own.clone(), credentials.clone());
            (start.run().unwrap(), start)
        };
        variants.iter().map(start).collect()
    }
}

/// What came of it: `201`, or the problem.
fn word(answer: &Answer) -> String {
    if answer.status == 201 || answer.status == 200 { answer.status.to_string() } else { problem(answer) }
}

fn counted<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(word(answer)).or_default() += 1;
    }
    counts
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
}

/// 200 want one of the last 50.
async fn last_units(shop: &Shop) {
    let product = shop.product(100, 50).await;
    let lines = [(product.as_str(), 1)];
    let answers = join_all((0..200).map(|_| shop.order(&lines, None))).await;
    assert_eq!(counted(&answers), counts(&[("201", 50), ("insufficient-stock", 150)]));
    assert_eq!(shop.stock(&product).await, 0);
    let orders = shop.orders().await;
    assert_eq!(units(&orders, &product), 50);
    for order in answers.iter().filter(|answer| answer.status == 201).map(value) {
        assert!(orders.contains(&order), "{order} is not in the list");
    }
}

/// Orders over the same products, half of them the other way round, and one product ends before the other.
async fn opposite_lines(shop: &Shop) {
    let (one, other, third) = (shop.product(100, 40).await, shop.product(200, 25).await, shop.product(300, 60).await);
    let order = |number: usize| {
        let mut lines = [(one.as_str(), 1), (other.as_str(), 1), (third.as_str(), 1)];
        if number.is_multiple_of(2) {
            lines.reverse();
        }
        async move { shop.order(&lines, None).await }
    };
    let answers = join_all((0..60).map(order)).await;
    assert_eq!(counted(&answers), counts(&[("201", 25), ("insufficient-stock", 35)]));
    for (product, left) in [(&one, 15), (&other, 0), (&third, 35)] {
        assert_eq!(shop.stock(product).await, left);
    }
}

/// Fifty times the same request, for nearly the last one.
async fn one_key(shop: &Shop) {
    let product = shop.product(100, 1).await;
    let lines = [(product.as_str(), 1)];
    let answers = join_all((0..50).map(|_| shop.order(&lines, Some("the-same")))).await;
    assert_eq!(counted(&answers), counts(&[("201", 50)]));
    assert!(answers.iter().all(|answer| answer.body == answers[0].body), "they are not equal");
    let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(first, 1, "so many say that they placed it");
    assert_eq!((shop.stock(&product).await, units(&shop.orders().await, &product)), (0, 1));
    let reused = shop.order(&[(&product, 2)], Some("the-same")).await;
    assert_eq!(word(&reused), "idempotency-key-reused");
}

/// Ten at once pay, ship and cancel one order.
async fn moves(shop: &Shop) {
    for round in 0..5 {
        let product = shop.product(100, 10).await;
        let order = value(&shop.order(&[(&product, 4)], None).await)["id"].as_str().unwrap().to_owned();
        let wishes = ["paid", "cancelled", "shipped", "cancelled", "paid", "cancelled", "shipped", "paid", "cancelled"];
        let moved = join_all(wishes.iter().map(|wish| shop.update(&order, wish))).await;
        for answer in &moved {
            let expected = ["200", "illegal-transition", "edit-conflict"];
            assert!(expected.contains(&word(answer).as_str()), "{answer}");
        }
        let last = shop.found(&order).await;
        let (status, version) = (last["status"].as_str().unwrap(), last["version"].as_u64().unwrap());
        let won = moved.iter().filter(|answer| answer.status == 200).count() as u64;
        // Each that won raised the version once: pending, paid, shipped or cancelled; or pending, cancelled.
        assert_eq!(version, 1 + won, "round {round}: {last}");
        assert!(matches!((status, won), ("paid", 1) | ("cancelled", 1 | 2) | ("shipped", 2)), "round {round}: {last}");
        let left = if status == "cancelled" { 10 } else { 6 };
        assert_eq!(shop.stock(&product).await, left, "round {round}: {last}");
    }
}
