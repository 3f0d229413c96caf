//! What must hold when a database hangs, is killed, is cut off or is away: on real servers and real databases, each of
//! the test's own, for every store whose database is a server. The frameworks take turns.
//!
//! The names say which: `databases::mongodb::what_was_acknowledged_survives_kill_9`. A database is shared by the tests of
//! its stores, which take turns, so that no fault meets another test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use clap::ValueEnum;
use contract::request::Request;
use futures_util::future::{BoxFuture, join_all};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use server::{Database, Framework, Store};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use support::clients::{Clients, LIMIT, emails, is_told_to_come_back};
use support::database::{OwnDatabase, own_name};
use support::observed::{connections_to, in_use, status};
use support::proxy::Proxy;
use support::requests::{new_user, send, sign_in, value};
use support::service::{Service, free_port};
use support::shop::{Shop, units};
use support::{Process, Start, server_stores};
use tokio::runtime::Runtime;
use tokio::time::sleep;

/// As small as it may be, so that a pool that is exhausted is met at once.
const POOL_SIZE: usize = 2;

/// What a store may have beside its pool: two connections that watch a MongoDB server, twice where there is a second
/// client; one that is being closed, one that is being made.
const BESIDE_THE_POOL: usize = 6;

/// A database and a store of it on a framework, for one test.
struct Stage<'a> {
    service: &'a Service,
    framework: Framework,
    store: Store,
}

type Case = for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, ()>;

const CASES: [(&str, Case); 6] = [
    ("what_was_acknowledged_survives_kill_9", |stage| Box::pin(killed(stage))),
    ("orders_are_whole_after_kill_9_and_the_books_balance", |stage| Box::pin(killed_while_placing(stage))),
    ("one_that_hangs_is_told_in_time_and_piles_nothing_up", |stage| Box::pin(hangs(stage))),
    ("connections_that_are_cut_lose_and_double_nothing", |stage| Box::pin(cut(stage))),
    ("one_that_is_away_at_start_is_told_in_one_line", |stage| Box::pin(away(stage))),
    ("a_wrong_password_is_refused_and_never_shown", |stage| Box::pin(refused(stage))),
];

/// Started by the first test that needs it.
type OnDemand = Arc<Mutex<Option<Service>>>;

fn main() {
    let arguments = Arguments::from_args();
    let runtime = Arc::new(Runtime::new().unwrap());
    let mut services: HashMap<Database, OnDemand> = HashMap::new();
    let mut trials = Vec::new();
    // Store by store within a case: neighbours have different databases, most often, and run at the same time.
    for (turn, (case, run)) in CASES.into_iter().enumerate() {
        for (number, store) in server_stores().into_iter().enumerate() {
            // DynamoDB's passwords are in no URL, and DynamoDB Local looks at none.
            if case.starts_with("a_wrong_password") && store.database() == Database::Dynamodb {
                continue;
            }
            let frameworks = Framework::value_variants();
            let framework = frameworks[(turn + number) % frameworks.len()];
            let service = services.entry(store.database()).or_default().clone();
            let runtime = runtime.clone();
            let name = format!("databases::{}::{case}", store.to_string().replace('-', "_"));
            trials.push(Trial::test(name, move || {
                let before = service.lock();
                // The test before may have failed while the database was away.
                let may_be_away = before.is_err();
                let mut service = before.unwrap_or_else(PoisonError::into_inner);
                let service = service.get_or_insert_with(|| Service::start(store.database()));
                if may_be_away {
                    service.up();
                }
                runtime.block_on(run(&Stage { service, framework, store }));
                Ok(())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Servers end before the process does, also after a failure.
    drop(services);
    conclusion.exit();
}

impl Stage<'_> {
    /// A server with a database of its own, which gives up after a second.
    fn server(&self) -> Start {
        self.server_at(self.service.url(&own_name()))
    }

    fn server_at(&self, url: String) -> Start {
        let start = Start::on(self.framework, OwnDatabase::at(self.store, url));
        start.argument("--store-timeout-ms").argument("1000")
    }

    /// The same database by way of another port.
    fn url_by_way_of(&self, port: u16) -> String {
        let url = self.service.url(&own_name());
        let url = url.replace(&format!("127.0.0.1:{}", self.service.port()), &format!("127.0.0.1:{port}"));
        // Otherwise the driver asks for the members' own addresses, and goes around.
        url.replace("replicaSet=rs0", "directConnection=true")
    }

    /// A URL with somebody's password, and what it names.
    fn url_with(&self, password: &str, port: u16) -> String {
        let url = self.service.url(&own_name()).replace("stackdiff@", "");
        let address = format!("127.0.0.1:{port}");
        let url = url.replace(&format!("127.0.0.1:{}", self.service.port()), &address);
        match self.store.database() {
            Database::Dynamodb => url,
            _ => url.replace(&address, &format!("somebody:{password}@{address}")),
        }
    }
}

/// Clients register users while the database is killed and started again.
async fn killed(stage: &Stage<'_>) {
    let start = stage.server();
    let process = start.run().unwrap();
    let token = sign_in(&process, &start.credentials).await;
    let clients = Clients::start(&process.url, 16);
    clients.until(|clients| clients.acknowledged() >= 30).await;
    stage.service.kill();
    let refused = clients.refused();
    clients.until(|clients| clients.refused() >= refused + 32).await;
    let ready = send(&process, Request::new("GET", "/health/ready")).await;
    assert!(ready.status == 503 && is_told_to_come_back(&ready), "{ready}");
    let alive = send(&process, Request::new("GET", "/health/live")).await;
    assert_eq!(alive.status, 200, "{alive}");

    stage.service.up();
    let (acknowledged, up) = (clients.acknowledged(), Instant::now());
    clients.until(|clients| clients.acknowledged() > acknowledged).await;
    assert!(up.elapsed() < Duration::from_secs(15), "{:?}", up.elapsed());
    let users = clients.end().await;

    // DynamoDB Local answers a transaction before it is committed, and loses the last one: see the crate's `lib.rs`.
    let may_be_lost = usize::from(stage.store.database() == Database::Dynamodb);
    let there = emails(&process, &token).await;
    let lost: Vec<_> = users.iter().filter(|user| !there.contains(&user.email)).collect();
    assert!(lost.len() <= may_be_lost, "{} of {} are lost: {lost:?}", lost.len(), users.len());
    for user in users.iter().filter(|user| there.contains(&user.email)) {
        let found = send(&process, Request::new("GET", &user.path).bearer(&token)).await;
        assert_eq!(found.status, 200, "{found}");
    }
}

/// The database is killed in the middle of 100 placements and started again. Whoever was not answered asks once more, with
/// the same key.
async fn killed_while_placing(stage: &Stage<'_>) {
    const STOCK: u64 = 1_000;
    let start = stage.server();
    let process = start.run().unwrap();
    let shop = Shop::of(&[&process], &start.credentials).await;
    let (one, other) = (shop.product(100, STOCK).await, shop.product(200, STOCK).await);
    let (answered, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Ten at a time, so that some are in the middle of it whenever it comes.
    let client = async || {
        let mut placed = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= 100 {
                return placed;
            }
            let answer = shop.order(&[(&one, 2), (&other, 1)], Some(&number.to_string())).await;
            answered.fetch_add(1, Ordering::SeqCst);
            match answer.status {
                201 => placed.push(value(&answer)),
                _ => assert!(is_told_to_come_back(&answer), "{answer}"),
            }
        }
    };
    let killing = async {
        while answered.load(Ordering::SeqCst) < 30 {
            sleep(Duration::from_millis(1)).await;
        }
        stage.service.kill();
    };
    let (placed, ()) = tokio::join!(join_all((0..10).map(|_| client())), killing);
    let placed: Vec<Value> = placed.into_iter().flatten().collect();
    assert!((20..100).contains(&placed.len()), "{} were placed before it was killed", placed.len());

    stage.service.up();
    let up = Instant::now();
    while send(&process, Request::new("GET", "/health/ready")).await.status != 200 {
        assert!(up.elapsed() < Duration::from_secs(15), "it does not recover");
        sleep(Duration::from_millis(50)).await;
    }
    let orders = shop.orders().await;
    // DynamoDB Local answers a transaction before it is committed, and loses the last one: see the crate's `lib.rs`.
    let may_be_lost = usize::from(stage.store.database() == Database::Dynamodb);
    let lost: Vec<&Value> = placed.iter().filter(|order| !orders.contains(order)).collect();
    assert!(lost.len() <= may_be_lost, "{} of {} are lost: {lost:?}", lost.len(), placed.len());
    for order in &orders {
        assert_eq!((order["lines"].as_array().unwrap().len(), &order["total_cents"]), (2, &json!(400)), "{order}");
    }
    for product in [&one, &other] {
        assert_eq!(shop.stock(product).await + units(&orders, product), STOCK, "the books do not balance");
    }

    for number in 0..100 {
        let answer = shop.order(&[(&one, 2), (&other, 1)], Some(&number.to_string())).await;
        assert_eq!(answer.status, 201, "{answer}");
    }
    let orders = shop.orders().await;
    assert_eq!(orders.len(), 100);
    assert_eq!((shop.stock(&one).await, shop.stock(&other).await), (STOCK - 200, STOCK - 100));
}

/// The database keeps its connections and answers nothing, with many more requests than connections.
async fn hangs(stage: &Stage<'_>) {
    let start = stage.server().argument("--pool-size").argument(&POOL_SIZE.to_string());
    let process = start.run().unwrap();
    let token = sign_in(&process, &start.credentials).await;
    let list = || Request::new("GET", "/api/users?limit=2").bearer(&token);
    for answer in join_all((0..20).map(|_| send(&process, list()))).await {
        assert_eq!(answer.status, 200, "{answer}");
    }
    let (threads, memory) = (status(&process, "Threads"), status(&process, "VmRSS"));

    let suspended = stage.service.suspend();
    let asked = join_all((0..200).map(|number| {
        // Each goes to the database: a look-up by address comes before the password.
        let body = json!({"email": format!("u{number}@example.com"), "password": "correct horse"});
        in_time(&process, if number % 2 == 0 { list() } else { Request::new("POST", "/api/auth/login").json(&body) })
    }));
    let watched = async {
        let (mut connections, mut most) = (0, 0);
        for _ in 0..15 {
            sleep(Duration::from_millis(100)).await;
            connections = connections.max(connections_to(&process, stage.service.port()));
            most = most.max(status(&process, "Threads"));
            let hello = in_time(&process, Request::new("GET", "/api/hello")).await;
            assert_eq!(hello.status, 200, "{hello}");
        }
        (connections, most)
    };
    let (answers, (connections, most)) = tokio::join!(asked, watched);
    for answer in answers {
        assert!(answer.status == 503 && is_told_to_come_back(&answer), "{answer}");
    }
    // Now that it is known to hang.
    for (path, expected) in [("/health/ready", 503), ("/health/live", 200), ("/api/hello", 200)] {
        let answer = in_time(&process, Request::new("GET", path)).await;
        assert_eq!(answer.status, expected, "{answer}");
    }
    assert!((1..=POOL_SIZE + BESIDE_THE_POOL).contains(&connections), "{connections} connections");
    assert!(most <= threads + 4, "{most} threads, {threads} before");
    let grown = status(&process, "VmRSS").saturating_sub(memory);
    assert!(grown < 64 * 1_024, "{grown} kB more");

    drop(suspended);
    let resumed = Instant::now();
    while send(&process, list()).await.status != 200 {
        assert!(resumed.elapsed() < Duration::from_secs(10), "it does not recover");
    }
    for answer in join_all((0..20).map(|_| send(&process, list()))).await {
        assert_eq!(answer.status, 200, "{answer}");
    }
    assert_eq!(send(&process, new_user(1)).await.status, 201);
    while in_use(&process).await > 0 {
        assert!(resumed.elapsed() < Duration::from_secs(15), "connections are in use for ever");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Sends a request that must be answered within the store's limit, with time for a busy machine.
async fn in_time(process: &Process, request: Request) -> contract::answer::Answer {
    let begun = Instant::now();
    let answer = send(process, request).await;
    assert!(begun.elapsed() < LIMIT, "{answer} took {:?}", begun.elapsed());
    answer
}

/// All connections end again and again, while clients register users.
async fn cut(stage: &Stage<'_>) {
    let proxy = Proxy::to(stage.service.port()).await;
    let start = stage.server_at(stage.url_by_way_of(proxy.port));
    let process = start.run().unwrap();
    let token = sign_in(&process, &start.credentials).await;
    let clients = Clients::start(&process.url, 16);
    clients.until(|clients| clients.acknowledged() >= 10).await;
    for round in 0..60 {
        sleep(Duration::from_millis(10 + round * 7 % 50)).await;
        proxy.is_busy().await;
        proxy.cut();
    }
    let (acknowledged, over) = (clients.acknowledged(), Instant::now());
    clients.until(|clients| clients.acknowledged() >= acknowledged + 10).await;
    assert!(over.elapsed() < Duration::from_secs(10), "{:?}", over.elapsed());
    let users = clients.end().await;

    let there = emails(&process, &token).await;
    let lost: Vec<_> = users.iter().filter(|user| !there.contains(&user.email)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), users.len());
    for answer in join_all((0..20).map(|_| send(&process, Request::new("GET", &users[0].path).bearer(&token)))).await {
        assert_eq!(answer.status, 200, "{answer}");
    }
}

/// Nobody listens where the URL says.
async fn away(stage: &Stage<'_>) {
    let (port, password) = (free_port(), support::credentials().jwt_secret);
    let start = stage.server_at(stage.url_with(&password, port)).argument("--log").argument("trace");
    let said = refusal(&start, &password);
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    assert!(said.contains(&format!("`infra/services up {}`", stage.service.name())), "{said}");
}

/// The database is there, and does not let this user in.
async fn refused(stage: &Stage<'_>) {
    let (port, password) = (stage.service.port(), support::credentials().jwt_secret);
    let start = stage.server_at(stage.url_with(&password, port)).argument("--log").argument("trace");
    let said = refusal(&start, &password);
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
}

/// What a server says that does not start. The password is not in it, nor in the log.
fn refusal(start: &Start, password: &str) -> String {
    let output = start.command().env("AWS_ACCESS_KEY_ID", "somebody").env("AWS_SECRET_ACCESS_KEY", password).output();
    let output = output.unwrap();
    let (log, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.trim().lines().count() == 1, "{said}");
    assert!(!said.contains(password), "{said}");
    assert!(!log.contains(password), "the log has the password: {log}");
    said.into_owned()
}
