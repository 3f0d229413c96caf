//! What the repositories cost over 10,000 users, without anything of a request around them: `cargo bench -p store-memory`.
//!
//! This is the floor: a call of a repository behind its trait, and the domain's own data copied. What a database adds is
//! the comparison benchmark's to say.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Customer, Order, OrderId, OrderStatus, Product, Timestamp, User};
use shared::repository::{OrderQuery, Repositories, SalesQuery, StoreOptions, UserQuery};
use std::time::{Duration, Instant};

const USERS: u64 = 10_000;

/// So many orders are placed in one store before there is a new one: the orders that are there already cost memory.
const ORDERS: u64 = 10_000;

criterion_group!(repositories, users, orders);
criterion_main!(repositories);

fn users(criterion: &mut Criterion) {
    let (context, store) = (RequestContext::internal("bench"), filled());
    let all: Vec<User> = (0..USERS).map(user).collect();
    let mut group = criterion.benchmark_group("users");

    let mut ids = all.iter().map(|user| user.id).cycle();
    group.bench_function("find", |bencher| {
        bencher.iter(|| at_once(store.users.find(&context, ids.next().unwrap())).unwrap().unwrap());
    });
    let mut keys = all.iter().map(User::email_key).cycle();
    group.bench_function("find-by-email", |bencher| {
        bencher.iter(|| at_once(store.users.find_by_email(&context, &keys.next().unwrap())).unwrap().unwrap());
    });
    let mut after = all.iter().map(|user| Some(user.id)).cycle();
    group.bench_function("list-of-20", |bencher| {
        bencher.iter(|| {
            let query = UserQuery { role: None, after: after.next().unwrap(), limit: 21 };
            at_once(store.users.list(&context, &query)).unwrap()
        });
    });
    let mut changed = all;
    let mut turn = (0..changed.len()).cycle();
    group.bench_function("update", |bencher| {
        bencher.iter(|| {
            let user = changed.get_mut(turn.next().unwrap()).unwrap();
            user.version += 1;
            at_once(store.users.update(&context, user, user.version - 1)).unwrap();
        });
    });
    group.finish();
}

fn orders(criterion: &mut Criterion) {
    let context = RequestContext::internal("bench");
    let mut group = criterion.benchmark_group("orders");
    group.bench_function("place-3-lines", |bencher| {
        bencher.iter_custom(|count| {
            let full = (0..count / ORDERS).map(|_| place(&context, &filled(), ORDERS));
            full.sum::<Duration>() + place(&context, &filled(), count % ORDERS)
        });
    });

    let store = filled();
    place(&context, &store, ORDERS);
    let mut customers = (0..USERS).map(|number| user(number).id).cycle();
    group.bench_function("list-of-a-user", |bencher| {
        bencher.iter(|| {
            let customer = customers.next().unwrap();
            let query = OrderQuery { customer, status: None, after: None, limit: 21 };
            at_once(store.orders.list(&context, &query)).unwrap()
        });
    });
    let all_days = SalesQuery { from: None, to: None };
    group.bench_function("sales-of-10,000", |bencher| {
        bencher.iter(|| at_once(store.reports.sales(&context, &all_days)).unwrap());
    });
    group.finish();
}

/// Places so many orders, and pays them. How long it took to place them.
fn place(context: &RequestContext, store: &Repositories, count: u64) -> Duration {
    let products: Vec<(Product, i64)> = (1..=3).map(|number| (product(number), 1)).collect();
    let orders: Vec<Order> = (0..count).map(|number| order(&user(number), &products)).collect();
    let begun = Instant::now();
    for order in &orders {
        at_once(store.orders.place(context, order)).unwrap();
    }
    let placing = begun.elapsed();
    for order in &orders {
        let paid = order.moved(OrderStatus::Paid, order.created_at);
        at_once(store.orders.update(context, order, &paid)).unwrap();
    }
    placing
}

/// A store with the users, and three products of which there is enough.
fn filled() -> Repositories {
    let context = RequestContext::internal("bench");
    let options = StoreOptions { connections: 1, timeout: Duration::from_secs(1) };
    let store = at_once(store_memory::open("memory://", options)).unwrap();
    for number in 0..USERS {
        at_once(store.users.insert(&context, &user(number))).unwrap();
    }
    for number in 1..=3 {
        at_once(store.products.insert(&context, &product(number))).unwrap();
    }
    store
}

/// The demo user of this number, with an address of its own: the demo data has names for 200.
fn user(number: u64) -> User {
    let user = demo::user(number, demo::unusable_hash());
    User { email: format!("user{number}@example.com"), ..user }
}

fn product(number: u64) -> Product {
    Product { stock: 1_000_000, ..demo::product(number) }
}

fn order(customer: &User, products: &[(Product, i64)]) -> Order {
    Order::new(OrderId::generate(), Customer::from(customer), products, Timestamp::now())
}

/// What a call that waits for nothing comes to. A runtime's own share would be as much as what is measured.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the store waited")
}
