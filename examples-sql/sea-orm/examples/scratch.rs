#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::repository::UserQuery;
use std::time::{Duration, Instant};
use sea_orm::ConnectionTrait;
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let url = format!("sqlite://{}", args[2]);
    match args[1].as_str() {
        "start" => {
            let n: u64 = args[3].parse().unwrap();
            let started = Instant::now();
            let s = store_sea_orm::open(&url, 2).await.unwrap_or_else(|e| panic!("{e}"));
            let mut u = user(n, unusable_hash()); u.email = format!("{n}@x");
            s.users.insert(&RequestContext::internal("x"), &u).await.unwrap();
            s.store.close().await;
            println!("{n} {:?}", started.elapsed());
        }
        "sql" => {
            let s = store_sea_orm::open(&url, 2).await.unwrap();
            let c = RequestContext::new("x".into(), "/".into(), Duration::from_secs(9), true);
            let u = user(0, unusable_hash());
            s.users.insert(&c, &u).await.unwrap();
            let q = UserQuery { role: Some(u.role), after: Some(u.id), limit: 3 };
            s.users.list(&c, &q).await.unwrap();
            s.users.find(&c, u.id).await.unwrap();
            s.users.find_by_email(&c, &u.email_key()).await.unwrap();
            s.users.update(&c, &u, 2).await.unwrap_err();
            let mut v = u.clone(); v.role = shared::domain::Role::User;
            println!("{:?}", s.users.update(&c, &v, 1).await);
            println!("{:?}", s.users.delete(&c, u.id, 1).await);
            s.store.ping(&c).await.unwrap();
            for s in c.statements() { println!("{:?} {}\n   {:?}", s.duration, s.statement, s.parameters); }
        }
        "fill" => {
            let s = store_sea_orm::open(&url, 2).await.unwrap(); s.store.close().await;
            let db = sea_orm::Database::connect(&url).await.unwrap();
            db.execute_unprepared("PRAGMA synchronous=OFF; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000000) INSERT INTO users SELECT printf('0190f5fe-7c00-7000-8000-%012x', i), 'name', i||'@x', i||'@x', 'hash', 'user', 1, 1, 0, 0 FROM n").await.unwrap();
        }
        "bench" => {
            let s = store_sea_orm::open(&url, 2).await.unwrap();
            let c = RequestContext::internal("x");
            let all = s.users.list(&c, &UserQuery{role:None,after:None,limit:1}).await.unwrap();
            let t = Instant::now();
            for _ in 0..20000 { s.users.find(&c, all[0].id).await.unwrap(); }
            println!("find serial {:?}", t.elapsed()/20000);
            let t = Instant::now();
            let hs: Vec<_> = (0..64).map(|_| { let u = s.users.clone(); let id = all[0].id; tokio::spawn(async move { let c = RequestContext::internal("x"); for _ in 0..500 { u.find(&c, id).await.unwrap(); } }) }).collect();
            for h in hs { h.await.unwrap(); }
            println!("find 64 {:?} per call", t.elapsed()/32000);
            let t = Instant::now();
            for i in 0..500u64 { let mut u = user(i+1000, unusable_hash()); u.email=format!("b{i}@x"); u.id = shared::domain::UserId::generate(); s.users.insert(&c, &u).await.unwrap(); }
            println!("insert serial {:?}", t.elapsed()/500);
        }
        _ => {}
    }
}
