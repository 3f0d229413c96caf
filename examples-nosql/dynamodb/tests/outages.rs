//! A server that stops, and one that is killed: a process of the test's own, with its data in a folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod inside;

use aws_sdk_dynamodb::types::AttributeValue;
use inside::{all, context, user, within};
use shared::domain::User;
use shared::repository::{Repositories, StoreError};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
async fn open(url: &str) -> Repositories {
    let started = Instant::now();
    loop {
        match store_dynamodb::open(url, within(2, 4)).await {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_or_is_killed_keeps_what_it_has_committed_and_the_open_store_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::start(folder.path(), port);
    let store = open(&format!("dynamodb://local/{TABLE}?endpoint=http://127.0.0.1:{port}")).await;
    stopped(&server, &store).await;

    let inserting: Vec<_> = (0..2).map(|writer| tokio::spawn(insert_until_an_error(store.clone(), writer))).collect();
    for writer in 0..2 {
        store.users.insert(&context(), &user(100 + writer)).await.unwrap();
    }
    let changing: Vec<_> = (0..2).map(|writer| tokio::spawn(change_until_an_error(store.clone(), writer))).collect();
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    let (mut inserted, mut changed) = (BTreeSet::new(), Vec::new());
    for running in inserting {
        inserted.extend(running.await.unwrap());
    }
    for running in changing {
        changed.push(running.await.unwrap());
    }
    assert!(!inserted.is_empty() && changed.iter().any(|user| user.version > 1), "too slow to tell anything");

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

/// The ids of those whose insertion was acknowledged.
async fn insert_until_an_error(store: Repositories, writer: u64) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    for step in 0.. {
        let user = user(1_000 + writer * 1_000_000 + step);
        match store.users.insert(&context(), &user).await {
            Ok(()) => drop(acknowledged.insert(user.id.to_string())),
            Err(StoreError::Unavailable(_) | StoreError::TimedOut) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    acknowledged
}

/// The user as last acknowledged.
async fn change_until_an_error(store: Repositories, writer: u64) -> User {
    let mut acknowledged = user(100 + writer);
    loop {
        let version = acknowledged.version;
        let next = User { name: format!("Change {version}"), version: version + 1, ..acknowledged.clone() };
        match store.users.update(&context(), &next, version).await {
            Ok(()) => acknowledged = next,
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
