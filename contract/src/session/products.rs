//! Products: list, create, find, replace, delete, with fields that are right, wrong and odd.

use serde_json::{Value, json};

use super::{Recorder, location};
use crate::request::Request;
use crate::world::with;

/// An id that names nothing.
const NOTHING: &str = "/api/products/01890000-0000-7000-8000-000000000000";

pub(super) async fn run(recorder: &mut Recorder) {
    create(recorder).await;
    fields(recorder).await;
    numbers(recorder).await;
    attributes(recorder).await;
    find(recorder).await;
    list(recorder).await;
    replace_and_delete(recorder).await;
}

/// A body to create a product with.
pub(super) fn product(sku: &str, price_cents: u64, stock: u64) -> Value {
    json!({ "sku": sku, "name": sku, "category": "Session", "price_cents": price_cents, "stock": stock })
}

async fn create(recorder: &mut Recorder) {
    recorder.part("products create");
    let path = "/api/products";
    let body = with(product("S-1", 100, 10), "attributes", json!({ "b": 1, "a": "x" }));
    recorder.post(path, &body).await;
    recorder.as_user("POST", path, &body).await;
    let made = recorder.as_admin("POST", path, &body).await;
    recorder.as_admin("POST", path, &body).await;
    recorder.as_admin("POST", path, &with(body.clone(), "sku", json!("s-1"))).await;
    for body in [json!({}), json!([]), json!(null), json!("x"), json!({ "attributes": {} })] {
        recorder.as_admin("POST", path, &body).await;
        recorder.as_user("POST", path, &body).await;
        recorder.as_admin("PUT", &location(&made), &body).await;
    }
    let token = recorder.admin.token.clone();
    for header in ["If-Match", "If-None-Match", "Idempotency-Key"] {
        let request = Request::new("POST", path).bearer(&token).header(header, "a b");
        recorder.step(request.json(&product(&format!("S-{}", header.to_uppercase()), 1, 1))).await;
    }
}

async fn fields(recorder: &mut Recorder) {
    recorder.part("products fields");
    let path = "/api/products";
    let (name, category) = ("x".repeat(101), "🦀".repeat(51));
    let values: [(&str, Vec<Value>); 3] = [
        ("sku", ["", "a", " A", "A\n", "Ä", "A_B", &"A".repeat(33)].map(Value::from).to_vec()),
        ("name", ["", " ", "\u{a0}Trimmed\u{3000}\n", "a\nb", "\u{85}", "a\u{9f}b", &name].map(Value::from).to_vec()),
        ("category", ["", " ", " Session ", "a\tb", "\u{200d}", &category].map(Value::from).to_vec()),
    ];
    for (number, (field, values)) in values.iter().enumerate() {
        for (place, value) in values.iter().chain(&[json!(null), json!(1), json!([])]).enumerate() {
            let body = product(&format!("F-{number}-{place}"), 1, 1);
            recorder.as_admin("POST", path, &with(body, field, value.clone())).await;
        }
    }
}

async fn numbers(recorder: &mut Recorder) {
    recorder.part("products numbers");
    let (path, token) = ("/api/products", recorder.admin.token.clone());
    let numbers = [
        "0",
        "-0",
        "1",
        "-1",
        "1.0",
        "-0.0",
        "1e2",
        "1e-2",
        "1.5",
        "1000000",
        "1000001",
        "100000000",
        "100000001",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e300",
        "1e400",
        "01",
        "null",
        "\"1\"",
        "true",
        "{}",
        "[]",
    ];
    for (place, number) in numbers.iter().enumerate() {
        for field in ["price_cents", "stock"] {
            let body = with(product(&format!("N-{place}-{}", field.len()), 1, 1), field, json!("<here>")).to_string();
            let text = body.replace("\"<here>\"", number);
            recorder.step(Request::new("POST", path).bearer(&token).json_text(text)).await;
        }
    }
    let odd = [
        r#"{"sku":"O-1","sku":"O-2","name":"N","category":"C","price_cents":1,"stock":1}"#,
        r#"{"sku":"O-3","name":1,"category":null,"price_cents":"1","stock":1.5,"attributes":[],"id":1,"é":1,"a/b":1}"#,
        r#"{"sku":"o","name":"","category":"","price_cents":-1,"stock":1000001,"attributes":{"A":null},"zz":{}}"#,
        r#"{"sku":1,"sku":"O-4","price_cents":-1,"price_cents":1}"#,
    ];
    for text in odd {
        recorder.step(Request::new("POST", path).bearer(&token).json_text(text)).await;
    }
}

async fn attributes(recorder: &mut Recorder) {
    recorder.part("products attributes");
    let token = recorder.admin.token.clone();
    let many = |count: usize| -> String {
        let members: Vec<_> = (0..count).map(|number| format!("\"a{number}\":{number}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let long = format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", "🦀".repeat(200), "x".repeat(201));
    let (twenty, more) = (many(20), many(21));
    let texts = [
        "{}",
        "null",
        "[]",
        "\"\"",
        "1",
        r#"{"a":null}"#,
        r#"{"a":[],"b":{},"c":true,"d":false,"e":""}"#,
        r#"{"A":1,"1a":1,"_a":1,"a b":1,"a-b":1,"a.b":1,"$a":1,"":1,"é":1,"a/b~c":1,"ok_1":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":null,"B":1,"B":1}"#,
        r#"{"z":1.0,"y":-0.0,"x":1e2,"w":0.1,"v":1E-6,"u":123456789.125,"b_1":1,"b1":2,"ba":3}"#,
        r#"{"a":9007199254740991,"b":-9007199254740991,"c":9007199254740991.0,"d":0.000001,"e":-0.000001}"#,
        r#"{"a":9007199254740992,"b":-9007199254740992,"c":0.0000009,"d":1e300,"e":18446744073709551616,"f":1e-400}"#,
        r#"{"a":1e400}"#,
        r#"{"a":0.1234567890123456789,"b":0.30000000000000004,"c":100000.00001,"d":1e15,"e":1e-5,"f":4503599627370496.5}"#,
        r#"{"a":" kept ","b":"a\u0000b","c":"a\nb","d":"\u0085","e":"\u200d","f":"é","g":"\u0065\u0301"}"#,
        r#"{"a":{"b":{"c":1}},"d":[[]]}"#,
        &long,
        &twenty,
        &more,
    ];
    for (place, attributes) in texts.iter().enumerate() {
        let body = with(product(&format!("A-{place}"), 1, 1), "attributes", json!("<here>")).to_string();
        let text = body.replace("\"<here>\"", attributes);
        let made = recorder.step(Request::new("POST", "/api/products").bearer(&token).json_text(text)).await;
        if made.status == 201 {
            recorder.get(&location(&made)).await;
        }
    }
}

async fn find(recorder: &mut Recorder) {
    recorder.part("products find");
    let made = recorder.as_admin("POST", "/api/products", &product("FIND-1", 1, 1)).await;
    let path = location(&made);
    recorder.get(&path).await;
    recorder.get_as_user(&path).await;
    recorder.step(Request::new("GET", &path).bearer("garbage")).await;
    recorder.step(Request::new("HEAD", &path)).await;
    for value in ["\"1\"", "W/\"1\"", "*", "\"2\"", "", "1", "\"1", "*, \"1\"", ","] {
        for target in [path.as_str(), NOTHING] {
            recorder.step(Request::new("GET", target).header("If-None-Match", value)).await;
        }
    }
    let odd = ["1", "%FF", "%00", "%", "%zz", "%20", "00000000-0000-0000-0000-000000000000", "..%2Fx", "a;b"];
    for id in odd {
        recorder.get(&format!("/api/products/{id}")).await;
        recorder.as_user("PUT", &format!("/api/products/{id}"), &product("ODD", 1, 1)).await;
        recorder.as_admin("PUT", &format!("/api/products/{id}"), &product("ODD", 1, 1)).await;
    }
    recorder.get(&path.to_uppercase().replace("/API/PRODUCTS", "/api/products")).await;
    recorder.get(&path.replace('-', "%2D")).await;
}

async fn list(recorder: &mut Recorder) {
    recorder.part("products list");
    for (number, category) in ["Session", "session", "Session & more", "S\u{f6}hne", "So\u{308}hne"].iter().enumerate()
    {
        let sku = format!("LIST-{number}");
        recorder.as_admin("POST", "/api/products", &with(product(&sku, 1, 1), "category", json!(category))).await;
    }
    let queries = [
        "",
        "?",
        "?limit=3",
        "?limit=0",
        "?limit=101",
        "?limit=x",
        "?foo=1",
        "?after=x",
        "?role=user",
        "?status=paid",
        "?category=Session",
        "?category=session",
        "?category=%20Session+",
        "?category=Session%20%26%20more&limit=1",
        "?category=S%C3%B6hne",
        "?category=So%CC%88hne",
        "?category=Nothing",
        "?category=",
        "?category=%20",
        "?category=a%00b",
        "?category=a%0Ab",
        "?category=%FF",
        "?category",
        "?category=x&category=x",
        "?category=&limit=0&after=x&foo=1",
        "?Category=x",
        "?%63ategory=session",
    ];
    for query in queries {
        recorder.get(&format!("/api/products{query}")).await;
    }
    recorder.get(&format!("/api/products?category={}", "x".repeat(50))).await;
    recorder.get(&format!("/api/products?category={}", "x".repeat(51))).await;
    for start in ["/api/products?limit=17", "/api/products?limit=7&category=Session"] {
        recorder.walk(start, false).await;
    }
}

async fn replace_and_delete(recorder: &mut Recorder) {
    recorder.part("products replace");
    let body = with(product("R-1", 1, 1), "attributes", json!({ "a": 1 }));
    let path = location(&recorder.as_admin("POST", "/api/products", &body).await);
    let token = recorder.admin.token.clone();
    for body in [
        product("R-2", 2, 2),
        product("R-2", 2, 2),
        with(product("R-2", 2, 2), "attributes", json!({ "b": 1.0 })),
        product("S-1", 2, 2),
        product("s-2", 2, 2),
        json!({ "name": "N" }),
        with(product("R-3", 3, 3), "version", json!(9)),
    ] {
        recorder.as_user("PUT", &path, &body).await;
        recorder.as_admin("PUT", &path, &body).await;
        recorder.as_admin("PUT", NOTHING, &body).await;
    }
    for value in ["\"1\"", "W/\"4\"", "\"4\"", "*", "", "4", "*, \"4\"", "\"9\", \"5\"", "\"é\""] {
        for (path, body) in [(path.as_str(), product("R-2", 5, 5)), (path.as_str(), product("S-1", 5, 5))] {
            let put = Request::new("PUT", path).bearer(&token).header("If-Match", value);
            recorder.step(put.json(&body)).await;
        }
        recorder.step(Request::new("DELETE", NOTHING).bearer(&token).header("If-Match", value)).await;
    }
    recorder.get(&path).await;
    recorder.step(Request::new("DELETE", &path).bearer(&token).header("If-Match", "\"1\"")).await;
    let user = recorder.user.token.clone();
    for token in [&user, &token, &token] {
        recorder.step(Request::new("DELETE", &path).bearer(token)).await;
    }
    recorder.step(Request::new("DELETE", &path)).await;
    recorder.get(&path).await;
    recorder.as_admin("POST", "/api/products", &product("R-2", 1, 1)).await;
}
