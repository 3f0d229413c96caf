//! The sales report. Its numbers compare, as the database holds what the session has sold and nothing else.

use super::products::product;
use super::{Recorder, location};
use crate::goods::order_of;
use crate::request::Request;
use crate::world::with;
use serde_json::{Value, json};

pub(super) async fn run(recorder: &mut Recorder) {
    sell(recorder).await;
    recorder.part("reports query");
    let admin = recorder.admin.token.clone();
    let path = "/api/reports/sales";
    recorder.get(path).await;
    recorder.get_as_user(path).await;
    recorder.step(Request::new("HEAD", path).bearer(&admin)).await;
    let queries = [
        "",
        "?",
        "?from=2000-01-01",
        "?to=2000-01-01",
        "?to=9999-12-31",
        "?from=9999-12-31",
        "?from=2000-01-01&to=2999-12-31",
        "?from=2000-02-29&to=2000-02-29",
        "?from=2001-02-29",
        "?from=1900-02-29",
        "?to=2000-02-30",
        "?from=2000-13-01",
        "?from=2000-1-1",
        "?from=20000101",
        "?from=",
        "?from",
        "?to=",
        "?from=x&to=y",
        "?from=x&to=2000-01-01",
        "?from=2000-01-02&to=2000-01-01",
        "?from=%202000-01-01",
        "?from=2000-01-01T00:00:00Z",
        "?from=%2B2000-01-01",
        "?from=-2000-01-01",
        "?from=12000-01-01",
        "?from=0000-01-01",
        "?from=0001-01-01",
        "?from=1969-12-31",
        "?from=%FF",
        "?from=2000-01-01&from=2000-01-01",
        "?limit=1",
        "?From=2000-01-01",
        "?foo&from=x&to=x",
        "?%66rom=2000-01-01",
        "?from=2000-%EF%BC%901-01",
    ];
    for query in queries {
        recorder.step(Request::new("GET", &format!("{path}{query}")).bearer(&admin)).await;
        recorder.get_as_user(&format!("{path}{query}")).await;
    }
}

/// Orders of several categories, with and without discounts, in all states.
async fn sell(recorder: &mut Recorder) {
    recorder.part("reports sales");
    let mut lines: Vec<Value> = Vec::new();
    let goods =
        [("a", 9_999, 13), ("B", 7, 19), ("\u{e9}", 49_999, 1), ("e\u{301}", 50_001, 1), ("a", 1, 1), ("Free", 0, 10)];
    for (number, (category, price, quantity)) in goods.into_iter().enumerate() {
        let body = with(product(&format!("SOLD-{number}"), price, 1_000), "category", json!(category));
        let made = recorder.as_admin("POST", "/api/products", &body).await;
        lines.push(json!({ "product_id": made.text_at("/id").unwrap_or_default(), "quantity": quantity }));
    }
    let baskets: [&[usize]; 7] = [&[0, 1, 2], &[3, 4], &[1], &[5], &[0, 1, 2, 3, 4, 5], &[2], &[4]];
    let ways: [&[&str]; 7] =
        [&["paid"], &["paid", "shipped"], &["paid"], &["paid"], &["paid"], &["paid", "cancelled"], &[]];
    for (basket, way) in baskets.into_iter().zip(ways) {
        let basket: Vec<Value> = basket.iter().filter_map(|place| lines.get(*place).cloned()).collect();
        let order = location(&recorder.as_admin("POST", "/api/orders", &order_of(&basket)).await);
        for status in way {
            recorder.as_admin("PATCH", &order, &json!({ "status": status })).await;
        }
    }
}
