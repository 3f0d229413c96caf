//! A store that is too simple to be wrong: what [`super::sequences`] compares with. It looks at everything each time.

use super::word;
use crate::domain::{CategorySales, Day, Order, OrderId, OrderStatus, Product, ProductId, Role, User, UserId};
use crate::repository::{Shortage, StoreError};

/// What there is, in no order.
#[derive(Default)]
pub(super) struct Model {
    pub(super) users: Vec<User>,
    pub(super) products: Vec<Product>,
    pub(super) orders: Vec<Order>,
}

/// What a write may come to: one word, or several where the traits leave it open which of them is told.
pub(super) type Words = Vec<String>;

/// These errors apply. If none does, the write succeeds.
fn words(errors: Vec<StoreError>) -> Words {
    if errors.is_empty() { vec![word(Ok(()))] } else { errors.into_iter().map(|error| word(Err(error))).collect() }
}

fn applies(applies: bool, error: StoreError) -> Option<StoreError> {
    applies.then_some(error)
}

impl Model {
    pub(super) fn insert_user(&mut self, user: &User) -> Words {
        self.users.push(user.clone());
        words(vec![])
    }

    pub(super) fn update_user(&mut self, user: &User, expected_version: i64) -> Words {
        match self.users.iter_mut().find(|stored| stored.id == user.id && stored.version == expected_version) {
            Some(stored) => *stored = user.clone(),
            None => return words(vec![StoreError::VersionConflict]),
        }
        words(vec![])
    }

    pub(super) fn delete_user(&mut self, id: UserId, expected_version: i64) -> Words {
        let Some(user) = self.users.iter().find(|user| user.id == id && user.version == expected_version) else {
            return words(vec![StoreError::VersionConflict]);
        };
        if user.role == Role::Admin && self.users.iter().filter(|user| user.role == Role::Admin).count() == 1 {
            return words(vec![StoreError::LastAdmin]);
        }
        if self.orders.iter().any(|order| order.customer.id == id) {
            return words(vec![StoreError::HasOrders]);
        }
        self.users.retain(|user| user.id != id);
        words(vec![])
    }

    pub(super) fn insert_product(&mut self, product: &Product) -> Words {
        if self.products.iter().any(|other| other.sku == product.sku) {
            return words(vec![StoreError::SkuTaken]);
        }
        self.products.push(product.clone());
        words(vec![])
    }

    pub(super) fn update_product(&mut self, product: &Product, expected_version: i64) -> Words {
        let is_it = |stored: &Product| stored.id == product.id && stored.version == expected_version;
        let taken = self.products.iter().any(|other| other.sku == product.sku && other.id != product.id);
        let found = self.products.iter().any(is_it);
        let errors = [applies(!found, StoreError::VersionConflict), applies(taken, StoreError::SkuTaken)];
        if found && !taken {
            self.products.retain(|stored| !is_it(stored));
            self.products.push(product.clone());
        }
        words(errors.into_iter().flatten().collect())
    }

    pub(super) fn delete_product(&mut self, id: ProductId, expected_version: i64) -> Words {
        let before = self.products.len();
        self.products.retain(|product| product.id != id || product.version != expected_version);
        words(applies(self.products.len() == before, StoreError::VersionConflict).into_iter().collect())
    }

    pub(super) fn place(&mut self, order: &Order) -> Words {
        let left = |id: ProductId| self.products.iter().find(|product| product.id == id).map(|product| product.stock);
        let short = order.lines.iter().filter(|line| left(line.product_id).is_none_or(|left| left < line.quantity));
        let shortage = |product_id| Shortage { product_id, left: left(product_id) };
        let shortages: Vec<_> = short.map(|line| shortage(line.product_id)).collect();
        let same_key = |other: &Order| {
            other.customer.id == order.customer.id
                && other.idempotency_key.is_some()
                && other.idempotency_key == order.idempotency_key
        };
        let errors = [
            applies(!shortages.is_empty(), StoreError::OutOfStock(shortages)),
            applies(!self.users.iter().any(|user| user.id == order.customer.id), StoreError::CustomerGone),
            applies(self.orders.iter().any(|other| other.id == order.id || same_key(other)), StoreError::KeyTaken),
        ];
        let errors: Vec<_> = errors.into_iter().flatten().collect();
        if errors.is_empty() {
            self.orders.push(order.clone());
            self.change_stock(order, -1);
        }
        words(errors)
    }

    pub(super) fn update_order(&mut self, before: &Order, after: &Order) -> Words {
        match self.orders.iter_mut().find(|stored| stored.id == before.id && stored.version == before.version) {
            Some(stored) => *stored = after.clone(),
            None => return words(vec![StoreError::VersionConflict]),
        }
        if after.status == OrderStatus::Cancelled {
            self.change_stock(after, 1);
        }
        words(vec![])
    }

    fn change_stock(&mut self, order: &Order, sign: i64) {
        for line in &order.lines {
            for product in self.products.iter_mut().filter(|product| product.id == line.product_id) {
                product.stock += sign * line.quantity;
                product.version += 1;
            }
        }
    }

    pub(super) fn list_products(&self, category: Option<&str>, after: Option<ProductId>, limit: usize) -> Vec<Product> {
        let listed =
            self.products.iter().filter(|product| category.is_none_or(|category| product.category == category));
        let mut listed: Vec<_> =
            listed.filter(|product| after.is_none_or(|after| product.id > after)).cloned().collect();
        listed.sort_by_key(|product| product.id);
        listed.truncate(limit);
        listed
    }

    pub(super) fn list_orders(
        &self,
        customer: UserId,
        status: Option<OrderStatus>,
        after: Option<OrderId>,
        limit: usize,
    ) -> Vec<Order> {
        let listed = self.orders.iter().filter(|order| order.customer.id == customer);
        let listed = listed.filter(|order| status.is_none_or(|status| order.status == status));
        let listed = listed.filter(|order| after.is_none_or(|after| order.id > after));
        let mut listed: Vec<_> = listed.map(|order| self.named(order)).collect();
        listed.sort_by_key(|order| order.id);
        listed.truncate(limit);
        listed
    }

    /// The order that this is true of.
    pub(super) fn find_order(&self, is_it: impl Fn(&Order) -> bool) -> Option<Order> {
        self.orders.iter().find(|order| is_it(order)).map(|order| self.named(order))
    }

    fn named(&self, order: &Order) -> Order {
        let mut order = order.clone();
        let customer = self.users.iter().find(|user| user.id == order.customer.id);
        order.customer.name = customer.map(|user| user.name.clone()).unwrap_or_default();
        order
    }

    pub(super) fn sales(&self, from: Option<Day>, to: Option<Day>) -> Vec<CategorySales> {
        let sold = self.orders.iter().filter(|order| matches!(order.status, OrderStatus::Paid | OrderStatus::Shipped));
        let sold = sold.filter(|order| from.is_none_or(|from| order.created_at.day() >= from));
        let sold: Vec<_> = sold.filter(|order| to.is_none_or(|to| order.created_at.day() <= to)).collect();
        let mut categories: Vec<_> =
            sold.iter().flat_map(|order| &order.lines).map(|line| line.category.clone()).collect();
        categories.sort();
        categories.dedup();
        let of = |category: String| {
            let lines = || sold.iter().flat_map(|order| &order.lines).filter(|line| line.category == category);
            let orders = sold.iter().filter(|order| order.lines.iter().any(|line| line.category == category)).count();
            let orders = i64::try_from(orders).unwrap_or(i64::MAX);
            let units = lines().map(|line| line.quantity).sum();
            let revenue_cents = lines().map(|line| line.revenue_cents).sum();
            CategorySales { category, orders, units, revenue_cents }
        };
        let mut sales: Vec<_> = categories.into_iter().map(of).collect();
        sales.sort_by(|one, other| other.revenue_cents.cmp(&one.revenue_cents).then(one.category.cmp(&other.category)));
        sales
    }
}
