//! Every statement (in SQLite, but one INSERT) is prepared once a connection. In a process of its own: Diesel's
//! default hook is the process's.

#![cfg(any(feature = "sqlite", feature = "pooled"))]
#![allow(clippy::unwrap_used)]

mod shop;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Order, OrderStatus, Product, Role, User};
use shared::repository::{OrderQuery, ProductQuery, Repositories, SalesQuery, UserQuery};
use shared::store_contract::options;
use std::collections::BTreeSet;
use std::sync::Mutex;

static SENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static PREPARED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn hook() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { query, .. } => {
            let shown = query.to_string();
            // What has no list of values is text that Diesel hands over as it is: BEGIN, COMMIT.
            if let Some((statement, _)) = shown.split_once(" -- binds: ") {
                SENT.lock().unwrap().insert(statement.to_owned());
            }
        }
        InstrumentationEvent::CacheQuery { sql, .. } => PREPARED.lock().unwrap().push(sql.to_owned()),
        _ => {}
    }))
}

/// Each method, every way through it.
async fn use_everything(store: &Repositories, number: u64) {
    let context = RequestContext::internal("test");
    let user = demo::user(number, demo::unusable_hash());
    let after = User { version: 2, ..user.clone() };
    store.users.insert(&context, &user).await.unwrap();
    store.users.find(&context, user.id).await.unwrap();
    store.users.find_by_email(&context, &user.email_key()).await.unwrap();
    for role in [None, Some(Role::User), Some(Role::Admin)] {
        for after in [None, Some(user.id)] {
            store
                .users
                .list(&context, &UserQuery { role, after, limit: 7 + u32::try_from(number).unwrap() })
                .await
                .unwrap();
        }
    }
    store.users.update(&context, &after, 1).await.unwrap();
    store.users.update(&context, &after, 1).await.unwrap_err();
    use_the_shop(store, number, &user).await;
    store.users.delete(&context, user.id, 1).await.unwrap_err();
    store.users.delete(&context, user.id, 2).await.unwrap_err();
    let other = demo::user(100 + number, demo::unusable_hash());
    store.users.insert(&context, &other).await.unwrap();
    store.users.delete(&context, other.id, 1).await.unwrap();
    store.store.ping(&context).await.unwrap();
}

async fn use_the_shop(store: &Repositories, number: u64, customer: &User) {
    let context = RequestContext::internal("test");
    let numbers = [number * 3 + 1, number * 3 + 2, number * 3 + 3];
    let products = numbers.map(shop::product);
    for product in &products {
        store.products.insert(&context, product).await.unwrap();
    }
    let product = products.first().unwrap();
    store.products.find(&context, product.id).await.unwrap();
    store.products.find_many(&context, &products.clone().map(|product| product.id)).await.unwrap();
    for category in [None, Some(product.category.clone())] {
        let limit = u32::try_from(number).unwrap();
        store.products.list(&context, &ProductQuery { category, after: None, limit }).await.unwrap();
    }
    let mut orders = Vec::new();
    for key in [None, Some(format!("key-{number}"))] {
        let order = shop::order(customer, &numbers.map(|number| (number, 2)));
        orders.push(Order { idempotency_key: key, ..order });
        store.orders.place(&context, orders.last().unwrap()).await.unwrap();
    }
    let order = orders.first().unwrap();
    store.orders.find(&context, order.id).await.unwrap().unwrap();
    store.orders.find_by_key(&context, customer.id, &format!("key-{number}")).await.unwrap().unwrap();
    for status in [None, Some(OrderStatus::Pending)] {
        let query = OrderQuery { customer: customer.id, status, after: None, limit: 2 };
        assert_eq!(store.orders.list(&context, &query).await.unwrap().len(), 2);
    }
    let paid = shop::moved(order, OrderStatus::Paid);
    store.orders.update(&context, order, &paid).await.unwrap();
    store.orders.update(&context, &paid, &shop::moved(&paid, OrderStatus::Cancelled)).await.unwrap();
    store.reports.sales(&context, &SalesQuery { from: None, to: None }).await.unwrap();
    let version = store.products.find(&context, product.id).await.unwrap().unwrap().version;
    store.products.update(&context, &Product { version: version + 1, ..product.clone() }, version).await.unwrap();
    store.products.delete(&context, product.id, version + 1).await.unwrap();
}

/// Uses everything three times on one connection. Each statement is prepared at its first use, and these never are: what
/// Diesel takes to differ each time.
async fn check<F: Future<Output = Repositories>>(open: impl Fn() -> F, expected: usize, not_kept: fn(&str) -> bool) {
    // Makes the database, so that the migrations' statements are not among those below.
    open().await.store.close().await;
    set_default_instrumentation(hook).unwrap();
    let store = open().await;
    SENT.lock().unwrap().clear();
    PREPARED.lock().unwrap().clear();
    for number in 1..=3 {
        use_everything(&store, number).await;
    }
    set_default_instrumentation(|| None).unwrap();
    store.store.close().await;
    let prepared = PREPARED.lock().unwrap().clone();
    let kept: BTreeSet<_> = prepared.iter().cloned().collect();
    assert_eq!(kept.len(), prepared.len(), "each one is prepared once: {prepared:#?}");
    assert_eq!(kept.len(), expected, "{kept:#?}");
    let sent = SENT.lock().unwrap().clone();
    let others: Vec<_> = sent.difference(&kept).filter(|one| !not_kept(one)).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// One after the other, because Diesel's default hook is the process's.
#[tokio::test]
async fn every_statement_is_prepared_once() {
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("users.db").display());
        // Of users: insert, two times list, find, find by e-mail, update, delete, refusal, ping. Of products: insert, two
        // times list, find, find many, stock, update, change of stock, delete. Of orders: insert, two times list, find, find
        // by key, lines (of one order, of two), a change of status, and the report.
        let not_kept = |one: &str| one.starts_with("INSERT INTO `order_lines`");
        check(|| async { store_diesel::sqlite::open(&url, options(1)).await.unwrap() }, 27, not_kept).await;
    }
    #[cfg(feature = "postgres")]
    {
        use shared::store_contract::database_url;
        use store_diesel::postgres::{development_url, open, remove};
        let url = database_url("POSTGRES_URL", development_url);
        // The same; of products, the lock instead of the stock; of lines, the insert.
        check(|| async { open(&url, options(1)).await.unwrap() }, 27, |one| one.starts_with("SET ")).await;
        remove(&url, options(1)).await.unwrap();
    }
    #[cfg(feature = "mysql")]
    {
        use shared::store_contract::database_url;
        use store_diesel::mysql::{development_url, open, remove};
        let url = database_url("MYSQL_URL", development_url);
        // One more, because lines are listed of one order and of two, which is another text here.
        check(|| async { open(&url, options(1)).await.unwrap() }, 28, |one| one.starts_with("SET ")).await;
        remove(&url, options(1)).await.unwrap();
    }
}
