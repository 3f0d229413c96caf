//! Scratch.
#![allow(clippy::unwrap_used, missing_docs)]
use shared::{context::RequestContext, demo, domain::{User, UserId}, repository::UserQuery};
use std::time::Instant;
#[tokio::main]
async fn main() {
    let path = std::env::args().nth(1).unwrap();
    let t = Instant::now();
    let store = store_diesel::open(&format!("sqlite://{path}"), 2).await.unwrap();
    println!("open {:?}", t.elapsed());
    let context = RequestContext::internal("m");
    let t = Instant::now();
    store.store.ping(&context).await.unwrap();
    println!("ping {:?}", t.elapsed());
    let ids: Vec<UserId> = store.users.list(&context, &UserQuery{role: None, after: None, limit: 10_000}).await.unwrap().iter().map(|u| u.id).collect();
    if !ids.is_empty() {
        for clients in [1usize, 64] {
            let t = Instant::now();
            let n = 200_000 / if clients == 1 { 4 } else { 1 };
            let tasks: Vec<_> = (0..clients).map(|c| { let (store, ids) = (store.clone(), ids.clone()); tokio::spawn(async move {
                let context = RequestContext::internal("m");
                for i in 0..n / clients { store.users.find(&context, ids[(i * 7919 + c * 104_729) % ids.len()]).await.unwrap().unwrap(); }
            })}).collect();
            for task in tasks { task.await.unwrap(); }
            println!("find, {clients} clients: {:.0}/s", n as f64 / t.elapsed().as_secs_f64());
        }
    }
    for clients in [1usize, 64] {
        let per = 8_000 / clients / if clients == 1 { 8 } else { 1 };
        let t = Instant::now();
        let tasks: Vec<_> = (0..clients).map(|c| { let store = store.clone(); tokio::spawn(async move {
            let context = RequestContext::internal("m");
            for i in 0..per { let id = UserId::generate(); store.users.insert(&context, &User { id, email: format!("{id}-{c}-{i}@example.com"), ..demo::user(1, demo::unusable_hash()) }).await.unwrap(); }
        })}).collect();
        for task in tasks { task.await.unwrap(); }
        println!("insert, {clients} clients: {:.0}/s", (per * clients) as f64 / t.elapsed().as_secs_f64());
        let all = store.users.list(&context, &UserQuery{role: None, after: None, limit: 10}).await.unwrap();
        let user = all[0].clone();
        let t = Instant::now();
        let mut v = user.version;
        for _ in 0..500 { let mut next = user.clone(); next.version = v + 1; store.users.update(&context, &next, v).await.unwrap(); v += 1; }
        println!("update, 1 client: {:.0}/s", 500.0 / t.elapsed().as_secs_f64());
    }
    let t = Instant::now();
    store.store.close().await;
    println!("close {:?}", t.elapsed());
}
