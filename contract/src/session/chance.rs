//! A long run of operations in an order that chance has made, the same for every server: whoever keeps its books otherwise
//! answers otherwise, sooner or later.

use serde_json::{Value, json};

use super::products::product;
use super::{Recorder, location};
use crate::goods::order_of;
use crate::request::Request;

/// So many operations.
const STEPS: u64 = 200;

const STATUSES: [&str; 4] = ["paid", "shipped", "cancelled", "pending"];

pub(super) async fn run(recorder: &mut Recorder) {
    recorder.part("chance");
    let mut chance = Chance(20_261_122);
    let (mut products, mut orders): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for number in 0..STEPS {
        let thing = chance.one_of(&products).unwrap_or_else(|| "/api/products/none".to_owned());
        match chance.below(10) {
            0 | 1 => {
                let body = product(&format!("CHANCE-{}", chance.below(12)), chance.below(90_000), chance.below(40));
                let made = recorder.as_admin("POST", "/api/products", &body).await;
                products.extend((made.status == 201).then(|| location(&made)));
            }
            2 => {
                let body = product(&format!("CHANCE-{}", chance.below(12)), chance.below(90_000), chance.below(40));
                recorder.as_admin("PUT", &thing, &body).await;
            }
            3 if chance.below(4) == 0 => {
                recorder.as_admin("DELETE", &thing, &json!({})).await;
            }
            4..=6 => {
                let mut lines: Vec<Value> = Vec::new();
                for _ in 0..=chance.below(3) {
                    let product = chance.one_of(&products).unwrap_or_default().replace("/api/products/", "");
                    lines.push(json!({ "product_id": product, "quantity": 1 + chance.below(12) }));
                }
                let token = recorder.admin.token.clone();
                let request = Request::new("POST", "/api/orders").bearer(&token).json(&order_of(&lines));
                // Every second one by one of a few keys, most of which were used before.
                let key = format!("chance-{}", chance.below(9));
                let request = if number.is_multiple_of(2) { request } else { request.header("Idempotency-Key", &key) };
                let placed = recorder.step(request).await;
                orders.extend((placed.status == 201).then(|| location(&placed)));
            }
            7 | 8 => {
                let order = chance.one_of(&orders).unwrap_or_else(|| "/api/orders/none".to_owned());
                let status = chance.one_of(&STATUSES.map(str::to_owned)).unwrap_or_default();
                recorder.as_admin("PATCH", &order, &json!({ "status": status })).await;
            }
            _ => {
                recorder.get(&thing).await;
                recorder.as_admin("GET", "/api/reports/sales", &json!({})).await;
                let order = chance.one_of(&orders).unwrap_or_else(|| "/api/orders/none".to_owned());
                recorder.as_admin("GET", &order, &json!({})).await;
            }
        }
    }
    let path = format!("{}/orders?limit=100", recorder.admin.path());
    recorder.as_admin("GET", &path, &json!({})).await;
    recorder.get("/api/products?limit=100").await;
}

/// Numbers that look like chance and are always the same (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_of(&mut self, choices: &[String]) -> Option<String> {
        let index = self.below(u64::try_from(choices.len()).unwrap_or(1).max(1));
        usize::try_from(index).ok().and_then(|index| choices.get(index)).cloned()
    }
}
