//! Products: create, find, replace, delete.

use std::time::Duration;

use serde_json::json;

use crate::answer::{Outcome, ensure};
use crate::goods::Product;
use crate::request::Request;
use crate::world::{World, member, with};

/// An id that names nothing.
const NOTHING: &str = "/api/products/01890000-0000-7000-8000-000000000000";

cases!("products";
    create_makes_a_product_that_anyone_can_find,
    create_answers_the_fields_in_their_order,
    create_trims_name_and_category,
    create_refuses_a_taken_sku,
    a_sku_is_free_again_after_its_product_is_gone,
    find_needs_no_token_and_ignores_a_bad_one,
    find_answers_404_for_ids_that_name_nothing,
    find_says_304_to_the_present_version,
    replace_sets_everything_and_makes_a_new_version,
    replace_without_attributes_leaves_none,
    replace_keeps_its_own_sku_and_refuses_anothers,
    replace_and_delete_take_if_match,
    delete_answers_204_without_a_body_and_then_404,
    delete_takes_a_product_that_was_ordered_and_the_order_stays,
);

async fn create_makes_a_product_that_anyone_can_find(world: &World) -> Outcome {
    let body = world.new_product(1_999, 7);
    let made = world.call(&world.admin().await?.token, "POST", "/api/products", &body).await?;
    made.status(201)?.has("/version", 1)?.header_is("etag", "\"1\"")?.has("/attributes", json!({}))?;
    for field in ["sku", "name", "category", "price_cents", "stock"] {
        made.has(&format!("/{field}"), member(&body, field))?;
    }
    made.check(made.at("/created_at")? == made.at("/updated_at")?, "created_at and updated_at alike")?;
    let location = format!("/api/products/{}", made.text_at("/id")?);
    made.header_is("location", &location)?;
    let found = world.get(&location).await?;
    found.status(200)?.header_is("etag", "\"1\"")?;
    found.check(found.body == made.body, format_args!("the product as it was made: {}", made.text()))?;
    Ok(())
}

async fn create_answers_the_fields_in_their_order(world: &World) -> Outcome {
    let body = with(world.new_product(5, 6), "attributes", json!({ "b": true, "a": "x" }));
    let made = world.call(&world.admin().await?.token, "POST", "/api/products", &body).await?;
    let text = |name: &str| made.text_at(&format!("/{name}"));
    let expected = format!(
        r#"{{"id":"{}","sku":"{}","name":"{}","category":"{}","price_cents":5,"stock":6,"attributes":{{"a":"x","b":true}},"version":1,"created_at":"{}","updated_at":"{}"}}"#,
        text("id")?,
        text("sku")?,
        text("name")?,
        text("category")?,
        text("created_at")?,
        text("updated_at")?
    );
    made.status(201)?.check(made.text() == expected, format_args!("exactly {expected}"))?;
    Ok(())
}

async fn create_trims_name_and_category(world: &World) -> Outcome {
    let unique = world.unique();
    let body = with(world.new_product(1, 1), "name", json!("\t\u{a0} A  name\u{3000}\n"));
    let body = with(body, "category", json!(format!("\u{2003}{unique} \n")));
    let made = world.call(&world.admin().await?.token, "POST", "/api/products", &body).await?;
    made.status(201)?.has("/name", "A  name")?.has("/category", unique)?;
    Ok(())
}

async fn create_refuses_a_taken_sku(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    let body = with(world.new_product(2, 2), "sku", member(&product.body, "sku"));
    let admin = world.admin().await?;
    world.call(&admin.token, "POST", "/api/products", &body).await?.status(409)?.problem("sku-taken")?;
    world.get(&product.path()).await?.status(200)?.has("/version", 1)?;
    Ok(())
}

async fn a_sku_is_free_again_after_its_product_is_gone(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    world.delete_product(&product).await?;
    let again = world.create(product.body).await?;
    ensure(again.id != product.id, || format!("expected: another id than {}", product.id))?;
    // And after its product has taken another one.
    let moved = with(again.body.clone(), "sku", member(&world.new_product(1, 1), "sku"));
    world.call(&world.admin().await?.token, "PUT", &again.path(), &moved).await?.status(200)?;
    world.create(again.body).await?;
    Ok(())
}

async fn find_needs_no_token_and_ignores_a_bad_one(world: &World) -> Outcome {
    let path = world.create_product(1, 1).await?.path();
    let plain = world.get(&path).await?;
    for value in ["Bearer garbage", "Basic eDp5", ""] {
        let answer = world.send(Request::new("GET", &path).header("Authorization", value)).await?;
        answer.status(200)?.check(answer.body == plain.body, format_args!("the same: {}", plain.text()))?;
    }
    let answer = world.get_as(&world.reader().await?.token, &path).await?;
    answer.status(200)?.lacks_header("cache-control")?.lacks_header("vary")?;
    Ok(())
}

async fn find_answers_404_for_ids_that_name_nothing(world: &World) -> Outcome {
    world.get(NOTHING).await?.status(404)?.problem("not-found")?;
    let Product { id, .. } = world.create_product(1, 1).await?;
    let user = world.reader().await?.id.clone();
    let others = [id.to_uppercase(), id.replace('-', ""), format!("{id}%20"), format!("%7B{id}%7D"), user];
    for id in ["1", "%FF", "%00", "%", "..%2F.."].map(str::to_owned).iter().chain(&others) {
        world.get(&format!("/api/products/{id}")).await?.status(404)?.problem("not-found")?;
    }
    world.get(&format!("/api/products/{}", id.replace('-', "%2d"))).await?.status(200)?;
    Ok(())
}

async fn find_says_304_to_the_present_version(world: &World) -> Outcome {
    let path = world.create_product(1, 1).await?.path();
    for method in ["GET", "HEAD"] {
        let request = Request::new(method, &path);
        for value in ["\"1\"", "W/\"1\"", "*", "\"9\", \"1\""] {
            let answer = world.send(request.clone().header("If-None-Match", value)).await?;
            answer.status(304)?.header_is("etag", "\"1\"")?.lacks_header("content-type")?;
        }
        world.send(request.clone().header("If-None-Match", "\"2\"")).await?.status(200)?.header_is("etag", "\"1\"")?;
        world.send(request.header("If-None-Match", "1")).await?.status(400)?;
    }
    Ok(())
}

async fn replace_sets_everything_and_makes_a_new_version(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    let before = world.get(&product.path()).await?;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let body = with(world.new_product(9_999, 0), "attributes", json!({ "colour": "red" }));
    let token = &world.admin().await?.token;
    let answer = world.call(token, "PUT", &product.path(), &body).await?;
    answer.status(200)?.has("/version", 2)?.header_is("etag", "\"2\"")?.has("/id", product.id.as_str())?;
    for field in ["sku", "name", "category", "price_cents", "stock", "attributes"] {
        answer.has(&format!("/{field}"), member(&body, field))?;
    }
    answer.has("/created_at", before.at("/created_at")?)?;
    answer.check(answer.text_at("/updated_at")? > before.text_at("/updated_at")?, "a later updated_at")?;
    let found = world.get(&product.path()).await?;
    found.check(found.body == answer.body, format_args!("what the PUT answered: {}", answer.text()))?;
    // The same values once more are a new version all the same.
    world.call(token, "PUT", &product.path(), &body).await?.status(200)?.has("/version", 3)?;
    Ok(())
}

async fn replace_without_attributes_leaves_none(world: &World) -> Outcome {
    let body = world.new_product(1, 1);
    let product = world.create(with(body.clone(), "attributes", json!({ "a": 1 }))).await?;
    let token = &world.admin().await?.token;
    world.call(token, "PUT", &product.path(), &body).await?.status(200)?.has("/attributes", json!({}))?;
    Ok(())
}

async fn replace_keeps_its_own_sku_and_refuses_anothers(world: &World) -> Outcome {
    let (product, other) = (world.create_product(1, 1).await?, world.create_product(1, 1).await?);
    let token = &world.admin().await?.token;
    let own = with(product.body.clone(), "stock", json!(2));
    world.call(token, "PUT", &product.path(), &own).await?.status(200)?.has("/stock", 2)?;
    let taken = with(product.body.clone(), "sku", member(&other.body, "sku"));
    world.call(token, "PUT", &product.path(), &taken).await?.status(409)?.problem("sku-taken")?;
    world.get(&product.path()).await?.status(200)?.has("/version", 2)?.has("/sku", member(&product.body, "sku"))?;
    Ok(())
}

async fn replace_and_delete_take_if_match(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    let other = world.create_product(1, 1).await?;
    let token = &world.admin().await?.token;
    let put = Request::new("PUT", &product.path()).bearer(token).json(&product.body);
    world.send(put.clone().header("If-Match", "\"2\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(put.clone().header("If-Match", "W/\"1\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(put.clone().header("If-Match", "1")).await?.status(400)?.problem("malformed-header")?;
    world.send(put.clone().header("If-Match", "\"7\", \"1\"")).await?.status(200)?.has("/version", 2)?;
    world.send(put.header("If-Match", "*")).await?.status(200)?.has("/version", 3)?;
    // The precondition goes before the rule.
    let taken = with(product.body.clone(), "sku", member(&other.body, "sku"));
    let stale = Request::new("PUT", &product.path()).bearer(token).json(&taken).header("If-Match", "\"1\"");
    world.send(stale).await?.status(412)?.problem("precondition-failed")?;
    let delete = Request::new("DELETE", &product.path()).bearer(token);
    world.send(delete.clone().header("If-Match", "\"1\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(delete.clone().header("If-Match", "3")).await?.status(400)?.problem("malformed-header")?;
    world.send(delete.clone().header("If-Match", "\"3\"")).await?.status(204)?;
    world.send(delete.header("If-Match", "*")).await?.status(404)?.problem("not-found")?;
    Ok(())
}

async fn delete_answers_204_without_a_body_and_then_404(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    world.delete_product(&product).await?;
    let token = &world.admin().await?.token;
    world.get(&product.path()).await?.status(404)?.problem("not-found")?;
    world.send(Request::new("DELETE", &product.path()).bearer(token)).await?.status(404)?.problem("not-found")?;
    world.call(token, "PUT", &product.path(), &product.body).await?.status(404)?.problem("not-found")?;
    Ok(())
}

async fn delete_takes_a_product_that_was_ordered_and_the_order_stays(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_250, 5).await?;
    let order = world.order(&buyer.token, &[product.line(2)]).await?;
    let before = world.get_as(&buyer.token, &order).await?;
    world.delete_product(&product).await?;
    let after = world.get_as(&buyer.token, &order).await?;
    after.status(200)?.has("/lines/0/name", member(&product.body, "name"))?.has("/lines/0/total_cents", 2_500)?;
    after.check(after.body == before.body, format_args!("the order as it was: {}", before.text()))?;
    // Its units go back to nobody when it is cancelled.
    world.move_to(&buyer.token, &order, "cancelled").await?.status(200)?;
    world.get(&product.path()).await?.status(404)?;
    world.place(&buyer.token, &[product.line(1)]).await?.invalid(&[("/lines/0/product_id", "unknown-product")])?;
    Ok(())
}
