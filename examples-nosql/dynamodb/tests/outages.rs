//! A server that stops, and one that is killed: a process of the test's own, with its data in a folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod inside;

use aws_sdk_dynamodb::types::AttributeValue;
use inside::{all, context, order, orders_of, product, stock, user, within};
use shared::domain::User;
use shared::repository::{Repositories, StoreError};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TABLE: &str = "stackdiff_outages";

/// DynamoDB Local with its data in a folder. It ends with the test.
struct Server(Child);

impl Server {
    fn start(folder: &Path, port: u16) -> Self {
        let jar = std::env::var_os("DYNAMODB_LOCAL").map(PathBuf::from).filter(|jar| jar.is_file());
        let jar = jar.expect("DYNAMODB_LOCAL names no DynamoDBLocal.jar: run `infra/services install`");
        let libraries = jar.parent().unwrap().join("DynamoDBLocal_lib");
        let mut java = Command::new("java");
        java.arg(format!("-Djava.library.path={}", libraries.display())).arg("-Xmx300m").arg("-jar").arg(&jar);
        java.args(["-port", &port.to_string(), "-sharedDb", "-disableTelemetry", "-dbPath"]).arg(folder);
        let java = java.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(java.expect("there is no java: run `infra/services install`"))
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// With SIGKILL.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Tries again until the server is up.
async fn open(port: u16, seconds: u64) -> Repositories {
    let url = format!("dynamodb://local/{TABLE}?endpoint=http://127.0.0.1:{port}");
    let started = Instant::now();
    loop {
        match store_dynamodb::open(&url, within(seconds, 4)).await {
            Ok(store) => return store,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(90), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn until_it_answers(store: &Repositories) {
    let started = Instant::now();
    while let Err(error) = store.store.ping(&context()).await {
        assert!(started.elapsed() < Duration::from_secs(90), "{error:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How much was answered, so that a slow machine kills no server that has done nothing yet.
#[derive(Default)]
struct Acknowledged {
    insertions: AtomicUsize,
    changes: AtomicUsize,
}

impl Acknowledged {
    async fn until_there_are_some(&self) {
        let started = Instant::now();
        while self.insertions.load(Ordering::SeqCst) < 20 || self.changes.load(Ordering::SeqCst) < 20 {
            assert!(started.elapsed() < Duration::from_secs(90), "nothing is answered");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_or_is_killed_keeps_what_it_has_committed_and_the_open_store_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::start(folder.path(), port);
    let store = open(port, 2).await;
    stopped(&server, &store).await;

    let acknowledged = Arc::new(Acknowledged::default());
    let start = |writer| tokio::spawn(insert_until_an_error(store.clone(), writer, acknowledged.clone()));
    let inserting: Vec<_> = (0..2).map(start).collect();
    for writer in 0..2 {
        store.users.insert(&context(), &user(100 + writer)).await.unwrap();
    }
    let start = |writer| tokio::spawn(change_until_an_error(store.clone(), writer, acknowledged.clone()));
    let changing: Vec<_> = (0..2).map(start).collect();
    acknowledged.until_there_are_some().await;
    server.kill();
    let (mut inserted, mut changed) = (BTreeSet::new(), Vec::new());
    for running in inserting {
        inserted.extend(running.await.unwrap());
    }
    for running in changing {
        changed.push(running.await.unwrap());
    }

    let _server = Server::start(folder.path(), port);
    until_it_answers(&store).await;
    // A `PutItem` is committed before it is answered.
    for acknowledged in changed {
        let found = store.users.find(&context(), acknowledged.id).await.unwrap().unwrap();
        assert!(found.version >= acknowledged.version, "{acknowledged:?} was lost: {found:?}");
    }
    // A transaction is not: DynamoDB Local 3.3 queues the COMMIT and answers without waiting for it. Whatever it answers
    // next has waited behind that in the same queue, so what a kill can take is one transaction.
    let there: BTreeSet<_> = all(&store).await.into_iter().map(|user| user.id.to_string()).collect();
    let lost: Vec<_> = inserted.difference(&there).collect();
    assert!(lost.len() <= 1, "{lost:?} of {} acknowledged", inserted.len());
    // And as a whole: no user without a claim, and no claim without a user.
    assert_eq!(claimants(port).await, there);
    assert_eq!(store.store.pool().in_use, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_whole_and_the_books_balance_after_a_kill_in_the_middle_of_placing() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::start(folder.path(), port);
    let store = open(port, 5).await;
    let customers: Vec<_> = (0..4).map(user).collect();
    let products: Vec<_> = (0..3).map(|number| product(number, 1_000)).collect();
    for user in &customers {
        store.users.insert(&context(), user).await.unwrap();
    }
    for product in &products {
        store.products.insert(&context(), product).await.unwrap();
    }
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let place = |number: u64| {
        let (store, acknowledged) = (store.clone(), acknowledged.clone());
        let customer = &customers[usize::try_from(number % 4).unwrap()];
        // In opposite line orders.
        let mut lines = vec![(&products[0], 1), (&products[1], 2), (&products[2], 3)];
        lines.rotate_left(usize::try_from(number % 3).unwrap());
        let order = order(number, customer, &lines);
        tokio::spawn(async move {
            let outcome = store.orders.place(&context(), &order).await;
            let is_placed = outcome.is_ok();
            acknowledged.fetch_add(usize::from(is_placed), Ordering::SeqCst);
            let is_fault = matches!(
                outcome,
                Ok(()) | Err(StoreError::Unavailable(_) | StoreError::TimedOut | StoreError::Overloaded)
            );
            assert!(is_fault, "{outcome:?}");
            (order, is_placed)
        })
    };
    let running: Vec<_> = (0..100).map(place).collect();
    while acknowledged.load(Ordering::SeqCst) < 10 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.kill();
    let mut ends = Vec::new();
    for running in running {
        ends.push(running.await.unwrap());
    }
    assert!(ends.iter().any(|(_, is_placed)| !is_placed), "too slow to tell anything");

    let _server = Server::start(folder.path(), port);
    until_it_answers(&store).await;
    let (mut lost, mut live) = (0, 0);
    for (order, is_placed) in &ends {
        // Whole, wherever one looks for it, or absent, wherever one does.
        let found = store.orders.find(&context(), order.id).await.unwrap();
        let key = order.idempotency_key.as_deref().unwrap();
        assert_eq!(store.orders.find_by_key(&context(), order.customer.id, key).await.unwrap(), found);
        assert!(found.as_ref().is_none_or(|found| found == order), "{found:?} instead of {order:?}");
        live += i64::from(found.is_some());
        lost += i64::from(*is_placed && found.is_none());
    }
    // As of users: DynamoDB Local answers before it has committed, and a kill can take the last one, as a whole.
    assert!(lost <= 1, "{lost} of {} acknowledged", acknowledged.load(Ordering::SeqCst));
    for (product, quantity) in products.iter().zip(1..) {
        assert_eq!(stock(&store, product).await, product.stock - quantity * live);
    }
    let mut listed = 0;
    for customer in &customers {
        listed += i64::try_from(orders_of(&store, customer).await.len()).unwrap();
    }
    assert_eq!(listed, live);
    // What was not placed can be placed now, with the same key.
    for (order, _) in ends {
        match store.orders.place(&context(), &order).await {
            Ok(()) => live += 1,
            Err(StoreError::KeyTaken) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((live, stock(&store, &products[0]).await), (100, 900));
    assert_eq!(store.store.pool().in_use, 0);
}

/// The ids of those whose insertion was acknowledged.
async fn insert_until_an_error(store: Repositories, writer: u64, count: Arc<Acknowledged>) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    for step in 0.. {
        let user = user(1_000 + writer * 1_000_000 + step);
        match store.users.insert(&context(), &user).await {
            Ok(()) => {
                acknowledged.insert(user.id.to_string());
                count.insertions.fetch_add(1, Ordering::SeqCst);
            }
            Err(StoreError::Unavailable(_) | StoreError::TimedOut) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    acknowledged
}

/// The user as last acknowledged.
async fn change_until_an_error(store: Repositories, writer: u64, count: Arc<Acknowledged>) -> User {
    let mut acknowledged = user(100 + writer);
    loop {
        let version = acknowledged.version;
        let next = User { name: format!("Change {version}"), version: version + 1, ..acknowledged.clone() };
        match store.users.update(&context(), &next, version).await {
            Ok(()) => {
                acknowledged = next;
                count.changes.fetch_add(1, Ordering::SeqCst);
            }
            Err(StoreError::Unavailable(_) | StoreError::TimedOut) => return acknowledged,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// The users who have claimed an address, by id: what the store itself never lists.
async fn claimants(port: u16) -> BTreeSet<String> {
    let mut pages = inside::client(&format!("127.0.0.1:{port}")).scan().table_name(TABLE).consistent_read(true);
    pages =
        pages.filter_expression("sk = :claim").expression_attribute_values(":claim", AttributeValue::S("EMAIL".into()));
    let claims = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    claims.iter().map(|claim| claim["user_id"].as_s().unwrap().clone()).collect()
}

/// The process is there and does nothing: connections are accepted by the system, and no answer comes.
async fn stopped(server: &Server, store: &Repositories) {
    store.users.insert(&context(), &user(1)).await.unwrap();
    server.signal("-STOP");
    let started = Instant::now();
    let call = |number: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            match number % 2 {
                0 => store.users.find(&context(), user(1).id).await.map(drop),
                _ => store.users.insert(&context(), &user(number)).await,
            }
        })
    };
    for running in (2..14).map(call).collect::<Vec<_>>() {
        let ended = running.await.unwrap();
        assert!(matches!(ended, Err(StoreError::TimedOut | StoreError::Overloaded)), "{ended:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    server.signal("-CONT");
    until_it_answers(store).await;
    assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    let pool = store.store.pool();
    assert_eq!((pool.in_use, pool.waiting), (0, 0));
}
