//! What is in the database when the timing begins: the same users, products and orders in every store, of any number.

use crate::error::BenchError;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use server::Store;
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{
    Attributes, CategorySales, Customer, Order, OrderId, OrderLine, OrderStatus, PasswordHash, Product, ProductId,
    Role, Timestamp, User, UserId,
};
use shared::repository::{Repositories, StoreError, StoreOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Products that orders are for. Each has stock for more orders than a run can place.
pub const PRODUCTS: u64 = 1_000;
const STOCK: i64 = 1_000_000;

/// Paid orders, which the sales report adds up.
pub const ORDERS: u64 = 2_000;

/// Users whose tokens are used, so that not all orders are one customer's. They come first.
pub const CUSTOMERS: u64 = 256;

/// Users that are changed: as many whatever the size of the database, so that all of them can be looked at afterwards.
pub const ACTIVE_USERS: u64 = 10_000;

/// Users on a page that is listed.
pub(crate) const PAGE: u64 = 20;

/// Lines of an order that is placed.
pub const LINES: u64 = 3;

/// 2025-01-01T00:00:00Z.
const FIRST_MILLIS: u64 = 1_735_689_600_000;

/// Ids of users, products and orders are spread from different numbers.
const PRODUCT_OFFSET: u64 = 1 << 40;
const ORDER_OFFSET: u64 = 1 << 41;

/// So many are kept at the same time.
const AT_ONCE: usize = 64;
const TRIES: usize = 50;

/// Users 0 is the admin, 1 and following are users; each was created a second after the one before.
#[must_use]
pub fn user(number: u64, password_hash: &PasswordHash) -> User {
    let millis = FIRST_MILLIS + number * 1_000;
    let created_at = at(millis);
    let role = if number == 0 { Role::Admin } else { Role::User };
    User {
        id: user_id(number),
        name: format!("User {number:07}"),
        email: format!("user{number:07}@example.com"),
        password_hash: password_hash.clone(),
        role,
        version: 1,
        credentials_version: 1,
        created_at,
        updated_at: created_at,
    }
}

/// The id of [`user`].
#[must_use]
pub fn user_id(number: u64) -> UserId {
    UserId::from_bytes(demo::id(FIRST_MILLIS + number * 1_000, number))
}

/// The number of the user with this id, if there is one in a dataset of any size.
pub(crate) fn user_number(id: UserId) -> Option<u64> {
    // A UUIDv7 begins with its milliseconds, 48 bits (RFC 9562, section 5.7).
    let millis = u64::try_from(u128::from_be_bytes(*id.as_bytes()) >> 80).ok()?;
    let number = millis.checked_sub(FIRST_MILLIS)? / 1_000;
    (user_id(number) == id).then_some(number)
}

/// A product of one of ten categories.
#[must_use]
pub fn product(number: u64) -> Product {
    let millis = FIRST_MILLIS + number * 1_000;
    let created_at = at(millis);
    let price = i64::try_from(number % 97).unwrap_or_default();
    Product {
        id: product_id(number),
        sku: format!("P-{number:07}"),
        name: format!("Product {number:07}"),
        category: format!("Category {}", number % 10),
        price_cents: 500 + 100 * price,
        stock: STOCK,
        attributes: Attributes::default(),
        version: 1,
        created_at,
        updated_at: created_at,
    }
}

/// The id of [`product`].
#[must_use]
pub fn product_id(number: u64) -> ProductId {
    ProductId::from_bytes(demo::id(FIRST_MILLIS + number * 1_000, PRODUCT_OFFSET + number))
}

/// The products that the order of this number is for, each once.
#[must_use]
pub fn products_of(number: u64) -> [u64; LINES as usize] {
    let chance = demo::spread(ORDER_OFFSET + number);
    // Two primes that are no divisors of 1,000 keep the three apart.
    [0, 331, 677].map(|step| (chance + step) % PRODUCTS)
}

fn order(number: u64, customer: &User) -> Order {
    let millis = FIRST_MILLIS + number * 1_000;
    let id = OrderId::from_bytes(demo::id(millis, ORDER_OFFSET + number));
    let lines: Vec<_> = products_of(number).into_iter().map(|number| (product(number), 1)).collect();
    Order::new(id, Customer::from(customer), &lines, at(millis))
}

/// What the paid orders come to, by category in the order of their names: the report.
pub(crate) fn sales() -> Vec<CategorySales> {
    let mut sales: BTreeMap<String, CategorySales> = BTreeMap::new();
    for number in 0..ORDERS {
        let order = order(number, &customer_of(number, &demo::unusable_hash()));
        let mut seen = BTreeSet::new();
        for OrderLine { category, quantity, revenue_cents, .. } in order.lines {
            let of_category = sales.entry(category.clone()).or_insert_with(|| CategorySales {
                category: category.clone(),
                orders: 0,
                units: 0,
                revenue_cents: 0,
            });
            of_category.units += quantity;
            of_category.revenue_cents += revenue_cents;
            of_category.orders += i64::from(seen.insert(category));
        }
    }
    sales.into_values().collect()
}

/// Whose the order of this number is.
fn customer_of(number: u64, password_hash: &PasswordHash) -> User {
    user(1 + number % CUSTOMERS, password_hash)
}

fn at(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(Timestamp::from_millis).unwrap_or_else(Timestamp::now)
}

/// Fills a new database, and says from time to time how many records it has kept, and of how many.
///
/// # Errors
/// If the database cannot be opened or refuses a record.
pub async fn seed(
    store: Store,
    database_url: &str,
    users: u64,
    password_hash: &PasswordHash,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(), BenchError> {
    let failed = |reason: String| BenchError::Seed { store: store.to_string(), reason };
    let options = StoreOptions { connections: 16, timeout: Duration::from_secs(30) };
    let repositories = store.open(database_url, options).await.map_err(|error| failed(error.to_string()))?;
    let filled = fill(&repositories, users, password_hash, progress).await;
    repositories.store.close().await;
    filled.map_err(|error| failed(error.to_string()))
}

async fn fill(
    repositories: &Repositories,
    users: u64,
    password_hash: &PasswordHash,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(), StoreError> {
    let context = &RequestContext::internal("seed");
    let total = users + PRODUCTS + ORDERS;
    let tell = |done: u64| {
        if done.is_multiple_of(1_000) {
            progress(done, total);
        }
    };
    all(
        0..users + 1,
        tell,
        |number| async move { repositories.users.insert(context, &user(number, password_hash)).await },
    )
    .await?;
    let tell_products = |done: u64| tell(users + done);
    all(
        0..PRODUCTS,
        tell_products,
        |number| async move { repositories.products.insert(context, &product(number)).await },
    )
    .await?;
    let tell_orders = |done: u64| tell(users + PRODUCTS + done);
    all(0..ORDERS, tell_orders, |number| async move {
        let pending = order(number, &customer_of(number, password_hash));
        match repositories.orders.place(context, &pending).await {
            Ok(()) | Err(StoreError::KeyTaken) => {}
            Err(error) => return Err(error),
        }
        let paid = pending.moved(OrderStatus::Paid, pending.created_at);
        repositories.orders.update(context, &pending, &paid).await
    })
    .await
}

/// Does this for each number, many at a time.
async fn all<F>(numbers: std::ops::Range<u64>, tell: impl Fn(u64), task: impl Fn(u64) -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let task = &task;
    let kept = stream::iter(numbers).map(|number| patiently(move || task(number))).buffer_unordered(AT_ONCE);
    let mut done = 0;
    kept.try_for_each(|()| {
        done += 1;
        tell(done);
        std::future::ready(Ok(()))
    })
    .await
}

/// Does this again if the store was too busy. What was kept all the same, unseen, is there the next time.
async fn patiently<F>(task: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut is_again = false;
    for _ in 1..TRIES {
        match task().await {
            Err(StoreError::TimedOut | StoreError::Overloaded) => is_again = true,
            Err(StoreError::EmailTaken | StoreError::SkuTaken | StoreError::VersionConflict) if is_again => {
                return Ok(());
            }
            outcome => return outcome,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    task().await
}

#[cfg(test)]
mod tests {
    use super::{LINES, ORDERS, PRODUCTS, order, product, products_of, sales, user, user_id, user_number};
    use shared::demo::unusable_hash;
    use shared::domain::UserId;
    use std::collections::BTreeSet;

    #[test]
    fn each_user_and_product_is_another_one() {
        let ids: BTreeSet<_> = (0..5_000).map(|number| user(number, &unusable_hash()).id).collect();
        assert_eq!(ids.len(), 5_000);
        let skus: BTreeSet<_> = (0..PRODUCTS).map(|number| product(number).sku).collect();
        assert_eq!(skus.len() as u64, PRODUCTS);
    }

    #[test]
    fn an_id_says_its_number() {
        for number in [0, 1, 9_999, 1_000_000] {
            assert_eq!(user_number(user_id(number)), Some(number));
        }
        assert_eq!(user_number(UserId::generate()), None);
        assert_eq!(user_number(UserId::from_bytes([0; 16])), None);
    }

    #[test]
    fn every_line_is_in_the_sales() {
        let (sales, orders) = (sales(), (0..ORDERS).map(|number| order(number, &user(1, &unusable_hash()))));
        assert_eq!(sales.len(), 10);
        assert_eq!(sales.iter().map(|category| category.units).sum::<i64>().unsigned_abs(), ORDERS * LINES);
        let revenue: i64 = sales.iter().map(|category| category.revenue_cents).sum();
        assert_eq!(revenue, orders.map(|order| order.total_cents).sum::<i64>());
        assert!(sales.iter().all(|category| category.orders <= category.units && category.orders > 0));
    }

    #[test]
    fn an_order_is_for_three_products() {
        for number in 0..2_000 {
            assert_eq!(BTreeSet::from(products_of(number)).len(), 3, "{number}");
        }
        let order = order(7, &user(1, &unusable_hash()));
        assert!(order.total_cents > 0 && order.lines.len() == 3);
    }
}
