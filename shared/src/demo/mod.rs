//! Demo data: the same users, products and orders with the same ids and times in every store, so that answers can be
//! compared as they are.

mod orders;
mod products;

pub use orders::{ORDERS, order};
pub use products::{PRODUCTS, product};

use crate::context::RequestContext;
use crate::domain::{PasswordHash, Role, Timestamp, User, UserId};
use crate::repository::{Repositories, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// How many demo users there are, beside the demo admin.
pub const USERS: u64 = 200;

/// The demo admin's e-mail address.
pub const ADMIN_EMAIL: &str = "admin@example.com";

/// 2025-01-01T09:00:00Z: when the demo admin was created; each user follows some hours later.
const FIRST_MILLIS: u64 = 1_735_722_000_000;
const STEP_MILLIS: u64 = 11_160_000;

/// So many are kept at the same time: a store that waits for its disk, or for the way to it, is not waited for once for each.
const AT_ONCE: usize = 4;

/// So often something is tried that took too long.
const TRIES: usize = 20;

const GIVEN: [&str; 20] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Jean",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Peter",
    "Radia",
    "Shafi",
    "Tony",
    "Vint",
];
const FAMILY: [&str; 10] =
    ["Archer", "Baker", "Carter", "Dyer", "Fletcher", "Hunter", "Mason", "Miller", "Potter", "Weaver"];

/// The demo user of this number: 0 is the admin, 1 to [`USERS`] are users.
pub fn user(number: u64, password_hash: PasswordHash) -> User {
    let millis = FIRST_MILLIS + number * STEP_MILLIS;
    let created_at = at(millis);
    // Twenty given names and ten family names make 200 people who are all called differently.
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number + number / 20));
    let (name, email, role) = if number == 0 {
        ("Demo Admin".to_owned(), ADMIN_EMAIL.to_owned(), Role::Admin)
    } else {
        let email = format!("{}.{}@example.com", given.to_lowercase(), family.to_lowercase());
        (format!("{given} {family}"), email, Role::User)
    };
    let id = UserId::from_bytes(id(millis, number));
    User {
        id,
        name,
        email,
        password_hash,
        role,
        version: 1,
        credentials_version: 1,
        created_at,
        updated_at: created_at,
    }
}

/// A hash that no password gives, for tests and tools that sign nobody in.
pub fn unusable_hash() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$dW51c2FibGU$AAAAAAAAAAAAAAAAAAAAAA".to_owned())
}

/// Keeps what of the demo data is not there yet, but for the admin: users, products, orders. Each kind is kept in the order
/// of its numbers, a few at a time, so that what a crash leaves is a beginning.
///
/// # Errors
/// The store's.
pub async fn fill(
    context: &RequestContext,
    repositories: &Repositories,
    password_hash: &PasswordHash,
) -> Result<(), StoreError> {
    in_turn(USERS, |number| async move {
        kept(repositories.users.insert(context, &user(number, password_hash.clone())).await)
    })
    .await?;
    in_turn(PRODUCTS, |number| async move { kept(repositories.products.insert(context, &product(number)).await) })
        .await?;
    in_turn(ORDERS, |number| orders::keep(context, repositories, number)).await
}

/// Whether [`fill`] has come to its end once: some of the last ten orders are there. Orders are never deleted, but one may
/// not have come about, if its customer or a product was deleted meanwhile.
///
/// # Errors
/// The store's.
pub async fn is_filled(context: &RequestContext, repositories: &Repositories) -> Result<bool, StoreError> {
    for number in ORDERS - 9..=ORDERS {
        if repositories.orders.find(context, order(number).id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does this for 1 to `count`, [`AT_ONCE`] at a time.
async fn in_turn<F>(count: u64, task: impl Fn(u64) -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let task = &task;
    stream::iter(1..=count).map(|number| Ok(patiently(move || task(number)))).try_buffered(AT_ONCE).try_collect().await
}

/// Does this once more if it took too long: of several processes that start at once, only one can write to a SQLite file at
/// a time. Whatever may have happened after all is left as it is the next time.
async fn patiently<F>(task: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    for _ in 1..TRIES {
        match task().await {
            Err(StoreError::TimedOut | StoreError::Overloaded) => {}
            outcome => return outcome,
        }
    }
    task().await
}

/// What is there already, or whose address or SKU somebody else has by now, is left as it is.
fn kept(outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Err(StoreError::EmailTaken | StoreError::SkuTaken) => Ok(()),
        outcome => outcome,
    }
}

/// The bytes of a UUIDv7 whose random part is spread from the number, so that it is the same wherever it is made.
pub fn id(millis: u64, number: u64) -> [u8; 16] {
    let high = (millis << 16) | 0x7000 | (spread(number * 2) & 0x0fff);
    let low = (spread(number * 2 + 1) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
}

/// A number that looks like chance and is always the same (SplitMix64).
pub fn spread(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The point in time after so many milliseconds.
fn at(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(Timestamp::from_millis).unwrap_or_else(Timestamp::now)
}

/// One of these, going round.
fn pick<T: Copy + Default>(choices: &[T], index: u64) -> T {
    let count = u64::try_from(choices.len()).unwrap_or(1).max(1);
    usize::try_from(index % count).ok().and_then(|index| choices.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ORDERS, PRODUCTS, USERS, order, product, unusable_hash, user};
    use crate::domain::OrderStatus;
    use std::collections::BTreeSet;

    #[test]
    fn demo_users_are_different_people_in_the_order_of_their_ids() {
        let users: Vec<_> = (0..=USERS).map(|number| user(number, unusable_hash())).collect();
        assert!(users.is_sorted_by(|one, other| one.id < other.id && one.created_at < other.created_at));
        let emails: BTreeSet<_> = users.iter().map(|user| user.email_key()).collect();
        assert_eq!(emails.len() as u64, USERS + 1);
    }

    #[test]
    fn demo_users_never_change() {
        let first = user(1, unusable_hash());
        let shown = (first.id.to_string(), first.name, first.created_at.to_string());
        assert_eq!(shown.0.len(), 36);
        assert_eq!(shown.0.as_bytes()[14], b'7');
        assert_eq!((shown.1.as_str(), shown.2.as_str()), ("Alan Baker", "2025-01-01T12:06:00.000Z"));
    }

    #[test]
    fn demo_products_are_different_things_of_six_categories() {
        let products: Vec<_> = (1..=PRODUCTS).map(product).collect();
        assert!(products.is_sorted_by(|one, other| one.id < other.id));
        let skus: BTreeSet<_> = products.iter().map(|product| &product.sku).collect();
        let categories: BTreeSet<_> = products.iter().map(|product| &product.category).collect();
        assert_eq!((skus.len() as u64, categories.len()), (PRODUCTS, 6));
        assert!(products.iter().all(|product| !product.attributes.0.is_empty() && product.stock >= 0));
    }

    #[test]
    fn demo_orders_can_all_be_placed_and_come_in_all_states() {
        let orders: Vec<_> = (1..=ORDERS).map(order).collect();
        assert!(orders.is_sorted_by(|one, other| one.id < other.id));
        for status in OrderStatus::ALL {
            assert!(orders.iter().filter(|order| order.status == status).count() >= 20, "{status:?}");
        }
        for product in (1..=PRODUCTS).map(product) {
            let lines = orders.iter().flat_map(|order| &order.lines).filter(|line| line.product_id == product.id);
            assert!(lines.map(|line| line.quantity).sum::<i64>() <= product.stock, "{}", product.name);
        }
        for order in &orders {
            let products: BTreeSet<_> = order.lines.iter().map(|line| line.product_id).collect();
            assert_eq!(products.len(), order.lines.len(), "a product twice");
        }
    }
}
