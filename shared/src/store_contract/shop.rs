//! Products and orders as the cases begin with them, and the calls that they make.

use super::{Fixture, Outcome, came_to, same, word};
use crate::domain::{
    AttributeValue, Attributes, CategorySales, Customer, Day, Number, Order, OrderId, OrderStatus, Product, ProductId,
    Timestamp, User, UserId,
};
use crate::repository::{OrderQuery, ProductQuery, SalesQuery, Shortage, StoreError};
use std::collections::BTreeMap;

/// 2025-01-01T09:00:00Z.
const FIRST_MILLIS: i64 = 1_735_722_000_000;

impl Fixture {
    pub(super) async fn list_products(
        &self,
        category: Option<&str>,
        after: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, String> {
        let query = ProductQuery { category: category.map(str::to_owned), after, limit };
        let listed = self.repositories.products.list(&self.context, &query).await;
        listed.map_err(|error| format!("list of products: {error:?}"))
    }

    pub(super) async fn all_products(&self) -> Result<Vec<Product>, String> {
        self.list_products(None, None, 1_000).await
    }

    pub(super) async fn find_product(&self, id: ProductId) -> Result<Option<Product>, String> {
        let found = self.repositories.products.find(&self.context, id).await;
        found.map_err(|error| format!("find of a product: {error:?}"))
    }

    /// In the order of their ids, since a store gives them in any.
    pub(super) async fn find_products(&self, ids: &[ProductId]) -> Result<Vec<Product>, String> {
        let found = self.repositories.products.find_many(&self.context, ids).await;
        let mut found = found.map_err(|error| format!("find_many: {error:?}"))?;
        found.sort_by_key(|product| product.id);
        Ok(found)
    }

    pub(super) async fn insert_product(&self, product: &Product) -> String {
        word(self.repositories.products.insert(&self.context, product).await)
    }

    pub(super) async fn update_product(&self, product: &Product, expected_version: i64) -> String {
        word(self.repositories.products.update(&self.context, product, expected_version).await)
    }

    pub(super) async fn delete_product(&self, id: ProductId, expected_version: i64) -> String {
        word(self.repositories.products.delete(&self.context, id, expected_version).await)
    }

    pub(super) async fn list_orders(
        &self,
        customer: UserId,
        status: Option<OrderStatus>,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>, String> {
        let query = OrderQuery { customer, status, after, limit };
        let listed = self.repositories.orders.list(&self.context, &query).await;
        listed.map_err(|error| format!("list of orders: {error:?}"))
    }

    pub(super) async fn orders_of(&self, customer: &User) -> Result<Vec<Order>, String> {
        self.list_orders(customer.id, None, None, 1_000).await
    }

    pub(super) async fn find_order(&self, id: OrderId) -> Result<Option<Order>, String> {
        let found = self.repositories.orders.find(&self.context, id).await;
        found.map_err(|error| format!("find of an order: {error:?}"))
    }

    pub(super) async fn find_by_key(&self, customer: &User, key: &str) -> Result<Option<Order>, String> {
        let found = self.repositories.orders.find_by_key(&self.context, customer.id, key).await;
        found.map_err(|error| format!("find_by_key: {error:?}"))
    }

    pub(super) async fn place(&self, order: &Order) -> String {
        word(self.repositories.orders.place(&self.context, order).await)
    }

    pub(super) async fn update_order(&self, before: &Order, after: &Order) -> String {
        word(self.repositories.orders.update(&self.context, before, after).await)
    }

    /// Moves an order on that the case takes to be as given, and gives it as it is then.
    pub(super) async fn given_moved(&self, before: &Order, status: OrderStatus) -> Result<Order, String> {
        let after = moved(before, status);
        came_to(status.as_str(), self.update_order(before, &after).await, "Ok")?;
        Ok(after)
    }

    pub(super) async fn sales(&self, from: Option<Day>, to: Option<Day>) -> Result<Vec<CategorySales>, String> {
        let sales = self.repositories.reports.sales(&self.context, &SalesQuery { from, to }).await;
        sales.map_err(|error| format!("sales: {error:?}"))
    }

    /// Inserts products that a case begins with.
    pub(super) async fn given_products(&self, products: &[Product]) -> Outcome {
        for product in products {
            came_to(&product.sku, self.insert_product(product).await, "Ok")?;
        }
        Ok(())
    }

    /// Places orders that a case begins with.
    pub(super) async fn given_orders(&self, orders: &[Order]) -> Outcome {
        for order in orders {
            came_to("a first placing", self.place(order).await, "Ok")?;
        }
        Ok(())
    }

    /// Whether the product is as it was inserted, but for so many units that orders took (or gave back, below zero), and for
    /// the version that each of these changes raised.
    pub(super) async fn taken(&self, product: &Product, units: i64, changes: i64) -> Outcome {
        let (stock, version) = (product.stock - units, product.version + changes);
        let expected = Product { stock, version, ..product.clone() };
        same(&product.name, self.find_product(product.id).await?, Some(expected))
    }

    /// Whether the books balance: what there was at first is what is left and what is in the customers' orders that are not
    /// cancelled.
    pub(super) async fn balanced(&self, product: &Product, customers: &[User]) -> Outcome {
        let mut units = 0;
        for customer in customers {
            let orders = self.orders_of(customer).await?;
            let live = orders.iter().filter(|order| order.status != OrderStatus::Cancelled);
            let lines = live.flat_map(|order| &order.lines).filter(|line| line.product_id == product.id);
            units += lines.map(|line| line.quantity).sum::<i64>();
        }
        let left = self.find_product(product.id).await?.map(|product| product.stock);
        same("what is left", left, Some(product.stock - units))
    }
}

/// Product number 0, 1, ..., with ids that ascend, 100 of each.
pub(super) fn product(number: u64) -> Product {
    let attributes = [
        ("colour", AttributeValue::Text("red".to_owned())),
        ("fragile", AttributeValue::Flag(true)),
        ("weight_kg", AttributeValue::Number(Number::new(0.1))),
    ];
    Product {
        id: ProductId::from_bytes(id(number)),
        sku: format!("SKU-{number}"),
        name: format!("Product {number}"),
        category: "Tools".to_owned(),
        price_cents: 1_000,
        stock: 100,
        attributes: attributes_of(attributes),
        version: 1,
        created_at: time(number),
        updated_at: time(number),
    }
}

pub(super) fn attributes_of<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Attributes {
    Attributes(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>())
}

/// Order number 0, 1, ..., with ids that ascend, placed just now: so many units of each of these products.
pub(super) fn order(number: u64, customer: &User, lines: &[(&Product, i64)]) -> Order {
    Order::new(OrderId::from_bytes(id(number)), Customer::from(customer), lines, time(number))
}

/// The order with an idempotency key.
pub(super) fn keyed(order: Order, key: &str) -> Order {
    Order { idempotency_key: Some(key.to_owned()), ..order }
}

/// The order as a change of its status leaves it.
pub(super) fn moved(order: &Order, status: OrderStatus) -> Order {
    let updated_at = Timestamp::from_millis(order.updated_at.as_millis() + 1).unwrap_or(order.updated_at);
    order.moved(status, updated_at)
}

/// The word for a placing that was refused for want of stock.
pub(super) fn out_of_stock(shortages: &[(&Product, Option<i64>)]) -> String {
    let shortage = |(product, left): &(&Product, Option<i64>)| Shortage { product_id: product.id, left: *left };
    word(Err(StoreError::OutOfStock(shortages.iter().map(shortage).collect())))
}

/// A UUIDv7 of this number. Four share a millisecond, as ids do that are made in a hurry.
fn id(number: u64) -> [u8; 16] {
    let millis = u128::from(FIRST_MILLIS.unsigned_abs() + number / 4);
    ((millis << 80) | (0x7 << 76) | (0x8 << 60) | u128::from(number)).to_be_bytes()
}

/// Each number is a second later than the one before.
fn time(number: u64) -> Timestamp {
    let millis = FIRST_MILLIS + 1_000 * i64::try_from(number).unwrap_or_default();
    Timestamp::from_millis(millis).unwrap_or_else(Timestamp::now)
}
