//! Servers that hang, end, are cut off, or are not what they should be.
//!
//! Longer than 400 lines because each outage is played in full.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fixtures;
mod servers;

use fixtures::{admin, balances, context, given, order, orders_of, product, somebody, with_key};
use servers::{Mongod, Proxy};
use shared::domain::{Order, OrderStatus, Product, Role, User};
use shared::repository::{Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::database_url;
use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(2);

/// What a call may take longer than its limit on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

const OPTIONS: StoreOptions = StoreOptions { connections: 4, timeout: TIMEOUT };

async fn everybody(store: &Repositories) -> Vec<User> {
    let query = UserQuery { role: None, after: None, limit: 100_000 };
    store.users.list(&context(), &query).await.unwrap()
}

/// Waits until the store answers again, and nothing is under way.
async fn recovers(store: &Repositories, within: Duration) {
    let started = Instant::now();
    while let Err(error) = store.store.ping(&context()).await {
        assert!(started.elapsed() < within, "not recovered: {error:?}");
    }
    while store.store.pool().in_use > 0 {
        assert!(started.elapsed() < within + SLACK, "{:?}", store.store.pool());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pool = store.store.pool();
    assert!(pool.waiting == 0 && pool.size <= OPTIONS.connections, "{pool:?}");
}

/// One of several kinds of calls, with its user's own number.
async fn any_call(store: &Repositories, number: u64) -> Result<(), StoreError> {
    match number % 3 {
        0 => store.users.insert(&context(), &somebody(1_000 + number)).await,
        1 => {
            let found = store.users.find(&context(), somebody(0).id).await?;
            assert_eq!(found, Some(somebody(0)), "the answer is the one asked for");
            Ok(())
        }
        // Numbers 2, 5 and 8; each is tried several times, and can be gone.
        _ => match store.users.delete(&context(), admin(number % 9).id, 1).await {
            Err(StoreError::VersionConflict | StoreError::LastAdmin) => Ok(()),
            outcome => outcome,
        },
    }
}

async fn with_some_users(store: &Repositories) {
    store.users.insert(&context(), &somebody(0)).await.unwrap();
    for number in [2, 5, 8] {
        store.users.insert(&context(), &admin(number)).await.unwrap();
    }
}

fn is_a_fault(outcome: &Result<(), StoreError>) -> bool {
    matches!(outcome, Err(StoreError::TimedOut | StoreError::Overloaded | StoreError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_server_that_hangs_end_in_time_and_it_is_used_again() {
    let server = Mongod::start_replica_set().await;
    let store = store_mongodb::open(&server.url("?replicaSet=rs0"), OPTIONS).await.unwrap();
    with_some_users(&store).await;
    // A hang that the driver's monitor does not notice, and one that it does.
    for hang in [Duration::from_millis(700), Duration::from_secs(6)] {
        server.signal("STOP");
        let ended_by = Instant::now() + hang;
        let call = |number| {
            let store = store.clone();
            tokio::spawn(async move {
                let started = Instant::now();
                let outcome = any_call(&store, number).await;
                assert!(started.elapsed() < TIMEOUT + SLACK, "{outcome:?} after {:?}", started.elapsed());
                outcome
            })
        };
        let calls: Vec<_> = (0..60).map(call).collect();
        // Some are given up by their callers.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (given_up, calls): (Vec<_>, Vec<_>) = calls.into_iter().enumerate().partition(|(index, _)| index % 3 == 1);
        given_up.iter().for_each(|(_, call)| call.abort());
        if hang > TIMEOUT {
            for (_, call) in calls {
                let outcome = call.await.unwrap();
                assert!(is_a_fault(&outcome), "{outcome:?}");
            }
        }
        tokio::time::sleep_until(ended_by.into()).await;
        server.signal("CONT");
        recovers(&store, Duration::from_secs(5)).await;
    }
    assert!(everybody(&store).await.iter().any(|user| user.role == Role::Admin));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_the_store_recovers() {
    let mut server = Mongod::start_replica_set().await;
    let store = store_mongodb::open(&server.url("?replicaSet=rs0"), OPTIONS).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let write = |writer: u64| {
        let (store, stop) = (store.clone(), stop.clone());
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            let mut number = writer * 100_000;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                match store.users.insert(&context(), &somebody(number)).await {
                    Ok(()) => acknowledged.push(somebody(number)),
                    outcome => assert!(is_a_fault(&outcome), "{outcome:?}"),
                }
            }
            acknowledged
        })
    };
    let writers: Vec<_> = (0..3).map(write).collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.kill_and_start_again();
        let started = Instant::now();
        while let Err(error) = store.store.ping(&context()).await {
            assert!(started.elapsed() < Duration::from_secs(60), "not recovered: {error:?}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    recovers(&store, Duration::from_secs(5)).await;
    let there: HashSet<_> = everybody(&store).await.into_iter().map(|user| user.id).collect();
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    for user in acknowledged {
        assert!(there.contains(&user.id), "{user:?} is lost");
    }
}

/// Each order is there as a whole, or not at all, and was placed if that was told; the books balance.
async fn placements_are_whole(
    store: &Repositories,
    customer: &User,
    products: &[&Product],
    placements: &[(Order, Option<Result<(), StoreError>>)],
) {
    let there = orders_of(store, customer).await;
    for (order, outcome) in placements {
        match (outcome, there.iter().find(|found| found.id == order.id)) {
            (Some(Ok(())), None) => panic!("{:?} is lost", order.id),
            (_, found) => assert!(found.is_none_or(|found| found == order), "{found:?} instead of {order:?}"),
        }
    }
    balances(store, customer, products).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_100_placements_through_a_kill_9_each_is_whole_or_absent() {
    let mut server = Mongod::start_replica_set().await;
    let store = store_mongodb::open(&server.url("?replicaSet=rs0"), OPTIONS).await.unwrap();
    let (customer, products) = (somebody(1), ["A", "B", "C"].map(|sku| product(sku, 10_000)));
    let products = products.each_ref();
    given(&store, &customer, &products).await;
    let placed = Arc::new(AtomicUsize::new(0));
    let placing = |writer: usize| {
        let (store, customer, placed) = (store.clone(), customer.clone(), placed.clone());
        let products = products.map(Product::clone);
        tokio::spawn(async move {
            let mut placements = Vec::new();
            for number in 0..25 {
                // Two of the three products, in either order.
                let lines = [(&products[writer % 3], 2), (&products[(writer + 1 + number % 2) % 3], 1)];
                let order = with_key(&format!("{writer}-{number}"), order(&customer, &lines));
                let outcome = store.orders.place(&context(), &order).await;
                assert!(outcome.is_ok() || is_a_fault(&outcome), "{outcome:?}");
                placed.fetch_add(usize::from(outcome.is_ok()), Ordering::SeqCst);
                placements.push((order, Some(outcome)));
            }
            placements
        })
    };
    let writers: Vec<_> = (0..4).map(placing).collect();
    let started = Instant::now();
    while placed.load(Ordering::SeqCst) < 20 {
        assert!(started.elapsed() < Duration::from_secs(30), "nothing is placed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.kill_and_start_again();
    let mut placements = Vec::new();
    for writer in writers {
        placements.extend(writer.await.unwrap());
    }
    let started = Instant::now();
    while let Err(error) = store.store.ping(&context()).await {
        assert!(started.elapsed() < Duration::from_secs(60), "not recovered: {error:?}");
    }
    recovers(&store, Duration::from_secs(5)).await;
    let placed = placements.iter().filter(|(_, outcome)| matches!(outcome, Some(Ok(())))).count();
    println!("{placed} of {} were told to be placed", placements.len());
    // All of them, if the server was back before any had waited too long.
    assert!(placed >= 20, "{placed}");
    placements_are_whole(&store, &customer, &products, &placements).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placing_that_is_given_up_happens_as_a_whole_or_not_at_all() {
    let server = Mongod::start_replica_set().await;
    let store = store_mongodb::open(&server.url("?replicaSet=rs0"), OPTIONS).await.unwrap();
    let (customer, products) = (somebody(1), ["A", "B"].map(|sku| product(sku, 10_000)));
    let products = products.each_ref();
    given(&store, &customer, &products).await;
    let mut placements = Vec::new();
    for number in 0..150_u64 {
        let order = order(&customer, &[(products[0], 1), (products[1], 2)]);
        let (placing, placed) = (store.clone(), order.clone());
        let call = tokio::spawn(async move { placing.orders.place(&context(), &placed).await });
        tokio::time::sleep(Duration::from_micros(number * 7_919 % 12_000)).await;
        call.abort();
        placements.push((order, call.await.ok()));
    }
    recovers(&store, Duration::from_secs(5)).await;
    placements_are_whole(&store, &customer, &products, &placements).await;
    let placed = orders_of(&store, &customer).await.len();
    println!("{placed} of 150 were placed");
    assert!(placed > 0);
    // Nothing is held by a transaction that nobody ends.
    let started = Instant::now();
    let last = order(&customer, &[(products[0], 1), (products[1], 1)]);
    store.orders.place(&context(), &last).await.unwrap();
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    let cancelled = Order { status: OrderStatus::Cancelled, version: 2, ..last.clone() };
    store.orders.update(&context(), &last, &cancelled).await.unwrap();
    balances(&store, &customer, &products).await;
}

/// A database of a test's own on the common server, through a proxy.
async fn through_a_proxy() -> (Proxy, String) {
    let url = database_url("MONGODB_URL", store_mongodb::development_url);
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let server = url.split("//").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let proxy = Proxy::to(server).await;
    // Otherwise the driver asks for the members' own addresses, and goes around the proxy.
    let url = format!("mongodb://{}/{name}?directConnection=true", proxy.address);
    (proxy, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_lose_and_double_nothing() {
    let (proxy, url) = through_a_proxy().await;
    let store = store_mongodb::open(&url, OPTIONS).await.unwrap();
    let mut users = Vec::new();
    for round in 0..8 {
        let insert = |number: u64| {
            let (store, user) = (store.clone(), somebody(round * 10 + number));
            tokio::spawn(async move {
                let outcome = store.users.insert(&context(), &user).await;
                if let Err(error) = outcome {
                    assert!(is_a_fault(&Err(error)), "a first insert is never told that its address is taken");
                    // The second time it may be: the first may have been written after all.
                    let again = store.users.insert(&context(), &user).await;
                    assert!(matches!(again, Ok(()) | Err(StoreError::EmailTaken)), "{again:?}");
                }
                user
            })
        };
        let inserts: Vec<_> = (0..4).map(insert).collect();
        tokio::time::sleep(Duration::from_millis(round)).await;
        proxy.cut();
        for insert in inserts {
            users.push(insert.await.unwrap());
        }
    }
    users.sort_by_key(|user| user.id);
    assert_eq!(everybody(&store).await, users);
    recovers(&store, Duration::from_secs(5)).await;
    store_mongodb::remove(&url, OPTIONS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_whose_answer_was_lost_is_done_once_and_told_so() {
    let (proxy, url) = through_a_proxy().await;
    let store = store_mongodb::open(&url, OPTIONS).await.unwrap();
    for number in 0..3 {
        proxy.lose_an_answer();
        store.users.insert(&context(), &somebody(number)).await.unwrap();
        assert!(proxy.has_lost_it());
    }
    assert_eq!(everybody(&store).await, (0..3).map(somebody).collect::<Vec<_>>());
    store_mongodb::remove(&url, OPTIONS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_are_taken_away_once_though_connections_are_cut() {
    let (proxy, url) = through_a_proxy().await;
    let store = store_mongodb::open(&url, OPTIONS).await.unwrap();
    for number in 0..12 {
        store.users.insert(&context(), &admin(number)).await.unwrap();
    }
    for number in 0..12 {
        let deleting = store.clone();
        let delete = tokio::spawn(async move { deleting.users.delete(&context(), admin(number).id, 1).await });
        tokio::time::sleep(Duration::from_millis(number * 2)).await;
        proxy.cut();
        match delete.await.unwrap() {
            Ok(()) => assert!(number < 11, "the last one is left"),
            Err(StoreError::LastAdmin) => assert_eq!(number, 11),
            Err(StoreError::VersionConflict) => panic!("nobody else has changed it"),
            fault => {
                assert!(is_a_fault(&fault), "{fault:?}");
                let again = store.users.delete(&context(), admin(number).id, 1).await;
                assert!(
                    matches!(again, Ok(()) | Err(StoreError::VersionConflict | StoreError::LastAdmin)),
                    "{again:?}"
                );
            }
        }
    }
    assert_eq!(everybody(&store).await, [admin(11)]);
    store_mongodb::remove(&url, OPTIONS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_free_connection_a_call_waits_so_long_and_is_told() {
    let (proxy, url) = through_a_proxy().await;
    let options = StoreOptions { connections: 1, timeout: Duration::from_secs(1) };
    let store = store_mongodb::open(&url, options).await.unwrap();
    store.users.insert(&context(), &somebody(0)).await.unwrap();
    proxy.hold(true);
    let watch = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        store.store.pool()
    };
    let started = Instant::now();
    let (one, other) = (context(), context());
    let (first, second, pool) =
        tokio::join!(store.users.find(&one, somebody(0).id), store.users.find(&other, somebody(0).id), watch);
    assert!(matches!(first, Err(StoreError::TimedOut)), "{first:?}");
    assert!(matches!(second, Err(StoreError::Overloaded)), "{second:?}");
    assert!(started.elapsed() < Duration::from_secs(1) + SLACK);
    assert_eq!((pool.size, pool.in_use, pool.waiting), (1, 1, 1));
    proxy.hold(false);
    recovers(&store, Duration::from_secs(5)).await;
    assert_eq!(everybody(&store).await, [somebody(0)]);
    store_mongodb::remove(&url, OPTIONS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_given_up_anywhere_harm_no_others() {
    let url = database_url("MONGODB_URL", store_mongodb::development_url);
    let store = store_mongodb::open(&url, OPTIONS).await.unwrap();
    with_some_users(&store).await;
    for number in 0..400_u64 {
        let called = store.clone();
        let call = tokio::spawn(async move { any_call(&called, number).await });
        tokio::time::sleep(Duration::from_micros(number * 7_919 % 3_000)).await;
        call.abort();
        if number % 20 == 0 {
            assert_eq!(store.users.find(&context(), somebody(0).id).await.unwrap(), Some(somebody(0)));
        }
    }
    recovers(&store, Duration::from_secs(5)).await;
    let admins = everybody(&store).await.into_iter().filter(|user| user.role == Role::Admin).count();
    assert_eq!(admins, 1, "a transaction that was given up was ended, too");
    store_mongodb::remove(&url, OPTIONS).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_no_replica_set_is_refused_with_what_to_do() {
    let refusal = async |url: String| {
        let started = Instant::now();
        loop {
            let text = store_mongodb::open(&url, OPTIONS).await.err().unwrap().to_string();
            // Not up yet.
            if !text.contains("is MongoDB running there") || started.elapsed() > Duration::from_secs(30) {
                return text;
            }
        }
    };
    let [alone, uninitiated] = [Mongod::start(&[]), Mongod::start(&["--replSet", "rs0"])];
    for (server, options) in
        [(&alone, ""), (&alone, "?replicaSet=rs0"), (&uninitiated, ""), (&uninitiated, "?replicaSet=rs0")]
    {
        let text = refusal(server.url(options)).await;
        assert!(text.contains("it must be a replica set"), "{text}");
        assert!(text.contains("`--replSet rs0`, then run `rs.initiate()`"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_keeps_nothing_on_disk_is_refused_with_what_to_do() {
    let server = Mongod::start(&["--replSet", "rs0", "--storageEngine", "ephemeralForTest"]);
    server.initiate("").await;
    let refusal = store_mongodb::open(&server.url("?replicaSet=rs0"), OPTIONS).await.err().unwrap().to_string();
    assert!(refusal.contains("`--storageEngine wiredTiger`"), "{refusal}");
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_roots() {
    let folder = tempfile::tempdir().unwrap();
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=root -keyout ca.key -out ca.pem && \
        openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout s.key -out s.csr && \
        printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > s.ext && \
        openssl x509 -req -days 2 -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile s.ext -out s.pem && \
        cat s.key >> s.pem";
    let made = Command::new("sh").arg("-c").arg(script).current_dir(folder.path()).output().unwrap();
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    let [root, certificate] = ["ca.pem", "s.pem"].map(|name| folder.path().join(name).display().to_string());
    let tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", &certificate, "--tlsCAFile", &root];
    let server = Mongod::start(&[&tls[..], &["--replSet", "rs0", "--tlsAllowConnectionsWithoutCertificates"]].concat());
    server.initiate(&format!("&tls=true&tlsCAFile={root}")).await;

    let url = server.url(&format!("?replicaSet=rs0&tls=true&tlsCAFile={root}"));
    let store = store_mongodb::open(&url, OPTIONS).await.unwrap();
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(everybody(&store).await, [somebody(1)]);
    let unknown =
        store_mongodb::open(&server.url("?replicaSet=rs0&tls=true"), OPTIONS).await.err().unwrap().to_string();
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
    let other_name = format!("mongodb://localhost:{}/x?tls=true&tlsCAFile={root}", server.port());
    let other_name = store_mongodb::open(&other_name, OPTIONS).await.err().unwrap().to_string();
    assert!(other_name.contains("invalid peer certificate"), "{other_name}");
}
