//! The body of an order: its lines, each field of them, and products that are not there.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::goods::order_of;
use crate::request::Request;
use crate::world::{World, with};

cases!("lines";
    the_body_is_an_object_with_lines_alone,
    there_are_1_to_20_lines,
    a_line_is_an_object_with_two_fields,
    quantities_are_integers_from_1_to_1000,
    everything_wrong_is_named_at_once_in_the_order_of_the_pointers,
    a_product_stands_in_one_line,
    every_unknown_product_is_named,
    unknown_products_are_told_before_too_little_stock,
    nothing_is_taken_by_a_refused_order,
);

/// A well-formed id that names nothing.
const NOTHING: &str = "01890000-0000-7000-8000-000000000000";

async fn the_body_is_an_object_with_lines_alone(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let line = json!({ "product_id": NOTHING, "quantity": 1 });
    for (body, pointer, code) in [
        (json!([]), "", "type"),
        (json!(null), "", "type"),
        (json!([line]), "", "type"),
        (json!({}), "/lines", "required"),
        (json!({ "lines": null }), "/lines", "type"),
        (json!({ "lines": {} }), "/lines", "type"),
        (json!({ "lines": "x" }), "/lines", "type"),
        (json!({ "lines": [line], "total_cents": 1 }), "/total_cents", "unknown-field"),
        (json!({ "lines": [line], "customer": {} }), "/customer", "unknown-field"),
        (json!({ "lines": [line], "status": "paid" }), "/status", "unknown-field"),
    ] {
        world.call(token, "POST", "/api/orders", &body).await?.invalid(&[(pointer, code)])?;
    }
    let twice = r#"{"lines":[],"lines":[{"product_id":"x","quantity":1}]}"#;
    let request = Request::new("POST", "/api/orders").bearer(token).json_text(twice);
    world.send(request).await?.invalid(&[("/lines", "duplicate-field")])?;
    Ok(())
}

async fn there_are_1_to_20_lines(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    world.place(&buyer.token, &[]).await?.invalid(&[("/lines", "too-few")])?;
    let products = world.create_products(&world.unique(), 21).await?;
    let lines: Vec<Value> = products.iter().map(|product| product.line(1)).collect();
    world.place(&buyer.token, &lines).await?.invalid(&[("/lines", "too-many")])?;
    let placed = world.place(&buyer.token, lines.get(..20).unwrap_or_default()).await?;
    placed.status(201)?.check(placed.json()?.pointer("/lines/19").is_some(), "20 lines")?.has("/total_cents", 2_000)?;
    Ok(())
}

async fn a_line_is_an_object_with_two_fields(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    for (line, pointer, code) in [
        (json!(null), "/lines/0", "type"),
        (json!([]), "/lines/0", "type"),
        (json!("x"), "/lines/0", "type"),
        (json!({ "product_id": NOTHING }), "/lines/0/quantity", "required"),
        (json!({ "quantity": 1 }), "/lines/0/product_id", "required"),
        (json!({ "product_id": NOTHING, "quantity": 1, "price": 1 }), "/lines/0/price", "unknown-field"),
        (json!({ "product_id": NOTHING, "quantity": 1, "a/b": 1 }), "/lines/0/a~1b", "unknown-field"),
        (json!({ "product_id": 1, "quantity": 1 }), "/lines/0/product_id", "type"),
        (json!({ "product_id": null, "quantity": 1 }), "/lines/0/product_id", "type"),
    ] {
        world.place(token, &[line]).await?.invalid(&[(pointer, code)])?;
    }
    let twice = format!(r#"{{"lines":[{{"product_id":"{NOTHING}","quantity":1,"quantity":1}}]}}"#);
    let request = Request::new("POST", "/api/orders").bearer(token).json_text(twice);
    world.send(request).await?.invalid(&[("/lines/0/quantity", "duplicate-field")])?;
    Ok(())
}

async fn quantities_are_integers_from_1_to_1000(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1_001).await?;
    for (text, code) in [
        ("0", "too-small"),
        ("-1", "too-small"),
        ("1001", "too-large"),
        ("9223372036854775807", "too-large"),
        ("99999999999999999999", "type"),
        ("1.5", "type"),
        ("1.0", "type"),
        ("1e1", "type"),
        ("\"1\"", "type"),
        ("null", "type"),
        ("[1]", "type"),
    ] {
        let body = format!(r#"{{"lines":[{{"product_id":"{}","quantity":{text}}}]}}"#, product.id);
        let request = Request::new("POST", "/api/orders").bearer(&buyer.token).json_text(body);
        world.send(request).await?.invalid(&[("/lines/0/quantity", code)])?;
    }
    for good in [1_000, 1] {
        world.place(&buyer.token, &[product.line(good)]).await?.status(201)?.has("/lines/0/quantity", good)?;
    }
    Ok(())
}

async fn everything_wrong_is_named_at_once_in_the_order_of_the_pointers(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let good = |number: u64| json!({ "product_id": format!("p{number}"), "quantity": 1 });
    let mut lines: Vec<Value> = (0..12).map(good).collect();
    for place in [2, 10] {
        if let Some(line) = lines.get_mut(place) {
            *line = with(line.clone(), "quantity", json!(0));
        }
    }
    if let Some(line) = lines.get_mut(1) {
        *line = json!({ "quantity": "1", "x": 1 });
    }
    let body = with(order_of(&lines), "note", json!("x"));
    // Byte by byte: the tenth comes before the second.
    world.call(token, "POST", "/api/orders", &body).await?.invalid(&[
        ("/lines/1/product_id", "required"),
        ("/lines/1/quantity", "type"),
        ("/lines/1/x", "unknown-field"),
        ("/lines/10/quantity", "too-small"),
        ("/lines/2/quantity", "too-small"),
        ("/note", "unknown-field"),
    ])?;
    Ok(())
}

async fn a_product_stands_in_one_line(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (product, other) = (world.create_product(1, 9).await?, world.create_product(1, 9).await?);
    for lines in [[product.line(1), product.line(1), other.line(1)], [product.line(1), other.line(2), product.line(3)]]
    {
        world.place(&buyer.token, &lines).await?.invalid(&[("/lines", "duplicate-product")])?;
    }
    world.stocks(&[(&product, 9), (&other, 9)]).await
}

async fn every_unknown_product_is_named(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (product, gone) = (world.create_product(1, 9).await?, world.create_product(1, 9).await?);
    world.delete_product(&gone).await?;
    let line = |id: &str| json!({ "product_id": id, "quantity": 1 });
    let lines =
        [line(NOTHING), product.line(1), line("no id"), line(""), gone.line(1), line(&product.id.to_uppercase())];
    let code = "unknown-product";
    world.place(&buyer.token, &lines).await?.invalid(&[
        ("/lines/0/product_id", code),
        ("/lines/2/product_id", code),
        ("/lines/3/product_id", code),
        ("/lines/4/product_id", code),
        ("/lines/5/product_id", code),
    ])?;
    world.stocks(&[(&product, 9)]).await
}

async fn unknown_products_are_told_before_too_little_stock(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let lines = [product.line(2), json!({ "product_id": NOTHING, "quantity": 1 })];
    world.place(&buyer.token, &lines).await?.invalid(&[("/lines/1/product_id", "unknown-product")])?;
    Ok(())
}

async fn nothing_is_taken_by_a_refused_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 5).await?;
    let lines = [product.line(1), json!({ "product_id": NOTHING, "quantity": 1 })];
    world.place(&buyer.token, &lines).await?.status(422)?;
    let found = world.get(&product.path()).await?;
    found.status(200)?.has("/stock", 5)?.has("/version", 1)?;
    let page = world.get_as(&buyer.token, &format!("{}/orders", buyer.path())).await?;
    page.status(200)?.has("/items", json!([]))?;
    Ok(())
}
