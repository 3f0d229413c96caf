//! Any sequence of operations gives what a simple model gives: the same words, and the same reads after each of them.
//!
//! The sequences are random but the same on every store and on every day: what fails once fails again.

use super::dice::Dice;
use super::model::{Model, Words};
use super::shop::product;
use super::{Fixture, Outcome, admin, same, user};
use crate::domain::{Day, Order, OrderStatus, Product, Timestamp, User};
use std::collections::BTreeSet;

/// 2024-02-27T00:00:00Z: orders are placed in the five days from here on.
pub(super) const FIRST_DAY_MILLIS: i64 = 1_708_992_000_000;
pub(super) const DAY_MILLIS: i64 = 86_400_000;
const STEPS: u64 = 150;
pub(super) const SKUS: [&str; 7] = ["A", "B", "C", "D", "E", "F", "G"];
pub(super) const CATEGORIES: [&str; 3] = ["Tools", "tools", "Toys"];
pub(super) const KEYS: [&str; 3] = ["key", "KEY", "0"];

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_1(fixture: Fixture) -> Outcome {
    sequence(fixture, 1).await
}

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_2(fixture: Fixture) -> Outcome {
    sequence(fixture, 3).await
}

pub(super) async fn a_sequence_of_operations_is_as_the_model_says_3(fixture: Fixture) -> Outcome {
    sequence(fixture, 5).await
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

/// A store and its model. What is there or was there until the last of its kind is used again and again.
pub(super) struct Shop {
    pub(super) fixture: Fixture,
    pub(super) model: Model,
    pub(super) dice: Dice,
    pub(super) users: Vec<User>,
    pub(super) products: Vec<Product>,
    /// Each order in each state it was in: to move it from a state that it has left is a conflict.
    pub(super) orders: Vec<Order>,
    /// What the operations came to.
    pub(super) told: BTreeSet<String>,
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

fn agreed(what: &str, found: String, expected: &Words) -> Outcome {
    if expected.contains(&found) { Ok(()) } else { Err(format!("{what}: found {found} instead of {expected:?}")) }
}
