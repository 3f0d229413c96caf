//! Any sequence of operations gives what a simple model gives: the same words, and the same reads after each of them.
//!
//! The sequences are random but the same on every store and on every day: what fails once fails again.

use super::model::{Model, Words};
use super::shop::{keyed, moved, order, product};
use super::{Fixture, Outcome, admin, changed, same, user};
use crate::domain::{Day, Order, OrderStatus, Product, Timestamp, User};
use std::collections::BTreeSet;

/// 2024-02-27T00:00:00Z: orders are placed in the five days from here on.
const FIRST_DAY_MILLIS: i64 = 1_708_992_000_000;
const DAY_MILLIS: i64 = 86_400_000;
const STEPS: u64 = 150;
const SKUS: [&str; 7] = ["A", "B", "C", "D", "E", "F", "G"];
const CATEGORIES: [&str; 3] = ["Tools", "tools", "Toys"];
const KEYS: [&str; 3] = ["key", "KEY", "0"];

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_1(fixture: Fixture) -> Outcome {
    sequence(fixture, 1).await
}

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_2(fixture: Fixture) -> Outcome {
    sequence(fixture, 2).await
}

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_3(fixture: Fixture) -> Outcome {
    sequence(fixture, 3).await
}

async fn sequence(fixture: Fixture, seed: u64) -> Outcome {
    let mut shop = Shop::new(fixture, seed);
    shop.open().await?;
    let mut done = Vec::new();
    for step in 0..STEPS {
        let outcome = match shop.step(step).await {
            Ok(one) => {
                done.push(one);
                shop.check(step % 10 == 0 || step + 1 == STEPS).await
            }
            Err(error) => Err(error),
        };
        let last = done.iter().rev().take(8).rev().cloned().collect::<Vec<_>>().join("; ");
        outcome.map_err(|error| format!("seed {seed}, step {step}: {error}, after {last}"))?;
    }
    // A sequence in which nothing succeeds, or everything, would show nothing.
    let words =
        ["Ok", "OutOfStock", "CustomerGone", "KeyTaken", "VersionConflict", "HasOrders", "LastAdmin", "SkuTaken"];
    let missing =
        words.into_iter().filter(|word| !shop.told.iter().any(|told| told.starts_with(word) && !told.contains(" or ")));
    same("words that no operation came to", missing.collect(), Vec::<&str>::new())
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    /// 0, 1, ..., but not `below`.
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let below = u64::try_from(below).unwrap_or(u64::MAX).max(1);
        usize::try_from((z ^ (z >> 31)) % below).unwrap_or_default()
    }

    fn number(&mut self, below: u32) -> i64 {
        i64::try_from(self.roll(usize::try_from(below).unwrap_or_default())).unwrap_or_default()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.roll(from.len())).cloned()
    }

    /// One of these, or none, as often as any of them.
    fn perhaps<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.roll(from.len() + 1)).cloned()
    }
}

/// A store and its model. What is there or was there until the last of its kind is used again and again.
struct Shop {
    fixture: Fixture,
    model: Model,
    dice: Dice,
    users: Vec<User>,
    products: Vec<Product>,
    /// Each order in each state it was in: to move it from a state that it has left is a conflict.
    orders: Vec<Order>,
    /// What the operations came to.
    told: BTreeSet<String>,
}

impl Shop {
    fn new(fixture: Fixture, seed: u64) -> Self {
        let users = vec![admin(0), user(1), user(2), user(3)];
        let products =
            (0..).zip(SKUS).take(6).map(|(number, sku)| Product { sku: sku.to_owned(), stock: 40, ..product(number) });
        Self {
            fixture,
            model: Model::default(),
            dice: Dice(seed),
            users,
            products: products.collect(),
            orders: vec![],
            told: BTreeSet::new(),
        }
    }

    async fn open(&mut self) -> Outcome {
        for user in &self.users {
            agreed("open", self.fixture.insert(user).await, &self.model.insert_user(user))?;
        }
        for product in &self.products {
            agreed("open", self.fixture.insert_product(product).await, &self.model.insert_product(product))?;
        }
        Ok(())
    }

    /// Does something, and says what and what it came to.
    async fn step(&mut self, step: u64) -> Result<String, String> {
        let (name, found, expected) = match self.dice.roll(23) {
            0..8 => self.place(step).await?,
            8..14 => self.move_order().await,
            14 => self.insert_product(step).await,
            15 => self.update_product(step).await?,
            16 => self.delete_product().await?,
            17 => self.insert_user(step).await?,
            18 => self.rename_user(step).await?,
            _ => self.delete_user().await?,
        };
        let done = format!("{name} came to {found}");
        agreed(&name, found, &expected)?;
        // Where several would do, stores may tell different ones.
        self.told.extend(expected.into_iter().reduce(|one, other| format!("{one} or {other}")));
        Ok(done)
    }

    async fn place(&mut self, step: u64) -> Step {
        // Most are the first two's, so that there are others who can be deleted.
        let among = if self.dice.roll(5) == 0 { self.users.get(2..) } else { self.users.get(..2) };
        let customer = self.dice.pick(among.unwrap_or_default()).ok_or("no users")?;
        let (first, count) = (self.dice.roll(6), 1 + self.dice.roll(3));
        let mut chosen: Vec<_> =
            self.products.iter().cycle().skip(first).step_by(1 + 4 * (first % 2)).take(count).collect();
        chosen.dedup_by_key(|product| product.id);
        let lines: Vec<_> = chosen.into_iter().map(|product| (product, 1 + self.dice.number(12))).collect();
        let mut placed = order(step, &customer, &lines);
        let millis = FIRST_DAY_MILLIS + self.dice.number(5) * DAY_MILLIS + self.dice.number(2) * (DAY_MILLIS - 1);
        placed.created_at = Timestamp::from_millis(millis).ok_or("no such time")?;
        if let Some(key) = self.dice.perhaps(&KEYS) {
            placed = keyed(placed, key);
        }
        let found = self.fixture.place(&placed).await;
        if found == "Ok" {
            self.orders.push(placed.clone());
        }
        Ok((format!("place of {}", placed.id), found, self.model.place(&placed)))
    }

    async fn move_order(&mut self) -> (String, String, Words) {
        let next = self.dice.pick(&OrderStatus::ALL).unwrap_or(OrderStatus::Paid);
        // Late ones are newer: with those alone there would be no stale ones, with all alike there would be few others.
        let recent = self.orders.iter().rev().take(12).filter(|order| order.status.can_become(next)).cloned();
        let Some(before) = self.dice.pick(&recent.collect::<Vec<_>>()) else {
            return ("nothing to move".to_owned(), "Ok".to_owned(), vec!["Ok".to_owned()]);
        };
        let after = moved(&before, next);
        let found = self.fixture.update_order(&before, &after).await;
        if found == "Ok" {
            self.orders.push(after.clone());
        }
        (format!("{} to {}", before.id, next.as_str()), found, self.model.update_order(&before, &after))
    }

    async fn insert_product(&mut self, step: u64) -> (String, String, Words) {
        let sku = self.dice.pick(&SKUS).unwrap_or_default().to_owned();
        let category = self.dice.pick(&CATEGORIES).unwrap_or_default().to_owned();
        let new = Product { sku, category, stock: self.dice.number(60), ..product(100 + step) };
        let found = self.fixture.insert_product(&new).await;
        let expected = self.model.insert_product(&new);
        if found == "Ok" {
            // In the place of one that has gone, or else of any.
            let is_there = |product: &Product| self.model.products.iter().any(|other| other.id == product.id);
            let place = self.products.iter().position(|product| !is_there(product));
            let place = place.unwrap_or_else(|| self.dice.roll(self.products.len()));
            if let Some(old) = self.products.get_mut(place) {
                *old = new.clone();
            }
        }
        (format!("insert of product {}", new.sku), found, expected)
    }

    async fn update_product(&mut self, step: u64) -> Step {
        let known = self.dice.pick(&self.products).ok_or("no products")?;
        let stored = self.model.products.iter().find(|product| product.id == known.id);
        let version = stored.map_or(1, |stored| stored.version) - i64::from(self.dice.roll(4) == 0);
        let after = Product {
            sku: if self.dice.roll(3) == 0 { self.dice.pick(&SKUS).unwrap_or_default().to_owned() } else { known.sku },
            name: format!("Step {step}"),
            category: self.dice.pick(&CATEGORIES).unwrap_or_default().to_owned(),
            price_cents: self.dice.number(10_000),
            stock: self.dice.number(60),
            version: version + 1,
            ..product(0)
        };
        let after = Product { id: known.id, created_at: known.created_at, ..after };
        let found = self.fixture.update_product(&after, version).await;
        if found == "Ok" {
            self.products
                .iter_mut()
                .filter(|product| product.id == after.id)
                .for_each(|product| *product = after.clone());
        }
        Ok((format!("update of product {}", after.id), found, self.model.update_product(&after, version)))
    }

    async fn delete_product(&mut self) -> Step {
        let known = self.dice.pick(&self.products).ok_or("no products")?;
        let stored = self.model.products.iter().find(|product| product.id == known.id);
        let version = stored.map_or(1, |stored| stored.version) + i64::from(self.dice.roll(4) == 0);
        let found = self.fixture.delete_product(known.id, version).await;
        Ok((format!("delete of product {}", known.id), found, self.model.delete_product(known.id, version)))
    }

    /// In the place of one that has gone; if none has, nothing.
    async fn insert_user(&mut self, step: u64) -> Step {
        let is_there = |user: &User| self.model.users.iter().any(|other| other.id == user.id);
        let Some(place) = self.users.iter().position(|user| !is_there(user)) else {
            return Ok(("nobody has gone".to_owned(), "Ok".to_owned(), vec!["Ok".to_owned()]));
        };
        let new = user(10 + step);
        let found = self.fixture.insert(&new).await;
        *self.users.get_mut(place).ok_or("no such place")? = new.clone();
        Ok((format!("insert of user {}", new.id), found, self.model.insert_user(&new)))
    }

    async fn rename_user(&mut self, step: u64) -> Step {
        let known = self.dice.pick(&self.users).ok_or("no users")?;
        let after = changed(&known, |user| user.name = format!("Step {step}"));
        let found = self.fixture.update(&after, known.version).await;
        if found == "Ok" {
            self.users.iter_mut().filter(|user| user.id == after.id).for_each(|user| *user = after.clone());
        }
        Ok((format!("rename of user {}", after.id), found, self.model.update_user(&after, known.version)))
    }

    async fn delete_user(&mut self) -> Step {
        let known = self.dice.pick(&self.users).ok_or("no users")?;
        let version = known.version + i64::from(self.dice.roll(6) == 0);
        let found = self.fixture.delete(known.id, version).await;
        Ok((format!("delete of user {}", known.id), found, self.model.delete_user(known.id, version)))
    }

    /// Reads what the store has: something of it, or all of it.
    async fn check(&mut self, all: bool) -> Outcome {
        let (fixture, model) = (&self.fixture, &self.model);
        same("products", fixture.all_products().await?, model.list_products(None, None, 1_000))?;
        let days: Vec<_> =
            (0..5).filter_map(|day| Timestamp::from_millis(FIRST_DAY_MILLIS + day * DAY_MILLIS)).collect();
        let days: Vec<Day> = days.into_iter().map(Timestamp::day).collect();
        let (from, to) = if all { (None, None) } else { (self.dice.perhaps(&days), self.dice.perhaps(&days)) };
        // Nobody asks for days that end before they begin.
        let to = to.filter(|to| from.is_none_or(|from| from <= *to));
        same(&format!("sales from {from:?} to {to:?}"), fixture.sales(from, to).await?, model.sales(from, to))?;
        if let Some(last) = self.orders.last() {
            let expected = model.find_order(|order| order.id == last.id);
            same("the last order", fixture.find_order(last.id).await?, expected)?;
        }
        let customer = self.dice.pick(&self.users).ok_or("no users")?;
        let (status, after) =
            (self.dice.perhaps(&OrderStatus::ALL), self.dice.perhaps(&self.orders).map(|order| order.id));
        let listed = fixture.list_orders(customer.id, status, after, 3).await?;
        same(&format!("{status:?} after {after:?}"), listed, model.list_orders(customer.id, status, after, 3))?;
        if all { self.check_all().await } else { Ok(()) }
    }

    async fn check_all(&self) -> Outcome {
        let (fixture, model) = (&self.fixture, &self.model);
        let mut users = model.users.clone();
        users.sort_by_key(|user| user.id);
        same("users", fixture.all().await?, users)?;
        for category in CATEGORIES {
            let after = self.products.first().map(|product| product.id);
            let listed = fixture.list_products(Some(category), after, 2).await?;
            same(category, listed, model.list_products(Some(category), after, 2))?;
        }
        for customer in &self.users {
            same("orders", fixture.orders_of(customer).await?, model.list_orders(customer.id, None, None, 1_000))?;
            for key in KEYS {
                let is_it =
                    |order: &Order| order.customer.id == customer.id && order.idempotency_key.as_deref() == Some(key);
                same(key, fixture.find_by_key(customer, key).await?, model.find_order(is_it))?;
            }
        }
        Ok(())
    }
}

/// What was done, what it came to, and what it may come to; or why it could not be done.
type Step = Result<(String, String, Words), String>;

fn agreed(what: &str, found: String, expected: &Words) -> Outcome {
    if expected.contains(&found) { Ok(()) } else { Err(format!("{what}: found {found} instead of {expected:?}")) }
}
