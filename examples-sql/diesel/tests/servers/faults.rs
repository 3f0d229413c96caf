//! What must hold on either server when something goes wrong.
//!
//! Longer than 400 lines because each fault is played in full.

use super::{Process, Proxy, admin, context, emails, traced, user};
use crate::shop::{check_books, moved, order, product};
use shared::domain::{Order, OrderId, OrderStatus, Product, Role, User};
use shared::repository::{
    OpenError, OrderQuery, ProductQuery, Repositories, SalesQuery, Shortage, StoreError, UserQuery,
};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Far above any limit that a store was given, and below a test's patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the store works again, and returns how long that took.
pub async fn recovery(store: &Repositories) -> Duration {
    let started = Instant::now();
    while let Err(error) = store.store.ping(&context()).await {
        assert!(started.elapsed() < PATIENCE, "it does not recover: {error:?}");
        sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// Waits until no call is at work.
pub async fn rest(store: &Repositories) {
    let started = Instant::now();
    while store.store.pool().in_use > 0 || store.store.pool().waiting > 0 {
        assert!(started.elapsed() < PATIENCE, "{:?}", store.store.pool());
        sleep(Duration::from_millis(10)).await;
    }
}

/// While a server hangs, calls end at their limit; afterwards the store answers as before.
pub async fn a_server_that_hangs(store: &Repositories, server: &Process) {
    store.users.insert(&context(), &user(1)).await.unwrap();
    for round in 0..2 {
        server.signal("STOP");
        // Each of its threads stops by itself.
        sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let call = |number: u64| {
            let store = store.clone();
            tokio::spawn(async move {
                if number.is_multiple_of(2) {
                    store.users.insert(&context(), &user(100 + round * 50 + number)).await
                } else {
                    store.users.find(&context(), user(1).id).await.map(drop)
                }
            })
        };
        for running in (0..20).map(call).collect::<Vec<_>>() {
            let outcome = timeout(PATIENCE, running).await.unwrap().unwrap();
            let told =
                matches!(outcome, Err(StoreError::TimedOut | StoreError::Overloaded | StoreError::Unavailable(_)));
            assert!(told, "{outcome:?}");
        }
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        assert!(store.store.pool().size <= 4, "{:?}", store.store.pool());
        server.signal("CONT");
        recovery(store).await;
        rest(store).await;
        assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    }
}

/// Clients write while the server is killed and started again: what was acknowledged is there, in the same open store.
pub async fn a_server_that_is_killed<F: Future<Output = Process>>(
    store: &Repositories,
    mut server: Process,
    again: impl FnOnce() -> F,
) {
    let write = |client: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut acknowledged = BTreeSet::new();
            for number in (client * 10_000).. {
                match store.users.insert(&context(), &user(number)).await {
                    Ok(()) => drop(acknowledged.insert(user(number).email)),
                    Err(_) => break,
                }
            }
            acknowledged
        })
    };
    let writers: Vec<_> = (0..4).map(write).collect();
    sleep(Duration::from_millis(500)).await;
    server.kill();
    let mut acknowledged = BTreeSet::new();
    for writer in writers {
        acknowledged.append(&mut writer.await.unwrap());
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    let refused = store.users.find(&context(), user(1).id).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_) | StoreError::TimedOut)), "{refused:?}");
    let server = again().await;
    recovery(store).await;
    let there = emails(store).await;
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "{lost:?}");
    drop(server);
}

/// Customers 1 to 4 and products 1 to 5.
async fn open_shop(store: &Repositories) -> Vec<User> {
    let customers: Vec<_> = (1..=4).map(user).collect();
    for customer in &customers {
        store.users.insert(&context(), customer).await.unwrap();
    }
    for number in 1..=5 {
        store.products.insert(&context(), &product(number)).await.unwrap();
    }
    customers
}

/// What is ordered at this step: some products, in either order.
fn wanted(step: u64) -> Vec<(u64, i64)> {
    let mut wanted: Vec<_> =
        (0..=step % 3).map(|line| (1 + (step + line) % 5, 1 + i64::try_from(line).unwrap())).collect();
    if step.is_multiple_of(2) {
        wanted.reverse();
    }
    wanted
}

/// Orders are placed while the server is killed and started again: what was acknowledged is there, what is there is whole,
/// and what is not in an order is in stock.
pub async fn a_server_that_is_killed_while_orders_are_placed<F: Future<Output = Process>>(
    store: &Repositories,
    mut server: Process,
    again: impl FnOnce() -> F,
) {
    let customers = open_shop(store).await;
    let tried = Arc::new(Mutex::new(BTreeMap::new()));
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let place = |customer: &User, first: u64| {
        let (store, customer) = (store.clone(), customer.clone());
        let (tried, acknowledged) = (tried.clone(), acknowledged.clone());
        tokio::spawn(async move {
            for step in first.. {
                let order = order(&customer, &wanted(step));
                tried.lock().unwrap().insert(order.id, order.clone());
                match store.orders.place(&context(), &order).await {
                    Ok(()) => drop(acknowledged.lock().unwrap().insert(order.id)),
                    Err(_) => break,
                }
            }
        })
    };
    let placing: Vec<_> = customers.iter().zip([0, 7, 11, 4]).map(|(customer, first)| place(customer, first)).collect();
    let started = Instant::now();
    while acknowledged.lock().unwrap().len() < 50 {
        assert!(started.elapsed() < PATIENCE, "{}", acknowledged.lock().unwrap().len());
        sleep(Duration::from_millis(1)).await;
    }
    server.kill();
    for placing in placing {
        placing.await.unwrap();
    }
    let server = again().await;
    recovery(store).await;
    let (tried, acknowledged) = (tried.lock().unwrap().clone(), acknowledged.lock().unwrap().clone());
    check_books(store, &customers, 5, &tried, &acknowledged).await;
    drop(server);
}

/// Placings are dropped at any point: each has happened as a whole or not at all, and none holds a product.
pub async fn placings_that_are_dropped(store: &Repositories) {
    let customers = open_shop(store).await;
    let (mut tried, mut acknowledged) = (BTreeMap::<OrderId, Order>::new(), BTreeSet::new());
    for step in 0..300_u64 {
        let customer = customers.iter().cycle().nth(usize::try_from(step).unwrap()).unwrap();
        let order = order(customer, &wanted(step));
        tried.insert(order.id, order.clone());
        let placer = store.clone();
        let id = order.id;
        let placing = tokio::spawn(async move { placer.orders.place(&context(), &order).await });
        sleep(Duration::from_micros(step * 37 % 6_000)).await;
        placing.abort();
        match placing.await {
            Ok(placed) => {
                placed.unwrap();
                acknowledged.insert(id);
            }
            Err(aborted) => assert!(aborted.is_cancelled()),
        }
        assert!(store.store.pool().size <= 4);
    }
    rest(store).await;
    // What an open transaction would hold: each product, and each customer.
    for customer in &customers {
        let all = order(customer, &[(5, 1), (4, 1), (3, 1), (2, 1), (1, 1)]);
        store.orders.place(&context(), &all).await.unwrap();
        acknowledged.insert(all.id);
        tried.insert(all.id, all);
    }
    check_books(store, &customers, 5, &tried, &acknowledged).await;
}

/// As [`a_deadlock`], of an order of the products 1 and 2: it is placed in the end, once.
pub async fn an_order_in_a_deadlock<H: Future<Output = ()>, C: Future<Output = ()>>(
    store: &Repositories,
    hold: impl FnOnce() -> H,
    cross: impl FnOnce() -> C,
) {
    let customers = open_shop(store).await;
    hold().await;
    let (placer, order) = (store.clone(), order(&user(1), &[(2, 3), (1, 4)]));
    let placed = order.clone();
    let call = tokio::spawn(async move { placer.orders.place(&context(), &placed).await });
    sleep(Duration::from_millis(300)).await;
    cross().await;
    call.await.unwrap().unwrap();
    let acknowledged = BTreeSet::from([order.id]);
    check_books(store, &customers, 5, &BTreeMap::from([(order.id, order)]), &acknowledged).await;
}

/// Connections are cut: whoever used one is told, and the next call of each works.
pub async fn a_way_that_is_cut(store: &Repositories, proxy: &Proxy) {
    for round in 0..5 {
        // As many connections as there can be, all of them idle.
        let ids = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.users.find(&context(), user(0).id).await.unwrap() })
        });
        for find in ids.collect::<Vec<_>>() {
            find.await.unwrap();
        }
        proxy.cut().await;
        let mut failed = 0;
        let mut there = false;
        while !there {
            let inserted = store.users.insert(&context(), &user(round)).await;
            there = matches!(inserted, Ok(()) | Err(StoreError::EmailTaken));
            failed += u32::from(!there);
            assert!(failed <= 1, "{inserted:?}");
        }
    }
    // While calls are at work: each fails at most, and is not made twice.
    let call = |number: u64| {
        let store = store.clone();
        tokio::spawn(async move { (number, store.users.insert(&context(), &user(1_000 + number)).await) })
    };
    let running: Vec<_> = (0..40).map(call).collect();
    sleep(Duration::from_millis(3)).await;
    proxy.cut().await;
    let mut acknowledged = BTreeSet::new();
    for running in running {
        match running.await.unwrap() {
            (number, Ok(())) => drop(acknowledged.insert(user(1_000 + number).email)),
            (_, Err(error)) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
    }
    recovery(store).await;
    assert!(acknowledged.is_subset(&emails(store).await));
    rest(store).await;
}

/// Calls are dropped at any point. Nobody gets another one's answer, and no connection is lost or left in a transaction.
pub async fn calls_that_are_dropped(store: &Repositories) {
    for number in 0..10 {
        store.users.insert(&context(), &user(number)).await.unwrap();
    }
    store.users.insert(&context(), &admin(50)).await.unwrap();
    store.users.insert(&context(), &admin(51)).await.unwrap();
    for step in 0..300_u64 {
        let (first, second) = (store.clone(), store.clone());
        let dropped = tokio::spawn(async move {
            match step % 4 {
                0 => drop(first.users.find(&context(), user(step % 10).id).await),
                1 => {
                    let query = UserQuery { role: None, after: None, limit: 100 };
                    drop(first.users.list(&context(), &query).await);
                }
                // Always refused in the end, after all the round trips of a transaction.
                2 => {
                    let demoted = User { role: Role::User, version: 2, email: user(1).email, ..admin(50) };
                    drop(first.users.update(&context(), &demoted, 1).await);
                }
                _ => drop(first.users.insert(&context(), &user(1)).await),
            }
        });
        let kept = tokio::spawn(async move { second.users.find(&context(), user(step % 10).id).await });
        sleep(Duration::from_micros(step * 7 % 2_000)).await;
        dropped.abort();
        let found = kept.await.unwrap();
        assert_eq!(found.unwrap(), Some(user(step % 10)), "step {step}");
        assert!(store.store.pool().size <= 4);
    }
    rest(store).await;
    for number in 0..10 {
        assert_eq!(store.users.find(&context(), user(number).id).await.unwrap(), Some(user(number)));
    }
    // An open transaction would hold the admins.
    store.users.delete(&context(), admin(50).id, 1).await.unwrap();
}

/// A call and somebody else wait for each other, and the database gives the call up, which has the least to lose. It is
/// made again, and no client is told of it. `hold` takes what the call will wait for, `cross` what the call has, and ends.
pub async fn a_deadlock<H: Future<Output = ()>, C: Future<Output = ()>>(
    store: &Repositories,
    hold: impl FnOnce() -> H,
    cross: impl FnOnce() -> C,
) {
    for number in 1..=20 {
        store.users.insert(&context(), &user(number)).await.unwrap();
    }
    hold().await;
    let (writer, taken) = (store.clone(), User { email: user(2).email, version: 2, ..user(1) });
    let call = tokio::spawn(async move { writer.users.update(&context(), &taken, 1).await });
    sleep(Duration::from_millis(300)).await;
    cross().await;
    let outcome = call.await.unwrap();
    assert!(matches!(outcome, Err(StoreError::EmailTaken)), "{outcome:?}");
}

/// With all connections at work, a call waits for its limit and no longer.
pub async fn a_pool_that_is_exhausted(store: &Repositories) {
    let started = Instant::now();
    let call = |_| {
        let store = store.clone();
        let after = User { version: 2, ..user(1) };
        tokio::spawn(async move { store.users.update(&context(), &after, 1).await })
    };
    let mut words = BTreeSet::new();
    for running in (0..10).map(call).collect::<Vec<_>>() {
        words.insert(format!("{:?}", running.await.unwrap().unwrap_err()));
    }
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(words, BTreeSet::from(["Overloaded".to_owned(), "TimedOut".to_owned()]));
}

/// What each operation sends: one statement, but for what concerns the last admin.
pub async fn round_trips(store: &Repositories) {
    let secret = User { name: "Hidden, \"value\" -- binds: [\\".to_owned(), ..user(1) };
    let all = traced();
    let query = UserQuery { role: Some(Role::User), after: None, limit: 2 };
    let after = User { version: 2, ..secret.clone() };
    store.users.insert(&all, &secret).await.unwrap();
    store.users.find(&all, secret.id).await.unwrap();
    store.users.find_by_email(&all, &secret.email_key()).await.unwrap();
    store.users.list(&all, &query).await.unwrap();
    store.users.update(&all, &after, 1).await.unwrap();
    store.users.delete(&all, secret.id, 2).await.unwrap();
    check_statements(&all, &["INSERT", "SELECT", "SELECT", "SELECT", "UPDATE", "DELETE"]);
    let types = |number: usize| all.statements().get(number).unwrap().parameters.clone();
    assert_eq!(types(0), [["text"; 6].as_slice(), &["integer"; 4]].concat());
    assert_eq!(types(1), ["text"]);
    assert_eq!(types(3), ["text", "text", "integer"]);

    let conflict = traced();
    store.users.update(&conflict, &after, 1).await.unwrap_err();
    check_statements(&conflict, &["UPDATE", "SELECT"]);
    store.users.insert(&context(), &admin(3)).await.unwrap();
    let last = traced();
    assert!(matches!(store.users.delete(&last, admin(3).id, 1).await, Err(StoreError::LastAdmin)));
    check_statements(&last, &["DELETE", "SELECT", "BEGIN", "SELECT", "COMMIT"]);
    store.users.insert(&context(), &admin(4)).await.unwrap();
    let spare = traced();
    store.users.delete(&spare, admin(3).id, 1).await.unwrap();
    check_statements(&spare, &["DELETE", "SELECT", "BEGIN", "SELECT", "DELETE", "COMMIT"]);
    for one in [all.statements(), conflict.statements(), last.statements(), spare.statements()].concat() {
        let shown = format!("{one:?}");
        let hidden = ["Hidden", "example.com", "argon2", &secret.id.to_string()];
        assert!(!hidden.iter().any(|value| shown.contains(value)), "{shown}");
        assert!(one.duration > Duration::ZERO && one.duration < PATIENCE, "{shown}");
    }
    // The hook goes with the request.
    let before = all.statements().len();
    store.users.find(&context(), secret.id).await.unwrap();
    assert_eq!(all.statements().len(), before);
}

/// What each operation on products, orders and reports sends: a constant number of statements.
pub async fn round_trips_of_a_shop(store: &Repositories) {
    let customers = open_shop(store).await;
    let customer = customers.first().unwrap();
    let all = traced();
    let secret = Product { name: "Hidden, \"value\" -- binds: [\\".to_owned(), ..product(6) };
    let ids = [product(1).id, product(2).id, product(6).id];
    store.products.insert(&all, &secret).await.unwrap();
    store.products.find(&all, secret.id).await.unwrap();
    assert_eq!(store.products.find_many(&all, &ids).await.unwrap().len(), 3);
    let query = ProductQuery { category: Some(secret.category.clone()), after: None, limit: 3 };
    store.products.list(&all, &query).await.unwrap();
    store.products.update(&all, &Product { version: 2, ..secret.clone() }, 1).await.unwrap();
    store.products.update(&all, &secret, 1).await.unwrap_err();
    store.products.delete(&all, secret.id, 2).await.unwrap();
    check_statements(&all, &["INSERT", "SELECT", "SELECT", "SELECT", "UPDATE", "UPDATE", "DELETE"]);
    let types = |number: usize| all.statements().get(number).unwrap().parameters.clone();
    assert_eq!(
        types(0),
        ["text", "text", "text", "text", "integer", "integer", "json", "integer", "integer", "integer"]
    );
    assert_eq!(types(3), ["text", "text", "integer"]);

    let mut placed = Vec::new();
    for lines in [&[(3, 1)][..], &[(5, 1), (4, 2), (1, 3), (2, 4)]] {
        let (placing, order) = (traced(), order(customer, lines));
        let order = Order { idempotency_key: Some(format!("hidden-{}", lines.len())), ..order };
        store.orders.place(&placing, &order).await.unwrap();
        check_statements(&placing, &["BEGIN", "SELECT", "INSERT", "INSERT", "UPDATE", "COMMIT"]);
        let parameters = placing.statements().get(2).unwrap().parameters.clone();
        assert_eq!(parameters, [["text"; 3].as_slice(), &["integer"; 3], &["text"], &["integer"; 3]].concat());
        assert!(!format!("{:?}", placing.statements()).contains("hidden"));
        placed.push(order);
    }
    let (short, too_many) = (traced(), order(customer, &[(2, 1), (1, 200_000)]));
    let refused = store.orders.place(&short, &too_many).await;
    let left = Some(product(1).stock - 3);
    let expected = vec![Shortage { product_id: product(1).id, left }];
    assert!(matches!(&refused, Err(StoreError::OutOfStock(found)) if *found == expected), "{refused:?}");
    check_statements(&short, &["BEGIN", "SELECT", "COMMIT"]);
    let nobody = traced();
    let refused = store.orders.place(&nobody, &order(&user(99), &[(1, 1)])).await;
    assert!(matches!(refused, Err(StoreError::CustomerGone)), "{refused:?}");
    check_statements(&nobody, &["BEGIN", "SELECT", "INSERT", "ROLLBACK"]);

    let reads = traced();
    let [first, second] = placed.as_slice() else { panic!("two orders") };
    assert_eq!(store.orders.find(&reads, second.id).await.unwrap().as_ref(), Some(second));
    assert_eq!(store.orders.find_by_key(&reads, customer.id, "hidden-1").await.unwrap().as_ref(), Some(first));
    let query = OrderQuery { customer: customer.id, status: None, after: None, limit: 100 };
    assert_eq!(store.orders.list(&reads, &query).await.unwrap(), placed);
    let query = OrderQuery { status: Some(OrderStatus::Shipped), ..query };
    assert_eq!(store.orders.list(&reads, &query).await.unwrap(), []);
    check_statements(&reads, &["SELECT", "SELECT", "SELECT", "SELECT", "SELECT", "SELECT", "SELECT"]);

    let changes = traced();
    let paid = moved(second, OrderStatus::Paid);
    store.orders.update(&changes, second, &paid).await.unwrap();
    store.reports.sales(&changes, &SalesQuery { from: None, to: None }).await.unwrap();
    store.orders.update(&changes, second, &moved(second, OrderStatus::Cancelled)).await.unwrap_err();
    store.orders.update(&changes, &paid, &moved(&paid, OrderStatus::Cancelled)).await.unwrap();
    let cancelling = ["BEGIN", "UPDATE", "COMMIT", "BEGIN", "UPDATE", "SELECT", "UPDATE", "COMMIT"];
    check_statements(&changes, &[["UPDATE", "SELECT"].as_slice(), &cancelling].concat());

    let refused = traced();
    assert!(matches!(store.users.delete(&refused, customer.id, 1).await, Err(StoreError::HasOrders)));
    check_statements(&refused, &["DELETE"]);
}

fn check_statements(context: &shared::context::RequestContext, expected: &[&str]) {
    let statements = context.statements();
    let begins: Vec<_> = statements.iter().map(|one| one.statement.split(' ').next().unwrap()).collect();
    assert_eq!(begins, expected);
}

/// Opening fails, names neither user nor password, and says these words.
pub fn check_refused(opened: Result<Repositories, OpenError>, expected: &[&str]) {
    let error = opened.err().unwrap();
    let (shown, debugged) = (error.to_string(), format!("{error:?}"));
    expected.iter().for_each(|words| assert!(shown.contains(words), "{shown:?} does not say {words:?}"));
    assert!(!shown.contains("secret"), "{shown}");
    // An unusable URL is kept as it was given, and hidden when it is shown.
    assert!(matches!(error, OpenError::Url { .. }) || !debugged.contains("secret"), "{debugged}");
}
