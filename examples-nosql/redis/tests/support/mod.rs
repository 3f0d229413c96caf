//! A Redis of a test's own, to be stopped, killed and set up wrongly, and a proxy whose connections can be cut.

#![allow(dead_code, missing_docs)]

use redis::Client;
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{
    AttributeValue, Attributes, Customer, Number, Order, OrderId, OrderStatus, Product, ProductId, Timestamp, User,
    UserId,
};
use shared::repository::{
    OpenError, OrderQuery, ProductQuery, Repositories, SalesQuery, StoreError, StoreOptions, UserQuery,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What makes a write survive.
pub const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// A process of Redis on a port and in a folder of its own. `REDIS_SERVER` names another program, such as valkey-server.
pub struct Server {
    pub port: u16,
    pub folder: TempDir,
    process: Child,
}

impl Server {
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let process = spawn(port, &folder, arguments);
        let server = Self { port, folder, process };
        server.answers().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// A connection by the driver alone.
    pub async fn raw(&self) -> redis::aio::MultiplexedConnection {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// Sends one command, as typed in `redis-cli`.
    pub async fn command(&self, words: &str) {
        let mut command = redis::Cmd::new();
        command.arg(words.split(' ').collect::<Vec<_>>());
        command.exec_async(&mut self.raw().await).await.unwrap();
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// As `kill -9` does: it has no chance to write anything more.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub async fn start_again(&mut self, arguments: &[&str]) {
        self.process = spawn(self.port, &self.folder, arguments);
        self.answers().await;
    }

    async fn answers(&self) {
        let started = Instant::now();
        let client = Client::open(self.url()).unwrap();
        loop {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                // Another error than LOADING is an answer as well: some of these servers want a password.
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(port: u16, folder: &TempDir, arguments: &[&str]) -> Child {
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]).arg("--dir").arg(folder.path());
    command.args(arguments).stdout(Stdio::null());
    command.spawn().expect("redis-server is not there: run `infra/services install`")
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Passes on what goes to a server and back, until its connections are cut.
pub struct Proxy {
    pub port: u16,
    passing: Arc<Mutex<Vec<JoinHandle<()>>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passing = Arc::<Mutex<Vec<_>>>::default();
        let kept = passing.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let pass = async move {
                    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, to));
                    let mut server = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                };
                kept.lock().unwrap().push(tokio::spawn(pass));
            }
        });
        Self { port, passing, accepting }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Cuts all connections, and waits until they are: a call that comes next never meets an old one that works. Gives how
    /// many there were.
    pub async fn cut(&self) -> usize {
        let passing = std::mem::take(&mut *self.passing.lock().unwrap());
        let count = passing.iter().filter(|pass| !pass.is_finished()).map(JoinHandle::abort).count();
        for pass in passing {
            drop(pass.await);
        }
        count
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub async fn open(url: &str, connections: usize, timeout_ms: u64) -> Repositories {
    try_open(url, connections, timeout_ms).await.unwrap()
}

pub async fn try_open(url: &str, connections: usize, timeout_ms: u64) -> Result<Repositories, OpenError> {
    store_redis::open(url, StoreOptions { connections, timeout: Duration::from_millis(timeout_ms) }).await
}

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}

pub fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

/// A user of whom there is one for each number.
pub fn somebody(number: u64) -> User {
    User { email: format!("user{number}@example.com"), ..user(number + 1, unusable_hash()) }
}

pub async fn all(store: &Repositories) -> Vec<User> {
    let query = UserQuery { role: None, after: None, limit: 1_000_000 };
    store.users.list(&context(), &query).await.unwrap()
}

/// Changes with any key or value; the server must be started with [`DEBUG`].
pub async fn digest(server: &Server) -> String {
    redis::cmd("DEBUG").arg("DIGEST").query_async(&mut server.raw().await).await.unwrap()
}

pub const DEBUG: [&str; 2] = ["--enable-debug-command", "yes"];

/// 2025-01-31T23:59:59.999Z.
pub const LATE_IN_JANUARY: i64 = 1_738_367_999_999;

/// A product of which there is one for each number, in one of three categories.
pub fn product(number: u64, stock: i64) -> Product {
    let created_at = Timestamp::from_millis(LATE_IN_JANUARY).unwrap();
    let attributes = [
        ("colour", AttributeValue::Text("\u{1f534} \"red\"".to_owned())),
        ("is_new", AttributeValue::Flag(true)),
        ("weight_kg", AttributeValue::Number(Number::new(0.1 + 0.2))),
    ];
    Product {
        id: ProductId::from_bytes((0x0194_0000_0000_7000_8000_0000_0000_0000_u128 + u128::from(number)).to_be_bytes()),
        sku: format!("SKU-{number}"),
        name: format!("Product {number}"),
        category: ["Tools", "Toys: {small}", "\u{c4}pfel"][usize::try_from(number % 3).unwrap()].to_owned(),
        price_cents: i64::try_from(number).unwrap() * 1_000 + 99,
        stock,
        attributes: Attributes(attributes.map(|(name, value)| (name.to_owned(), value)).into()),
        version: 1,
        created_at,
        updated_at: created_at,
    }
}

/// An order of which there is one for each number, of these products and quantities.
pub fn order(number: u64, customer: &User, wanted: &[(&Product, i64)]) -> Order {
    let created_at = Timestamp::from_millis(LATE_IN_JANUARY + i64::try_from(number % 2).unwrap()).unwrap();
    let id = OrderId::from_bytes((0x0194_0000_0001_7000_8000_0000_0000_0000_u128 + u128::from(number)).to_be_bytes());
    let order = Order::new(id, Customer::from(customer), wanted, created_at);
    Order { idempotency_key: Some(format!("key-{number}")), ..order }
}

/// The order as a change of its status leaves it.
pub fn moved(order: &Order, status: OrderStatus) -> Order {
    let updated_at = Timestamp::from_millis(order.updated_at.as_millis() + 1_000).unwrap();
    order.moved(status, updated_at)
}

pub async fn products(store: &Repositories) -> Vec<Product> {
    let query = ProductQuery { category: None, after: None, limit: 1_000_000 };
    store.products.list(&context(), &query).await.unwrap()
}

pub async fn orders_of(store: &Repositories, customer: UserId, status: Option<OrderStatus>) -> Vec<Order> {
    let query = OrderQuery { customer, status, after: None, limit: 1_000_000 };
    store.orders.list(&context(), &query).await.unwrap()
}

/// Whether the stock of products that had `stock` each, their versions, the listings and the report are what these
/// customers' orders make them.
pub async fn balance(store: &Repositories, customers: &[User], stock: i64) -> Vec<Order> {
    let mut orders = Vec::new();
    for customer in customers {
        let of_customer = orders_of(store, customer.id, None).await;
        for status in OrderStatus::ALL {
            let with_status: Vec<Order> = of_customer.iter().filter(|order| order.status == status).cloned().collect();
            assert_eq!(orders_of(store, customer.id, Some(status)).await, with_status);
        }
        orders.extend(of_customer);
    }
    let (mut sold, mut changes) = (BTreeMap::<ProductId, i64>::new(), BTreeMap::<ProductId, i64>::new());
    let mut report = BTreeMap::<&str, (i64, i64, i64)>::new();
    for order in &orders {
        assert_eq!(store.orders.find(&context(), order.id).await.unwrap().as_ref(), Some(order));
        for line in &order.lines {
            let is_live = order.status != OrderStatus::Cancelled;
            *sold.entry(line.product_id).or_default() += if is_live { line.quantity } else { 0 };
            *changes.entry(line.product_id).or_default() += if is_live { 1 } else { 2 };
        }
        let categories: BTreeSet<&str> = order.lines.iter().map(|line| &*line.category).collect();
        for category in categories.into_iter().filter(|_| order.status.is_sale()) {
            let sales = report.entry(category).or_default();
            sales.0 += 1;
            for line in order.lines.iter().filter(|line| line.category == category) {
                (sales.1, sales.2) = (sales.1 + line.quantity, sales.2 + line.revenue_cents);
            }
        }
    }
    for product in products(store).await {
        let of = |map: &BTreeMap<ProductId, i64>| map.get(&product.id).copied().unwrap_or_default();
        assert_eq!((product.stock, product.version), (stock - of(&sold), 1 + of(&changes)), "{}", product.sku);
    }
    let sales = store.reports.sales(&context(), &SalesQuery { from: None, to: None }).await.unwrap();
    let sales = sales.iter().map(|sales| (&*sales.category, (sales.orders, sales.units, sales.revenue_cents)));
    assert_eq!(sales.collect::<BTreeMap<_, _>>(), report);
    orders
}

/// Whether a placing ended as it may when the database goes away in the middle: it is not known what became of it.
pub fn is_unknown(placed: &Result<(), StoreError>) -> bool {
    matches!(placed, Err(StoreError::Unavailable(_) | StoreError::TimedOut | StoreError::Overloaded))
}

pub async fn soon<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "not so after ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
