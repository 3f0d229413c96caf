//! Products and orders of a test, by HTTP.

use super::Process;
use super::requests::{send, sign_in, value};
use contract::Credentials;
use contract::answer::Answer;
use contract::client::Client;
use contract::request::Request;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shop, and its admin's token: who makes the products, and orders them, too.
pub struct Shop {
    client: Client,
    token: String,
    admin: String,
}

impl Shop {
    /// The shop of these processes, which share a database. Each request goes to one of them by chance.
    pub async fn of(processes: &[&Process], credentials: &Credentials) -> Self {
        let token = sign_in(processes[0], credentials).await;
        let mut client = Client::new(&processes[0].url).unwrap();
        for process in &processes[1..] {
            client = client.or(&process.url).unwrap();
        }
        let me = send(processes[0], Request::new("GET", "/api/auth/me").bearer(&token)).await;
        Self { client, token, admin: value(&me)["id"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, request: Request) -> Answer {
        self.client.send(&request.bearer(&self.token)).await.unwrap()
    }

    /// Makes a product, and gives its id.
    pub async fn product(&self, price_cents: u64, stock: u64) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let sku = format!("TEST-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let body =
            json!({"sku": sku, "name": "Thing", "category": "Things", "price_cents": price_cents, "stock": stock});
        let answer = self.send(Request::new("POST", "/api/products").json(&body)).await;
        assert_eq!(answer.status, 201, "{answer}");
        value(&answer)["id"].as_str().unwrap().to_owned()
    }

    /// How many of a product there are.
    pub async fn stock(&self, product: &str) -> u64 {
        let answer = self.send(Request::new("GET", &format!("/api/products/{product}"))).await;
        assert_eq!(answer.status, 200, "{answer}");
        value(&answer)["stock"].as_u64().unwrap()
    }

    /// Orders so many of each product, whatever comes of it.
    pub async fn order(&self, lines: &[(&str, u64)], key: Option<&str>) -> Answer {
        self.send(order(lines, key)).await
    }

    /// Moves an order on, whatever comes of it.
    pub async fn update(&self, order: &str, status: &str) -> Answer {
        self.send(Request::new("PATCH", &format!("/api/orders/{order}")).json(&json!({"status": status}))).await
    }

    /// An order as it is now.
    pub async fn found(&self, order: &str) -> Value {
        let answer = self.send(Request::new("GET", &format!("/api/orders/{order}"))).await;
        assert_eq!(answer.status, 200, "{answer}");
        value(&answer)
    }

    /// All orders, page by page.
    pub async fn orders(&self) -> Vec<Value> {
        let (mut orders, mut next) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/users/{}/orders?limit=100{next}", self.admin);
            let answer = self.send(Request::new("GET", &path)).await;
            assert_eq!(answer.status, 200, "{answer}");
            let page = value(&answer);
            orders.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(after) = page["next"].as_str() else { return orders };
            next = format!("&after={after}");
        }
    }
}

/// A request for so many of each product.
pub fn order(lines: &[(&str, u64)], key: Option<&str>) -> Request {
    let line = |(product, quantity): &(&str, u64)| json!({"product_id": product, "quantity": quantity});
    let request = Request::new("POST", "/api/orders");
    let request = key.map_or(request.clone(), |key| request.header("Idempotency-Key", key));
    request.json(&json!({"lines": lines.iter().map(line).collect::<Vec<_>>()}))
}

/// How many units of a product these orders hold, but for those that were cancelled.
pub fn units(orders: &[Value], product: &str) -> u64 {
    let live = orders.iter().filter(|order| order["status"] != "cancelled");
    let lines = live.flat_map(|order| order["lines"].as_array().unwrap());
    lines.filter(|line| line["product_id"] == product).map(|line| line["quantity"].as_u64().unwrap()).sum()
}

/// The `type` of a problem, without what all have in common.
pub fn problem(answer: &Answer) -> String {
    let problem = value(answer)["type"].as_str().unwrap_or_default().to_owned();
    problem.trim_start_matches("/problems/").to_owned()
}
