//! Orders: placing, finding, listing, moving, with bodies, keys and conditions that are right, wrong and odd.
//!
//! They have a customer of their own: the session's user is deleted in the end, which nobody with an order can be.

use serde_json::{Value, json};

use super::products::product;
use super::{Actor, Recorder, location};
use crate::answer::{Answer, CaseError};
use crate::goods::order_of;
use crate::request::Request;
use crate::world::{PASSWORD, with};

/// An id that names nothing.
const NOTHING: &str = "/api/orders/01890000-0000-7000-8000-000000000000";

const STATUSES: [&str; 4] = ["pending", "paid", "shipped", "cancelled"];

pub(super) async fn run(recorder: &mut Recorder) -> Result<(), CaseError> {
    recorder.part("orders start");
    let body = json!({ "name": "Buyer", "email": "buyer@session.test", "password": PASSWORD });
    recorder.post("/api/auth/register", &body).await;
    let buyer = recorder.sign_in("buyer@session.test", PASSWORD).await?;
    let mut ids = Vec::new();
    for (sku, price, stock) in [("ORDER-1", 1_999, 100), ("ORDER-2", 333, 5), ("ORDER-3", 5_556, 1_000)] {
        let made = recorder.as_admin("POST", "/api/products", &product(sku, price, stock)).await;
        ids.push(made.text_at("/id").unwrap_or_default());
    }
    let goods = Goods { buyer, ids };
    bodies(recorder, &goods).await;
    place(recorder, &goods).await;
    keys(recorder, &goods).await;
    find(recorder, &goods).await;
    workflow(recorder, &goods).await;
    list(recorder, &goods).await;
    relationships(recorder, &goods).await;
    Ok(())
}

/// Who orders, and what there is to order.
struct Goods {
    buyer: Actor,
    ids: Vec<String>,
}

impl Goods {
    fn line(&self, place: usize, quantity: u64) -> Value {
        json!({ "product_id": self.ids.get(place), "quantity": quantity })
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).bearer(&self.buyer.token)
    }

    async fn place(&self, recorder: &mut Recorder, lines: &[Value]) -> Answer {
        recorder.step(self.request("POST", "/api/orders").json(&order_of(lines))).await
    }
}

async fn bodies(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders bodies");
    let nothing = "01890000-0000-7000-8000-000000000000";
    let line = |id: &str| json!({ "product_id": id, "quantity": 1 });
    let twelve: Vec<Value> = (0..12).map(|number| line(&format!("p{number}"))).collect();
    let many: Vec<Value> = (0..21).map(|number| line(&format!("p{number}"))).collect();
    let good = goods.line(0, 1);
    let odd = [
        json!({}),
        json!([]),
        json!(null),
        json!("x"),
        json!({ "lines": null }),
        json!({ "lines": {} }),
        json!({ "lines": [] }),
        json!({ "lines": [null, [], "x", 1, {}] }),
        json!({ "lines": many }),
        json!({ "lines": twelve }),
        json!({ "lines": [good, good] }),
        json!({ "lines": [line("x"), line("x")] }),
        json!({ "lines": [good], "note": 1, "a/b": 1 }),
        json!({ "lines": [line(nothing), good, line("")] }),
        json!({ "lines": [{ "product_id": 1, "quantity": "1", "price": 1 }, { "quantity": 0 }] }),
        json!({ "lines": [with(line("x"), "quantity", json!(1_001)), with(good.clone(), "quantity", json!(-1))] }),
        json!({ "lines": [with(good.clone(), "product_id", json!(null))], "lines2": [] }),
    ];
    for body in &odd {
        recorder.step(goods.request("POST", "/api/orders").json(body)).await;
        recorder.post("/api/orders", body).await;
    }
    let id = goods.ids.first().cloned().unwrap_or_default();
    for quantity in ["1.0", "1e1", "1.5", "-0", "0", "1001", "18446744073709551616", "9223372036854775808", "null"] {
        let text = format!("{{\"lines\":[{{\"product_id\":\"{id}\",\"quantity\":{quantity}}}]}}");
        recorder.step(goods.request("POST", "/api/orders").json_text(text)).await;
    }
    for id in [id.to_uppercase(), id.replace('-', ""), format!(" {id}"), format!("{{{id}}}")] {
        goods.place(recorder, &[line(&id)]).await;
        goods.place(recorder, &[line(&id), good.clone()]).await;
    }
    for text in [
        format!(r#"{{"lines":[],"lines":[{{"product_id":"{id}","quantity":1}}]}}"#),
        format!(r#"{{"lines":[{{"product_id":"{id}","quantity":1,"quantity":2,"product_id":"x"}}]}}"#),
    ] {
        recorder.step(goods.request("POST", "/api/orders").json_text(text)).await;
    }
}

async fn place(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders place");
    for lines in [
        vec![goods.line(0, 1)],
        vec![goods.line(0, 10), goods.line(1, 2)],
        vec![goods.line(2, 10)],
        vec![goods.line(1, 3), goods.line(2, 1), goods.line(0, 9)],
        vec![goods.line(1, 1)],
        vec![goods.line(0, 81), goods.line(1, 1), goods.line(2, 1)],
        vec![goods.line(1, 1_000), goods.line(0, 1_000), goods.line(2, 1_000)],
    ] {
        goods.place(recorder, &lines).await;
    }
    for id in &goods.ids {
        recorder.get(&format!("/api/products/{id}")).await;
    }
}

async fn keys(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders keys");
    let long = "x".repeat(65);
    let body = order_of(&[goods.line(2, 1)]);
    let other = order_of(&[goods.line(2, 2)]);
    let longest = "x".repeat(64);
    // All of them UTF-8: Rocket drops a line that is not before it looks at it.
    let keys = ["", "a b", "a\tb", "\u{e9}", &long, "k", "K", "\"k\"", "a,b", &longest];
    for key in keys {
        for body in [&body, &body, &other, &json!({}), &body] {
            recorder.step(goods.request("POST", "/api/orders").header("Idempotency-Key", key).json(body)).await;
        }
        recorder.step(goods.request("POST", "/api/orders").header("Idempotency-Key", key).json_text("{")).await;
        recorder.step(Request::new("POST", "/api/orders").header("Idempotency-Key", key).json(&body)).await;
    }
    let twice = goods.request("POST", "/api/orders").header("Idempotency-Key", "k").header("Idempotency-Key", "k");
    recorder.step(twice.json(&body)).await;
    // The first of these is refused and uses up no key; the second is another user's.
    let scarce = goods.request("POST", "/api/orders").header("Idempotency-Key", "scarce");
    recorder.step(scarce.clone().json(&order_of(&[goods.line(1, 1_000)]))).await;
    recorder.step(scarce.json(&body)).await;
    let admin = recorder.admin.token.clone();
    let theirs = Request::new("POST", "/api/orders").bearer(&admin).header("Idempotency-Key", "k");
    recorder.step(theirs.clone().json(&body)).await;
    recorder.step(theirs.json(&body)).await;
}

async fn find(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders find");
    let order = location(&goods.place(recorder, &[goods.line(2, 1)]).await);
    let (user, admin) = (recorder.user.token.clone(), recorder.admin.token.clone());
    let odd = ["/api/orders/1", "/api/orders/%FF", "/api/orders/%", "/api/orders/%20"].map(str::to_owned);
    let spelled =
        [order.to_uppercase().replace("/API/ORDERS", "/api/orders"), order.replace('-', "%2D"), order.clone()];
    for path in odd.iter().chain(&spelled).chain([&NOTHING.to_owned()]) {
        recorder.get(path).await;
        for token in [&user, &goods.buyer.token, &admin] {
            recorder.step(Request::new("GET", path).bearer(token)).await;
            recorder.step(Request::new("HEAD", path).bearer(token)).await;
            recorder.step(Request::new("PATCH", path).bearer(token).json(&json!({}))).await;
        }
    }
    for value in ["\"1\"", "W/\"1\"", "*", "\"2\"", "", "1", "*, \"1\""] {
        for token in [&user, &goods.buyer.token] {
            recorder.step(Request::new("GET", &order).bearer(token).header("If-None-Match", value)).await;
        }
    }
}

async fn workflow(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders workflow");
    let (user, admin) = (recorder.user.token.clone(), recorder.admin.token.clone());
    let ways: [&[&str]; 5] = [&[], &["paid"], &["paid", "shipped"], &["cancelled"], &["paid", "cancelled"]];
    for way in ways {
        for status in STATUSES {
            let order = location(&goods.place(recorder, &[goods.line(2, 1)]).await);
            for step in way {
                recorder.as_admin("PATCH", &order, &json!({ "status": step })).await;
            }
            let body = json!({ "status": status });
            for token in [&user, &goods.buyer.token, &admin] {
                let request = Request::new("PATCH", &order).bearer(token).json(&body);
                recorder.step(request.clone().header("If-Match", "\"9\"")).await;
                recorder.step(request.clone().header("If-Match", "9")).await;
                recorder.step(request).await;
            }
        }
    }
    let order = location(&goods.place(recorder, &[goods.line(2, 1)]).await);
    for body in [
        json!([]),
        json!(null),
        json!({}),
        json!({ "status": null }),
        json!({ "status": 1 }),
        json!({ "status": "" }),
        json!({ "status": "Paid" }),
        json!({ "status": "king", "lines": [], "version": 1 }),
        json!({ "total_cents": 0 }),
    ] {
        recorder.step(goods.request("PATCH", &order).json(&body)).await;
        recorder.step(goods.request("PATCH", NOTHING).json(&body)).await;
    }
    for text in [r#"{"status":"paid","status":"shipped"}"#, r#"{"status":1,"status":"paid"}"#] {
        recorder.step(goods.request("PATCH", &order).json_text(text)).await;
    }
    for media_type in ["text/plain", "application/json-patch+json", "application/merge-patch+json"] {
        let request = goods.request("PATCH", &order).header("Content-Type", media_type);
        recorder.step(request.bytes(r#"{"status":"paid"}"#)).await;
    }
    recorder.get(&format!("/api/products/{}", goods.ids.get(2).map_or("", String::as_str))).await;
}

async fn list(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders list");
    let path = format!("{}/orders", goods.buyer.path());
    let admin = recorder.admin.token.clone();
    let others =
        ["/api/users/1/orders", "/api/users/%FF/orders", "/api/users/01890000-0000-7000-8000-000000000000/orders"];
    for target in others.map(str::to_owned).iter().chain([&path, &format!("{}/orders", recorder.user.path())]) {
        recorder.get(target).await;
        recorder.get_as_user(target).await;
        recorder.step(Request::new("GET", target).bearer(&admin)).await;
        recorder.step(Request::new("HEAD", target).bearer(&admin)).await;
        recorder.step(goods.request("GET", target)).await;
    }
    let queries = [
        "?limit=0",
        "?limit=x",
        "?after=x",
        "?status=",
        "?status=Paid",
        "?status=king",
        "?status",
        "?role=user",
        "?category=x",
        "?status=paid&status=paid",
        "?status=x&limit=0&after=x&foo=1",
        "?%73tatus=paid&limit=1",
    ];
    for query in queries {
        recorder.step(goods.request("GET", &format!("{path}{query}"))).await;
        recorder.get_as_user(&format!("{path}{query}")).await;
    }
    let user = std::mem::replace(&mut recorder.user, goods.buyer.clone());
    for start in
        ["?limit=9", "?limit=3&status=paid", "?status=shipped&limit=100", "?status=cancelled", "?status=pending"]
    {
        recorder.walk(&format!("{path}{start}"), true).await;
    }
    recorder.user = user;
}

/// What users, products and orders have to do with each other.
async fn relationships(recorder: &mut Recorder, goods: &Goods) {
    recorder.part("orders relationships");
    let (buyer, admin) = (goods.buyer.path(), recorder.admin.token.clone());
    for token in [&goods.buyer.token, &admin] {
        recorder.step(Request::new("DELETE", &buyer).bearer(token)).await;
        recorder.step(Request::new("DELETE", &buyer).bearer(token).header("If-Match", "\"9\"")).await;
    }
    let own = recorder.admin.path();
    recorder.step(Request::new("DELETE", &own).bearer(&admin)).await;
    let made = recorder.as_admin("POST", "/api/products", &product("RELATED", 700, 9)).await;
    let line = json!({ "product_id": made.text_at("/id").unwrap_or_default(), "quantity": 4 });
    let (order, other) = (
        location(&goods.place(recorder, std::slice::from_ref(&line)).await),
        location(&goods.place(recorder, std::slice::from_ref(&line)).await),
    );
    recorder.step(goods.request("PATCH", &buyer).json(&json!({ "name": "Renamed" }))).await;
    recorder.step(goods.request("GET", &order)).await;
    recorder.as_admin("PATCH", &other, &json!({ "status": "cancelled" })).await;
    recorder.get(&location(&made)).await;
    let moved = with(product("RELATED-2", 900, 1), "category", json!("Moved"));
    recorder.as_admin("PUT", &location(&made), &moved).await;
    recorder.step(goods.request("GET", &order)).await;
    recorder.step(Request::new("DELETE", &location(&made)).bearer(&admin)).await;
    recorder.step(goods.request("GET", &order)).await;
    goods.place(recorder, &[line]).await;
    for status in ["paid", "cancelled"] {
        recorder.as_admin("PATCH", &order, &json!({ "status": status })).await;
    }
    recorder.get(&location(&made)).await;
}
