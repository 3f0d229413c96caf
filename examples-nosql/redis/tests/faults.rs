//! What becomes of calls when Redis hangs, ends, or cannot be reached, and when their callers give up.
//!
//! Longer than 400 lines because each fault is played in full.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use shared::domain::{Order, OrderStatus, User};
use shared::repository::{Repositories, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{
    DURABLE, Proxy, Server, all, balance, context, is_unknown, moved, open, order, product, products, somebody, soon,
};

async fn is_idle(store: &Repositories) -> bool {
    let pool = store.store.pool();
    pool.in_use == 0 && pool.waiting == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_server_that_hangs_end_in_time_and_it_is_used_again_afterwards() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 2, 600).await;
    store.users.insert(&context(), &somebody(0)).await.unwrap();
    server.signal("-STOP");
    for _ in 0..2 {
        let started = Instant::now();
        let calls: Vec<_> = (0..200)
            .map(|number| {
                let users = store.users.clone();
                tokio::spawn(async move { users.find(&context(), somebody(number).id).await })
            })
            .collect();
        let mut ends = Vec::new();
        for call in calls {
            ends.push(call.await.unwrap().unwrap_err());
        }
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        // 64 calls a connection are under way, the others wait for a place.
        let count = |kind: fn(&StoreError) -> bool| ends.iter().filter(|end| kind(end)).count();
        assert_eq!(count(|end| matches!(end, StoreError::TimedOut)), 128, "{ends:?}");
        assert_eq!(count(|end| matches!(end, StoreError::Overloaded)), 72);
    }
    server.signal("-CONT");
    let started = Instant::now();
    soon("answers", || async { store.users.find(&context(), somebody(0).id).await.is_ok() }).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    soon("idle", || is_idle(&store)).await;
    let clients = || async {
        let info: redis::InfoDict = redis::cmd("INFO").query_async(&mut server.raw().await).await.unwrap();
        info.get::<usize>("connected_clients").unwrap() <= 3
    };
    soon("nothing has piled up at the server", clients).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_the_store_recovers() {
    let mut server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 4, 2_000).await;
    let next = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (users, next) = (store.users.clone(), next.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                loop {
                    let user = somebody(next.fetch_add(1, Ordering::Relaxed));
                    match users.insert(&context(), &user).await {
                        Ok(()) => acknowledged.push(user),
                        Err(_) => return acknowledged,
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    server.kill();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() > 16, "{}", acknowledged.len());
    let refused = store.users.find(&context(), somebody(0).id).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");

    server.start_again(&DURABLE).await;
    let started = Instant::now();
    soon("answers", || async { store.store.ping(&context()).await.is_ok() }).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let kept = all(&store).await;
    for user in &acknowledged {
        assert!(kept.contains(user), "{} was acknowledged", user.id);
        assert_eq!(store.users.find_by_email(&context(), &user.email_key()).await.unwrap().as_ref(), Some(user));
    }
    // Each user is its own hash and an entry in three other keys; beside them there is the mark of the layout.
    let mut raw = server.raw().await;
    let keys: usize = redis::cmd("DBSIZE").query_async(&mut raw).await.unwrap();
    let addresses: usize = redis::cmd("HLEN").arg("{stackdiff}:users:by-email").query_async(&mut raw).await.unwrap();
    assert_eq!((keys, addresses), (kept.len() + 4, kept.len()));
    store.users.insert(&context(), &somebody(1_000_000)).await.unwrap();
}

/// Four customers and six products, with a million of each.
async fn a_shop(store: &Repositories) -> Vec<User> {
    for number in 0..6 {
        store.products.insert(&context(), &product(number, 1_000_000)).await.unwrap();
    }
    for number in 0..4 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    (0..4).map(somebody).collect()
}

/// Order number so and so: of three products, in an order of lines that is another one for each.
fn some_order(number: u64) -> Order {
    let of = |step: u64| product((number * 5 + step * (1 + number % 2 * 4)) % 6, 0);
    order(number, &somebody(number % 4), &[(&of(0), 1), (&of(1), 12), (&of(2), 3)])
}

/// Places an order and, for some of them, pays it, ships it or gives it up; gives it as it was last acknowledged, and whether
/// something was asked for last that was not answered.
async fn a_life(store: &Repositories, number: u64) -> (Option<Order>, bool) {
    let mut order = some_order(number);
    let placed = store.orders.place(&context(), &order).await;
    if placed.is_err() {
        assert!(is_unknown(&placed), "{placed:?}");
        return (None, true);
    }
    let steps: &[OrderStatus] = match number % 4 {
        0 => &[],
        1 => &[OrderStatus::Paid, OrderStatus::Shipped],
        2 => &[OrderStatus::Paid, OrderStatus::Cancelled],
        _ => &[OrderStatus::Cancelled],
    };
    for step in steps {
        let after = moved(&order, *step);
        let updated = store.orders.update(&context(), &order, &after).await;
        if updated.is_err() {
            assert!(is_unknown(&updated), "{updated:?}");
            return (Some(order), true);
        }
        order = after;
    }
    (Some(order), false)
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_whole_and_the_books_balance_after_kill_9_in_the_middle_of_placing() {
    let mut server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 4, 2_000).await;
    let customers = a_shop(&store).await;
    let mut first = 0;
    for round in 0..3_u64 {
        let next = Arc::new(AtomicU64::new(first));
        let workers: Vec<_> = (0..100)
            .map(|_| {
                let (store, next) = (store.clone(), next.clone());
                tokio::spawn(async move {
                    let mut lives = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let life = a_life(&store, number).await;
                        let is_over = life.1;
                        lives.push((number, life));
                        if is_over {
                            return lives;
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200 + round * 57)).await;
        server.kill();
        let mut lives = Vec::new();
        for worker in workers {
            lives.extend(worker.await.unwrap());
        }
        server.start_again(&DURABLE).await;
        soon("answers", || async { store.store.ping(&context()).await.is_ok() }).await;
        let acknowledged = lives.iter().filter(|(_, (last, _))| last.is_some()).count();
        assert!(acknowledged > 100, "{acknowledged}");
        for (number, (last, is_cut_short)) in &lives {
            let kept = store.orders.find(&context(), some_order(*number).id).await.unwrap();
            match (last, kept) {
                (Some(last), Some(kept)) if *is_cut_short => assert!(*last == kept || kept == moved(last, kept.status)),
                (Some(last), kept) => assert_eq!(kept.as_ref(), Some(last), "it was acknowledged"),
                (None, kept) => assert!(kept.is_none_or(|kept| kept == some_order(*number)), "it is whole or absent"),
            }
        }
        balance(&store, &customers, 1_000_000).await;
        first = next.load(Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placing_that_is_given_up_anywhere_happens_as_a_whole_or_not_at_all() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 2, 5_000).await;
    let customers = a_shop(&store).await;
    let lives: Vec<_> = (0..2_000_u64)
        .map(|number| {
            let store = store.clone();
            let within = Duration::from_micros(number * 7_919 % 60_000);
            tokio::spawn(async move { tokio::time::timeout(within, a_life(&store, number)).await.is_ok() })
        })
        .collect();
    let mut ended = 0;
    for life in lives {
        ended += usize::from(life.await.unwrap());
    }
    soon("idle", || is_idle(&store)).await;
    let kept = balance(&store, &customers, 1_000_000).await;
    assert!(kept.len() >= ended && ended < 2_000, "{ended} of {}", kept.len());
    for order in kept {
        let number = (0..2_000).find(|number| some_order(*number).id == order.id).unwrap();
        assert_eq!(order.lines, some_order(number).lines);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_each_caller_fails_once_at_most_and_nothing_is_lost_or_doubled() {
    let server = Server::start(&DURABLE).await;
    let proxy = Proxy::start(server.port).await;
    let store = open(&proxy.url(), 4, 5_000).await;
    let mut failed = 0;
    for round in 0..20 {
        let callers: Vec<_> =
            (0..8).map(|caller| tokio::spawn(insert_25(store.clone(), round * 200 + caller * 25))).collect();
        tokio::time::sleep(Duration::from_millis(round)).await;
        proxy.cut().await;
        for caller in callers {
            let of_caller = caller.await.unwrap();
            assert!(of_caller <= 1, "a caller failed {of_caller} times after one cut");
            failed += of_caller;
        }
    }
    assert!(failed > 0);
    assert_eq!(all(&open(&server.url(), 1, 5_000).await).await, (0..4_000).map(somebody).collect::<Vec<_>>());
}

/// Inserts so many, each again after a failure: either it was done, which says "taken", or it was not. Gives the failures.
async fn insert_25(store: Repositories, first: u64) -> usize {
    let mut failed = 0;
    for number in first..first + 25 {
        let mut is_again = false;
        loop {
            match store.users.insert(&context(), &somebody(number)).await {
                Ok(()) => break,
                Err(StoreError::EmailTaken) if is_again => break,
                Err(StoreError::Unavailable(_)) => failed += 1,
                Err(error) => panic!("{error:?}"),
            }
            is_again = true;
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_cut_while_nobody_called_fails_nobody() {
    let server = Server::start(&DURABLE).await;
    let proxy = Proxy::start(server.port).await;
    let store = open(&proxy.url(), 1, 5_000).await;
    for number in 0..3 {
        assert_eq!(proxy.cut().await, 1);
        soon("the cut is noticed", || async { store.store.pool().size == 0 }).await;
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
}

/// actix-web's workers each have a runtime of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_outlives_the_runtime_of_the_call_that_opened_it() {
    let server = Server::start(&DURABLE).await;
    let proxy = Proxy::start(server.port).await;
    let store = open(&proxy.url(), 1, 5_000).await;
    proxy.cut().await;
    soon("the cut is noticed", || async { store.store.pool().size == 0 }).await;
    let users = store.users.clone();
    let other_runtime = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { users.insert(&context(), &somebody(1)).await })
    };
    tokio::task::spawn_blocking(other_runtime).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(store.store.pool().size, 1);
    assert_eq!(all(&store).await, [somebody(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_give_up_harm_nobody() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 2, 5_000).await;
    for number in 0..20 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    for round in 0..20_u64 {
        let calls: Vec<_> = (0..100)
            .map(|number| {
                let (users, user) = (store.users.clone(), somebody(number % 20));
                let call = async move {
                    assert_eq!(users.find(&context(), user.id).await.unwrap().as_ref(), Some(&user));
                    let found = users.find_by_email(&context(), &user.email_key()).await.unwrap();
                    assert_eq!(found, Some(user));
                    let new = somebody(1_000 + round * 100 + number);
                    users.insert(&context(), &new).await.unwrap();
                    users.delete(&context(), new.id, 1).await.unwrap();
                };
                tokio::spawn(call)
            })
            .collect();
        for (number, call) in (0_u64..).zip(&calls) {
            if number % 3 != 0 {
                call.abort();
            }
            if number % 10 == round % 10 {
                tokio::time::sleep(Duration::from_micros(round * 20)).await;
            }
        }
        for call in calls {
            let ended = call.await;
            assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()), "a call was told something else");
        }
    }
    soon("idle", || is_idle(&store)).await;
    let kept = all(&store).await;
    assert_eq!(kept[..20], (0..20).map(somebody).collect::<Vec<User>>()[..]);
    for left in &kept[20..] {
        assert_eq!(store.users.find_by_email(&context(), &left.email_key()).await.unwrap().as_ref(), Some(left));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_given_up_anywhere_does_not_keep_the_next_from_starting() {
    let server = Server::start(&DURABLE).await;
    for micros in [0, 100, 300, 1_000, 3_000] {
        let url = server.url();
        let _ = tokio::time::timeout(Duration::from_micros(micros), open(&url, 2, 5_000)).await;
        open(&url, 2, 5_000).await.store.ping(&context()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_opened_at_once_on_an_empty_server_all_come_up() {
    let server = Server::start(&DURABLE).await;
    let openings: Vec<_> = (0..12)
        .map(|number| {
            let url = server.url();
            tokio::spawn(async move {
                let store = open(&url, 2, 5_000).await;
                store.users.insert(&context(), &somebody(number)).await.unwrap();
            })
        })
        .collect();
    for opening in openings {
        opening.await.unwrap();
    }
    assert_eq!(all(&open(&server.url(), 1, 5_000).await).await.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_without_its_log_is_not_written_to() {
    let mut server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 2_000).await;
    server.kill();
    server.start_again(&["--appendonly", "no"]).await;
    soon("the cut is noticed", || async { store.store.pool().size == 0 }).await;
    let inserted = store.users.insert(&context(), &somebody(1)).await;
    let Err(StoreError::Unavailable(source)) = inserted else { panic!("{inserted:?}") };
    assert!(source.to_string().contains("append-only"), "{source}");
    for set in ["CONFIG SET appendonly yes", "CONFIG SET appendfsync always"] {
        server.command(set).await;
    }
    store.users.insert(&context(), &somebody(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_memory_is_full_takes_no_half_of_a_change_and_lets_things_go() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    server.command("CONFIG SET maxmemory 1").await;
    let inserted = store.users.insert(&context(), &somebody(2)).await;
    assert!(matches!(inserted, Err(StoreError::Unavailable(_))), "{inserted:?}");
    let renamed = User { email: "moved@example.com".to_owned(), version: 2, ..somebody(1) };
    assert!(store.users.update(&context(), &renamed, 1).await.is_err());
    assert_eq!(all(&store).await, [somebody(1)]);
    assert_eq!(store.users.find_by_email(&context(), &renamed.email_key()).await.unwrap(), None);
    // Nor of an order, and no stock is given back twice by who tries again.
    server.command("CONFIG SET maxmemory 0").await;
    let tool = product(1, 10);
    store.products.insert(&context(), &tool).await.unwrap();
    store.users.insert(&context(), &somebody(2)).await.unwrap();
    let placed = order(1, &somebody(2), &[(&tool, 4)]);
    store.orders.place(&context(), &placed).await.unwrap();
    server.command("CONFIG SET maxmemory 1").await;
    assert!(is_unknown(&store.orders.place(&context(), &order(2, &somebody(2), &[(&tool, 4)])).await));
    assert!(is_unknown(&store.orders.update(&context(), &placed, &moved(&placed, OrderStatus::Cancelled)).await));
    assert_eq!(balance(&store, &[somebody(2)], 10).await, [placed]);
    let [tool] = &products(&store).await[..] else { panic!("one product") };
    store.products.delete(&context(), tool.id, tool.version).await.unwrap();
    store.users.delete(&context(), somebody(1).id, 1).await.unwrap();
    server.command("CONFIG SET maxmemory 0").await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_was_sent_and_refuses_what_comes_later() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 2, 5_000).await;
    let users: Vec<_> = (0..300).map(somebody).collect();
    let inserts: Vec<_> = users
        .iter()
        .map(|user| {
            let (users, user) = (store.users.clone(), user.clone());
            tokio::spawn(async move { users.insert(&context(), &user).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.store.close().await;
    assert_eq!((store.store.pool().size, store.store.pool().in_use), (0, 0));
    let late = store.users.insert(&context(), &somebody(1_000)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let mut acknowledged = Vec::new();
    for (insert, user) in inserts.into_iter().zip(users) {
        acknowledged.extend(insert.await.unwrap().is_ok().then_some(user));
    }
    assert_eq!(all(&open(&server.url(), 1, 5_000).await).await, acknowledged);
    // A second time is no harm.
    store.store.close().await;
}
