//! `Idempotency-Key`: the same key and body are the same order, however often they are sent.

use serde_json::json;

use crate::answer::{Answer, CaseError, Outcome};
use crate::goods::order_of;
use crate::request::{Framing, Request};
use crate::world::{Account, World, member};

cases!("idempotency";
    the_same_key_and_body_answer_with_the_same_order,
    white_space_and_the_order_of_members_do_not_matter,
    another_body_under_the_key_is_refused,
    a_replay_shows_the_order_as_it_is_now,
    a_replay_outlives_the_product_and_its_stock,
    a_refused_order_uses_up_no_key,
    keys_of_different_users_have_nothing_to_do_with_each_other,
    without_a_key_every_request_is_an_order,
    keys_are_compared_to_the_letter,
    a_key_that_cannot_be_read_is_malformed,
    the_key_is_looked_at_after_the_token_and_before_the_body,
    the_key_means_nothing_elsewhere,
);

/// Expects a replay of an order: 201, its address, its version, and that it says so.
fn replayed(answer: &Answer, first: &Answer) -> Outcome {
    answer.status(201)?.header_is("idempotency-replayed", "true")?;
    answer.header_is("location", first.needs_header("location")?)?.has("/id", first.at("/id")?)?;
    answer.header_is("etag", &format!("\"{}\"", answer.at("/version")?))?;
    Ok(())
}

async fn only(world: &World, buyer: &Account, count: usize) -> Outcome {
    let page = world.get_as(&buyer.token, &format!("{}/orders?limit=100", buyer.path())).await?;
    let found = page.status(200)?.at("/items")?.as_array().map(Vec::len);
    page.check(found == Some(count), format_args!("{count} orders of this user"))?;
    Ok(())
}

/// A body that is written by hand.
async fn send_text(world: &World, token: &str, key: &str, text: &str) -> Result<Answer, CaseError> {
    let request = Request::new("POST", "/api/orders").bearer(token).header("Idempotency-Key", key);
    world.send(request.json_text(text)).await
}

async fn the_same_key_and_body_answer_with_the_same_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_000, 10).await?;
    let key = world.unique();
    let first = world.place_once(&buyer.token, &key, &[product.line(4)]).await?;
    first.status(201)?.lacks_header("idempotency-replayed")?.header_is("etag", "\"1\"")?;
    for _ in 0..3 {
        let again = world.place_once(&buyer.token, &key, &[product.line(4)]).await?;
        replayed(&again, &first)?;
        again.check(again.body == first.body, format_args!("the order that was placed: {}", first.text()))?;
    }
    world.stocks(&[(&product, 6)]).await?;
    only(world, &buyer, 1).await
}

async fn white_space_and_the_order_of_members_do_not_matter(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_000, 10).await?;
    let (key, id) = (world.unique(), &product.id);
    let first = world.place_once(&buyer.token, &key, &[product.line(4)]).await?;
    first.status(201)?;
    for text in [
        format!(r#"{{"lines":[{{"quantity":4,"product_id":"{id}"}}]}}"#),
        format!("\n{{ \"lines\" :\t[ {{ \"product_id\":\"{id}\" ,\"quantity\": 4 }} ] }} "),
        format!(r#"{{"\u006cines":[{{"product_id":"{id}","quantity":4}}]}}"#),
    ] {
        replayed(&send_text(world, &buyer.token, &key, &text).await?, &first)?;
    }
    let chunked = Request::new("POST", "/api/orders").bearer(&buyer.token).header("idempotency-key", &key);
    let chunked = chunked.json(&order_of(&[product.line(4)])).framing(Framing::Chunked);
    replayed(&world.send(chunked).await?, &first)?;
    only(world, &buyer, 1).await
}

async fn another_body_under_the_key_is_refused(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (one, other) = (world.create_product(1, 10).await?, world.create_product(1, 10).await?);
    let key = world.unique();
    let first = world.place_once(&buyer.token, &key, &[one.line(1), other.line(2)]).await?;
    first.status(201)?;
    let bodies = [
        vec![one.line(1)],
        vec![one.line(1), other.line(3)],
        vec![other.line(2), one.line(1)],
        vec![one.line(2), other.line(1)],
        // Also a body that would be refused for another reason of the store's, were it not for the key.
        vec![one.line(1_000)],
        vec![json!({ "product_id": "nothing", "quantity": 1 })],
    ];
    for lines in &bodies {
        let refused = world.place_once(&buyer.token, &key, lines).await?;
        refused.status(422)?.problem("idempotency-key-reused")?.lacks_header("idempotency-replayed")?;
    }
    // A body that is wrong in itself is told before the key is looked up.
    world.place_once(&buyer.token, &key, &[]).await?.invalid(&[("/lines", "too-few")])?;
    replayed(&world.place_once(&buyer.token, &key, &[one.line(1), other.line(2)]).await?, &first)?;
    world.stocks(&[(&one, 9), (&other, 8)]).await?;
    only(world, &buyer, 1).await
}

async fn a_replay_shows_the_order_as_it_is_now(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let key = world.unique();
    let first = world.place_once(&buyer.token, &key, &[product.line(1)]).await?;
    let order = first.status(201)?.needs_header("location")?;
    for (number, status) in [(2, "paid"), (3, "cancelled")] {
        world.move_through(order, &[status]).await?;
        let again = world.place_once(&buyer.token, &key, &[product.line(1)]).await?;
        replayed(&again, &first)?;
        again.has("/status", status)?.has("/version", number)?;
    }
    // A cancelled order is still the order of its key: nothing is placed anew.
    world.stocks(&[(&product, 1)]).await?;
    only(world, &buyer, 1).await
}

async fn a_replay_outlives_the_product_and_its_stock(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_000, 1).await?;
    let key = world.unique();
    let first = world.place_once(&buyer.token, &key, &[product.line(1)]).await?;
    first.status(201)?;
    // Sold out by the order itself.
    replayed(&world.place_once(&buyer.token, &key, &[product.line(1)]).await?, &first)?;
    let dearer = crate::world::with(product.body.clone(), "price_cents", json!(2_000));
    world.call(&world.admin().await?.token, "PUT", &product.path(), &dearer).await?.status(200)?;
    let again = world.place_once(&buyer.token, &key, &[product.line(1)]).await?;
    replayed(&again, &first)?;
    again.has("/total_cents", 1_000)?;
    world.delete_product(&product).await?;
    replayed(&world.place_once(&buyer.token, &key, &[product.line(1)]).await?, &first)
}

async fn a_refused_order_uses_up_no_key(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let key = world.unique();
    world.place_once(&buyer.token, &key, &[product.line(2)]).await?.status(409)?.problem("insufficient-stock")?;
    let unknown = json!({ "product_id": "nothing", "quantity": 1 });
    world.place_once(&buyer.token, &key, &[unknown]).await?.invalid(&[("/lines/0/product_id", "unknown-product")])?;
    world.place_once(&buyer.token, &key, &[]).await?.invalid(&[("/lines", "too-few")])?;
    send_text(world, &buyer.token, &key, "{").await?.status(400)?.problem("malformed-json")?;
    let first = world.place_once(&buyer.token, &key, &[product.line(1)]).await?;
    first.status(201)?.lacks_header("idempotency-replayed")?;
    replayed(&world.place_once(&buyer.token, &key, &[product.line(1)]).await?, &first)
}

async fn keys_of_different_users_have_nothing_to_do_with_each_other(world: &World) -> Outcome {
    let (one, other) = (world.customer().await?, world.customer().await?);
    let product = world.create_product(1, 10).await?;
    let key = world.unique();
    let first = world.place_once(&one.token, &key, &[product.line(1)]).await?;
    let second = world.place_once(&other.token, &key, &[product.line(1)]).await?;
    first.status(201)?.lacks_header("idempotency-replayed")?;
    second.status(201)?.lacks_header("idempotency-replayed")?.has("/customer/id", other.id.as_str())?;
    second.check(second.at("/id")? != first.at("/id")?, "an order of its own")?;
    world.place_once(&world.admin().await?.token, &key, &[product.line(2)]).await?.status(201)?;
    world.stocks(&[(&product, 6)]).await
}

async fn without_a_key_every_request_is_an_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 3).await?;
    for _ in 0..3 {
        world.place(&buyer.token, &[product.line(1)]).await?.status(201)?.lacks_header("idempotency-replayed")?;
    }
    world.stocks(&[(&product, 0)]).await?;
    only(world, &buyer, 3).await
}

async fn keys_are_compared_to_the_letter(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 20).await?;
    let keys =
        ["k", "K", "k.", "1", "01", "\"k\"", "k,k", "*", "a:b", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &"x".repeat(64)];
    for key in keys {
        let first = world.place_once(&buyer.token, key, &[product.line(1)]).await?;
        first.status(201)?.lacks_header("idempotency-replayed")?;
        replayed(&world.place_once(&buyer.token, key, &[product.line(1)]).await?, &first)?;
    }
    only(world, &buyer, keys.len()).await
}

async fn a_key_that_cannot_be_read_is_malformed(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 9).await?;
    let body = order_of(&[product.line(1)]);
    let long = "x".repeat(65);
    // All of them UTF-8: a server may drop a line that is not before it looks at it.
    for key in ["", "a b", "a\tb", "caf\u{e9}", &long] {
        let request = Request::new("POST", "/api/orders").bearer(&buyer.token).header("Idempotency-Key", key);
        world.send(request.json(&body)).await?.status(400)?.problem("malformed-header")?;
    }
    // Two lines, also of the same key: which of them was meant?
    for other in ["one", "two"] {
        let request = Request::new("POST", "/api/orders").bearer(&buyer.token).header("Idempotency-Key", "one");
        let request = request.header("Idempotency-Key", other).json(&body);
        world.send(request).await?.status(400)?.problem("malformed-header")?;
    }
    world.stocks(&[(&product, 9)]).await?;
    only(world, &buyer, 0).await
}

async fn the_key_is_looked_at_after_the_token_and_before_the_body(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let request = Request::new("POST", "/api/orders").header("Idempotency-Key", "a b");
    world.send(request.clone().json_text("{")).await?.status(401)?.problem("token-missing")?;
    let request = request.bearer(token);
    for body in [
        request.clone().json_text("{"),
        request.clone().header("Content-Type", "text/plain").bytes("x"),
        request.clone().json_text(vec![b' '; 65_537]),
        request.clone().json(&json!({})),
        request,
    ] {
        world.send(body).await?.status(400)?.problem("malformed-header")?;
    }
    Ok(())
}

async fn the_key_means_nothing_elsewhere(world: &World) -> Outcome {
    let body = world.new_product(1, 1);
    let request = Request::new("POST", "/api/products").bearer(&world.admin().await?.token);
    let request = request.header("Idempotency-Key", "a b").json(&body);
    world.send(request.clone()).await?.status(201)?.has("/sku", member(&body, "sku"))?;
    world.send(request).await?.status(409)?.problem("sku-taken")?;
    Ok(())
}
