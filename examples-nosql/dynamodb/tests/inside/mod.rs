//! What the tests of this crate share.

#![allow(dead_code, clippy::unwrap_used)]

use shared::context::RequestContext;
use shared::demo;
use shared::domain::{Customer, Order, OrderId, OrderStatus, Product, ProductId, Role, User};
use shared::repository::{OrderQuery, Repositories, StoreOptions, UserQuery};
use shared::store_contract::{database_url, options};
use std::time::Duration;

pub mod proxy;

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}

pub fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(30), true)
}

/// User number 0, 1, ..., each with an address of its own.
pub fn user(number: u64) -> User {
    let email = format!("user{number}@example.com");
    User { email, role: Role::User, ..demo::user(number, demo::unusable_hash()) }
}

/// Product number 0, 1, ..., with so many units.
pub fn product(number: u64, stock: i64) -> Product {
    Product {
        id: ProductId::from_bytes(id(number)),
        sku: format!("SKU-{number}"),
        name: format!("Product {number}"),
        stock,
        version: 1,
        ..demo::product(number % demo::PRODUCTS + 1)
    }
}

/// Order number 0, 1, ..., of so many units of each of these products.
pub fn order(number: u64, customer: &User, lines: &[(&Product, i64)]) -> Order {
    let order = Order::new(OrderId::from_bytes(id(number)), Customer::from(customer), lines, customer.created_at);
    Order { idempotency_key: Some(format!("key-{number}")), ..order }
}

/// The order as a change of its status leaves it.
pub fn moved(order: &Order, status: OrderStatus) -> Order {
    order.moved(status, order.updated_at)
}

fn id(number: u64) -> [u8; 16] {
    ((0x0194_0000_0000_u128 << 80) | (0x7 << 76) | (0x8 << 60) | u128::from(number)).to_be_bytes()
}

/// All orders of a customer.
pub async fn orders_of(store: &Repositories, customer: &User) -> Vec<Order> {
    let query = OrderQuery { customer: customer.id, status: None, after: None, limit: 10_000 };
    store.orders.list(&context(), &query).await.unwrap()
}

/// How many units of a product there are.
pub async fn stock(store: &Repositories, product: &Product) -> i64 {
    store.products.find(&context(), product.id).await.unwrap().unwrap().stock
}

pub fn within(seconds: u64, connections: usize) -> StoreOptions {
    StoreOptions { timeout: Duration::from_secs(seconds), ..options(connections) }
}

pub async fn all(store: &Repositories) -> Vec<User> {
    let query = UserQuery { role: None, after: None, limit: 10_000 };
    store.users.list(&context(), &query).await.unwrap()
}

/// A table of a test's own.
pub struct Table {
    pub url: String,
}

impl Table {
    pub fn new() -> Self {
        Self { url: database_url("DYNAMODB_URL", store_dynamodb::development_url) }
    }

    /// `127.0.0.1:42800`.
    pub fn server(&self) -> &str {
        self.url.split_once("endpoint=http://").unwrap().1
    }

    pub fn name(&self) -> &str {
        self.url.split(['/', '?']).nth(3).unwrap()
    }

    /// The same table, asked through another address.
    pub fn through(&self, address: impl ToString) -> String {
        self.url.replace(self.server(), &address.to_string())
    }

    pub async fn open(&self) -> Repositories {
        store_dynamodb::open(&self.url, options(4)).await.unwrap()
    }

    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        client(self.server())
    }

    pub async fn remove(self) {
        store_dynamodb::remove(&self.url, options(1)).await.unwrap();
    }
}

/// The driver, to do what the store does not.
pub fn client(server: &str) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("local"))
        .endpoint_url(format!("http://{server}"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_dynamodb::Client::from_conf(config.build())
}
