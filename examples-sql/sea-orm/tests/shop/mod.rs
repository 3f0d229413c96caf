//! Products and orders: what they are made of here, and cases that hold on each of the databases.
// Not every program of tests uses all of it.
#![allow(dead_code)]

use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Customer, Order, OrderId, OrderStatus, Product, Role, Timestamp, User};
use shared::repository::{OrderQuery, ProductQuery, Repositories, SalesQuery, Shortage, StoreError};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

pub fn customer(number: u64) -> User {
    let email = format!("customer{number}@example.com");
    User { email, role: Role::User, ..demo::user(900_000_000 + number, demo::unusable_hash()) }
}

/// Product 1, 2, ...: their ids ascend.
pub fn product(number: u64, stock: i64) -> Product {
    Product { stock, ..demo::product(number) }
}

pub fn order(customer: &User, lines: &[(&Product, i64)]) -> Order {
    Order::new(OrderId::generate(), Customer::from(customer), lines, Timestamp::now())
}

pub fn moved(before: &Order, status: OrderStatus) -> Order {
    before.moved(status, before.updated_at)
}

pub async fn given(store: &Repositories, customer: &User, products: &[&Product]) {
    store.users.insert(&context(), customer).await.unwrap();
    for product in products {
        store.products.insert(&context(), product).await.unwrap();
    }
}

pub async fn orders_of(store: &Repositories, customer: &User) -> Vec<Order> {
    let query = OrderQuery { customer: customer.id, status: None, after: None, limit: 100_000 };
    store.orders.list(&context(), &query).await.unwrap()
}

/// Whether what there was at first is what is left and what is in the orders that are not cancelled. All of them, as they
/// are told, are whole: their lines' shares add up to their total.
pub async fn the_books_balance(store: &Repositories, customers: &[&User], products: &[&Product]) {
    let mut live = Vec::new();
    for customer in customers {
        live.extend(orders_of(store, customer).await);
    }
    live.retain(|order| order.status != OrderStatus::Cancelled);
    for order in &live {
        assert_eq!(order.lines.iter().map(|line| line.revenue_cents).sum::<i64>(), order.total_cents, "{order:?}");
    }
    for product in products {
        let lines = live.iter().flat_map(|order| &order.lines).filter(|line| line.product_id == product.id);
        let sold: i64 = lines.map(|line| line.quantity).sum();
        let left = store.products.find(&context(), product.id).await.unwrap().unwrap().stock;
        assert_eq!(left + sold, product.stock, "{}: {left} are left and {sold} sold", product.sku);
    }
}

/// Polls a future so many times at most, then drops it.
async fn cancelled_after<T>(polls: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn nothing_in_use(store: &Repositories) {
    let started = Instant::now();
    while (store.store.pool().in_use, store.store.pool().waiting) != (0, 0) {
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", store.store.pool());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Two stores of one database, so that a lock that is left would be met.
pub async fn what_is_dropped_anywhere_happens_as_a_whole_or_not_at_all(store: &Repositories, other: &Repositories) {
    let (customer, one, two) = (customer(1), product(1, 10_000), product(2, 10_000));
    given(store, &customer, &[&one, &two]).await;
    for polls in 0.. {
        let dropped = order(&customer, &[(&two, 2), (&one, 1)]);
        let placed = cancelled_after(polls, store.orders.place(&context(), &dropped)).await;
        let (after, elsewhere) = (order(&customer, &[(&one, 1)]), order(&customer, &[(&one, 1), (&two, 1)]));
        store.orders.place(&context(), &after).await.unwrap();
        other.orders.place(&context(), &elsewhere).await.unwrap();
        nothing_in_use(store).await;
        let found = other.orders.find(&context(), dropped.id).await.unwrap();
        assert!(found.is_none() || found == Some(dropped), "{found:?}");
        the_books_balance(other, &[&customer], &[&one, &two]).await;
        if let Some(placed) = placed {
            placed.unwrap();
            break;
        }
    }
    for polls in 0.. {
        let before = order(&customer, &[(&two, 2), (&one, 1)]);
        store.orders.place(&context(), &before).await.unwrap();
        let after = moved(&before, OrderStatus::Cancelled);
        let cancelled = cancelled_after(polls, store.orders.update(&context(), &before, &after)).await;
        store.orders.place(&context(), &order(&customer, &[(&one, 1)])).await.unwrap();
        other.orders.place(&context(), &order(&customer, &[(&one, 1), (&two, 1)])).await.unwrap();
        nothing_in_use(store).await;
        the_books_balance(other, &[&customer], &[&one, &two]).await;
        if let Some(cancelled) = cancelled {
            cancelled.unwrap();
            break;
        }
    }
}

/// The first word of each statement that was sent.
fn sent(context: &RequestContext) -> Vec<String> {
    let word = |text: String| text.split(' ').next().unwrap().to_owned();
    context.statements().into_iter().map(|statement| word(statement.statement)).collect()
}

pub async fn each_operation_sends_what_the_documentation_says(store: &Repositories) {
    let (customer, one, two) = (customer(1), product(1, 10), product(2, 10));
    given(store, &customer, &[&two]).await;
    let mut contexts = Vec::new();
    macro_rules! sends {
        ($repository:ident . $operation:ident ($($argument:expr),*), $expected:expr) => {{
            let context = traced();
            let outcome = store.$repository.$operation(&context, $($argument),*).await;
            assert_eq!(sent(&context), $expected, concat!(stringify!($repository), ".", stringify!($operation)));
            contexts.push(context);
            outcome
        }};
    }
    sends!(products.insert(&one), ["INSERT"]).unwrap();
    let query = ProductQuery { category: Some(one.category.clone()), after: None, limit: 5 };
    assert_eq!(sends!(products.list(&query), ["SELECT"]).unwrap().len(), 2);
    assert_eq!(sends!(products.find(one.id), ["SELECT"]).unwrap(), Some(one.clone()));
    assert_eq!(sends!(products.find_many(&[two.id, one.id]), ["SELECT"]).unwrap().len(), 2);
    let replaced = Product { version: 2, ..one.clone() };
    sends!(products.update(&replaced, 1), ["UPDATE"]).unwrap();
    assert!(sends!(products.update(&replaced, 1), ["UPDATE"]).is_err());

    let placed = Order { idempotency_key: Some("key".to_owned()), ..order(&customer, &[(&two, 2), (&one, 1)]) };
    let whole = ["BEGIN", "INSERT", "INSERT", "SELECT", "UPDATE", "COMMIT"];
    sends!(orders.place(&placed), whole).unwrap();
    assert!(matches!(sends!(orders.place(&placed), ["BEGIN", "INSERT"]), Err(StoreError::KeyTaken)));
    let refused = sends!(
        orders.place(&order(&customer, &[(&two, 9), (&one, 1)])),
        ["BEGIN", "INSERT", "INSERT", "SELECT", "ROLLBACK"]
    );
    let Err(StoreError::OutOfStock(shortages)) = refused else { panic!("{refused:?}") };
    assert_eq!(shortages, [Shortage { product_id: two.id, left: Some(8) }]);
    sends!(orders.place(&order(&customer, &[(&two, 1)])), whole).unwrap();
    // However many orders and lines there are.
    let query = OrderQuery { customer: customer.id, status: Some(OrderStatus::Pending), after: None, limit: 5 };
    assert_eq!(sends!(orders.list(&query), ["SELECT", "SELECT"]).unwrap().len(), 2);
    assert_eq!(sends!(orders.find(placed.id), ["SELECT", "SELECT"]).unwrap(), Some(placed.clone()));
    assert_eq!(sends!(orders.find(OrderId::generate()), ["SELECT"]).unwrap(), None);
    assert_eq!(sends!(orders.find_by_key(customer.id, "key"), ["SELECT", "SELECT"]).unwrap(), Some(placed.clone()));
    let paid = moved(&placed, OrderStatus::Paid);
    sends!(orders.update(&placed, &paid), ["UPDATE"]).unwrap();
    let query = SalesQuery { from: None, to: None };
    assert_eq!(sends!(reports.sales(&query), ["SELECT"]).unwrap().len(), 1);
    let cancelled = moved(&paid, OrderStatus::Cancelled);
    sends!(orders.update(&paid, &cancelled), ["BEGIN", "UPDATE", "SELECT", "UPDATE", "COMMIT"]).unwrap();
    assert!(sends!(orders.update(&paid, &cancelled), ["BEGIN", "UPDATE", "ROLLBACK"]).is_err());
    assert!(matches!(sends!(users.delete(customer.id, 1), ["DELETE"]), Err(StoreError::HasOrders)));
    let stored = store.products.find(&context(), one.id).await.unwrap().unwrap();
    sends!(products.delete(one.id, stored.version), ["DELETE"]).unwrap();

    for statement in contexts.iter().flat_map(RequestContext::statements) {
        for value in ["example.com", &one.name, &one.sku, &one.id.to_string(), "'key'", "argon2"] {
            assert!(!statement.statement.contains(value), "{}", statement.statement);
        }
        assert!(!statement.statement.contains("password_hash"), "{}", statement.statement);
    }
}
