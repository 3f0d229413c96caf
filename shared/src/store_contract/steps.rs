//! The operations that a random sequence is made of: each is done to the store and to its model.

use super::model::Words;
use super::sequences::{CATEGORIES, DAY_MILLIS, FIRST_DAY_MILLIS, KEYS, SKUS, Shop};
use super::shop::{keyed, moved, order, product};
use super::{changed, user};
use crate::domain::{OrderStatus, Product, Timestamp, User};

/// What was done, what it came to, and what it may come to; or why it could not be done.
pub(super) type Step = Result<(String, String, Words), String>;

impl Shop {
    pub(super) async fn place(&mut self, step: u64) -> Step {
        // Most are the first two's, so that there are others who can be deleted.
        let among = if self.dice.roll(4) == 0 { self.users.get(2..) } else { self.users.get(..2) };
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

    pub(super) async fn move_order(&mut self) -> (String, String, Words) {
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

    pub(super) async fn insert_product(&mut self, step: u64) -> (String, String, Words) {
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

    pub(super) async fn update_product(&mut self, step: u64) -> Step {
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

    pub(super) async fn delete_product(&mut self) -> Step {
        let known = self.dice.pick(&self.products).ok_or("no products")?;
        let stored = self.model.products.iter().find(|product| product.id == known.id);
        let version = stored.map_or(1, |stored| stored.version) + i64::from(self.dice.roll(4) == 0);
        let found = self.fixture.delete_product(known.id, version).await;
        Ok((format!("delete of product {}", known.id), found, self.model.delete_product(known.id, version)))
    }

    /// In the place of one that has gone; if none has, nothing.
    pub(super) async fn insert_user(&mut self, step: u64) -> Step {
        let is_there = |user: &User| self.model.users.iter().any(|other| other.id == user.id);
        let Some(place) = self.users.iter().position(|user| !is_there(user)) else {
            return Ok(("nobody has gone".to_owned(), "Ok".to_owned(), vec!["Ok".to_owned()]));
        };
        let new = user(10 + step);
        let found = self.fixture.insert(&new).await;
        *self.users.get_mut(place).ok_or("no such place")? = new.clone();
        Ok((format!("insert of user {}", new.id), found, self.model.insert_user(&new)))
    }

    pub(super) async fn rename_user(&mut self, step: u64) -> Step {
        let known = self.dice.pick(&self.users).ok_or("no users")?;
        let after = changed(&known, |user| user.name = format!("Step {step}"));
        let found = self.fixture.update(&after, known.version).await;
        if found == "Ok" {
            self.users.iter_mut().filter(|user| user.id == after.id).for_each(|user| *user = after.clone());
        }
        Ok((format!("rename of user {}", after.id), found, self.model.update_user(&after, known.version)))
    }

    pub(super) async fn delete_user(&mut self) -> Step {
        let among = if self.dice.roll(2) == 0 { self.users.get(2..) } else { Some(self.users.as_slice()) };
        let known = self.dice.pick(among.unwrap_or_default()).ok_or("no users")?;
        let version = known.version + i64::from(self.dice.roll(6) == 0);
        let found = self.fixture.delete(known.id, version).await;
        Ok((format!("delete of user {}", known.id), found, self.model.delete_user(known.id, version)))
    }
}
