//! How often each operation asks the database, as a variant that was started with `--trace` says.

use super::FactError;
use contract::answer::Answer;
use contract::client::Client;
use contract::request::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Does the operation of each workload once, as an admin with this address and password, and counts the statements that its
/// store has sent. Empty for a store that sends none.
///
/// It creates three products, places an order and renames the admin: give it a database of its own.
///
/// # Errors
/// If the variant does not answer, or otherwise than it should.
pub async fn round_trips(url: &str, email: &str, password: &str) -> Result<BTreeMap<String, u64>, FactError> {
    let client = Client::new(url)?;
    let login = Request::new("POST", "/api/auth/login").json(&json!({"email": email, "password": password}));
    let token = text(&value(&sent(&client, login.clone(), 200).await?)?, "access_token")?;
    let traced = Traced { client, token };
    let me = text(&value(&sent(&traced.client, traced.with("GET", "/api/auth/me"), 200).await?)?, "id")?;
    let user = format!("/api/users/{me}");
    let mut lines = Vec::new();
    for number in 1..=2 {
        let answer = sent(&traced.client, traced.new_product(number), 201).await?;
        lines.push(json!({"product_id": text(&value(&answer)?, "id")?, "quantity": 1}));
    }

    let mut counts = BTreeMap::new();
    let mut count = |operation: &str, statements| counts.insert(operation.to_owned(), statements);
    count("hello::show", traced.statements(Request::new("GET", "/api/hello"), 200).await?.0);
    count("users::find", traced.statements(traced.with("GET", &user), 200).await?.0);
    count("users::list", traced.statements(traced.with("GET", "/api/users?limit=20"), 200).await?.0);
    let (statements, product) = traced.statements(traced.new_product(3), 201).await?;
    count("products::create", statements);
    lines.push(json!({"product_id": text(&value(&product)?, "id")?, "quantity": 1}));
    let rename = traced.with("PATCH", &user).json(&json!({"name": "Admin"}));
    count("users::update", traced.statements(rename, 200).await?.0);
    let order = traced.with("POST", "/api/orders").json(&json!({"lines": lines}));
    count("orders::create", traced.statements(order, 201).await?.0);
    count("reports::sales", traced.statements(traced.with("GET", "/api/reports/sales"), 200).await?.0);
    count("auth::login", traced.statements(login, 200).await?.0);
    if counts.values().all(|statements| *statements == 0) {
        counts.clear();
    }
    Ok(counts)
}

/// A variant that keeps the statements of its requests.
struct Traced {
    client: Client,
    token: String,
}

impl Traced {
    fn with(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).bearer(&self.token)
    }

    fn new_product(&self, number: u64) -> Request {
        let sku = format!("ROUND-TRIPS-{number}");
        let product = json!({"sku": sku, "name": "Lamp", "category": "Home", "price_cents": 1_999, "stock": 10});
        self.with("POST", "/api/products").json(&product)
    }

    /// How many statements were sent for a request, and its answer.
    async fn statements(&self, request: Request, expected: u16) -> Result<(u64, Answer), FactError> {
        // A token's user is asked for every few seconds, and after a change: so not during what is counted.
        sent(&self.client, self.with("GET", "/api/auth/me"), 200).await?;
        const ID: &str = "round-trips";
        let answer = sent(&self.client, request.header("X-Request-Id", ID), expected).await?;
        // The newest request of an id is the one that is kept.
        let trace = value(&sent(&self.client, Request::new("GET", &format!("/trace/{ID}")), 200).await?)?;
        let statements = trace.get("statements").and_then(Value::as_array);
        let statements = statements.ok_or_else(|| not_as_expected("no statements in a trace"))?;
        Ok((statements.len() as u64, answer))
    }
}

async fn sent(client: &Client, request: Request, expected: u16) -> Result<Answer, FactError> {
    let answer = client.send(&request).await?;
    if answer.status == expected {
        return Ok(answer);
    }
    let request = format!("{} {}", request.method, request.path);
    Err(FactError::Answer { request, status: answer.status, expected })
}

fn value(answer: &Answer) -> Result<Value, FactError> {
    serde_json::from_slice(&answer.body).map_err(|_| not_as_expected("a body that is not JSON"))
}

fn text(value: &Value, name: &str) -> Result<String, FactError> {
    let text = value.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| not_as_expected(&format!("no `{name}` in a body")))
}

fn not_as_expected(reason: &str) -> FactError {
    FactError::Format { what: "the variant's answer".to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::round_trips;
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that answers like a variant whose every request under `/api/` but the first sends `statements`.
    async fn server(statements: &'static str, seen: Arc<Mutex<Vec<String>>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 65_536];
                let length = stream.read(&mut bytes).await.unwrap();
                let head = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
                let status =
                    if line == "POST /api/products" || line == "POST /api/orders" { "201 Created" } else { "200 OK" };
                let body = match line.as_str() {
                    "GET /trace/round-trips" => format!(r#"{{"statements":{statements}}}"#),
                    _ => r#"{"access_token":"t","id":"7"}"#.to_owned(),
                };
                let counted = head.contains("X-Request-Id");
                if counted {
                    seen.lock().unwrap().push(line);
                }
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn each_workload_has_its_operation() {
        let seen = Arc::default();
        let url = server(r#"[{"statement":"SELECT 1"},{"statement":"SELECT 2"}]"#, Arc::clone(&seen)).await;
        let counts = round_trips(&url, "admin@example.com", "a password").await.unwrap();
        assert_eq!(counts.len(), 8);
        assert!(counts.values().all(|count| *count == 2), "{counts:?}");
        assert_eq!(counts.get("users::find"), Some(&2));
        let expected = [
            "GET /api/hello",
            "GET /api/users/7",
            "GET /api/users?limit=20",
            "POST /api/products",
            "PATCH /api/users/7",
            "POST /api/orders",
            "GET /api/reports/sales",
            "POST /api/auth/login",
        ];
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_store_that_sends_nothing_has_no_counts() {
        let url = server("[]", Arc::default()).await;
        assert!(round_trips(&url, "admin@example.com", "a password").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_variant_without_traces_is_told_what_it_lacks() {
        let url = server("null", Arc::default()).await;
        let error = round_trips(&url, "admin@example.com", "a password").await.unwrap_err();
        assert!(error.to_string().contains("no statements"), "{error}");
    }
}
