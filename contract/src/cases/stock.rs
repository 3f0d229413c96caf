//! Stock: what placing takes and cancelling gives back.

use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::request::Request;
use crate::world::{World, member, with};

cases!("stock";
    placing_takes_the_units_and_makes_a_new_version,
    the_last_unit_can_be_ordered_and_no_more,
    too_little_of_one_product_takes_nothing_of_any,
    every_short_line_is_named,
    cancelling_gives_the_units_back_once,
    cancelling_gives_back_to_the_products_that_still_exist,
    stock_given_back_may_exceed_what_an_admin_may_set,
    paying_and_shipping_move_no_stock,
    a_version_seen_before_an_order_is_stale,
    an_admin_sets_the_stock_anew,
);

/// Expects 409 with these lines, in this order.
fn short(answer: &Answer, lines: &[u64]) -> Outcome {
    answer.status(409)?.problem("insufficient-stock")?;
    let errors = answer.at("/errors")?.as_array().cloned().unwrap_or_default();
    let found: Vec<_> = errors.iter().map(|error| (member(error, "pointer"), member(error, "code"))).collect();
    let expected: Vec<_> =
        lines.iter().map(|line| (json!(format!("/lines/{line}/quantity")), json!("insufficient-stock"))).collect();
    answer.check(found == expected, format_args!("errors {expected:?}"))?;
    Ok(())
}

async fn placing_takes_the_units_and_makes_a_new_version(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 10).await?;
    let before = world.get(&product.path()).await?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    world.order(&buyer.token, &[product.line(3)]).await?;
    let after = world.get(&product.path()).await?;
    after.status(200)?.has("/stock", 7)?.has("/version", 2)?.header_is("etag", "\"2\"")?;
    // Nobody has edited the product.
    after.has("/updated_at", before.at("/updated_at")?)?.has("/created_at", before.at("/created_at")?)?;
    Ok(())
}

async fn the_last_unit_can_be_ordered_and_no_more(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 2).await?;
    short(&world.place(&buyer.token, &[product.line(3)]).await?, &[0])?;
    world.order(&buyer.token, &[product.line(2)]).await?;
    world.stocks(&[(&product, 0)]).await?;
    short(&world.place(&buyer.token, &[product.line(1)]).await?, &[0])?;
    world.get(&product.path()).await?.has("/stock", 0)?.has("/version", 2)?;
    Ok(())
}

async fn too_little_of_one_product_takes_nothing_of_any(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (plenty, scarce) = (world.create_product(1, 10).await?, world.create_product(1, 1).await?);
    short(&world.place(&buyer.token, &[plenty.line(2), scarce.line(2)]).await?, &[1])?;
    short(&world.place(&buyer.token, &[scarce.line(2), plenty.line(2)]).await?, &[0])?;
    for (product, stock) in [(&plenty, 10), (&scarce, 1)] {
        world.get(&product.path()).await?.has("/stock", stock)?.has("/version", 1)?;
    }
    let page = world.get_as(&buyer.token, &format!("{}/orders", buyer.path())).await?;
    page.status(200)?.has("/items", json!([]))?;
    Ok(())
}

async fn every_short_line_is_named(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let mut lines: Vec<Value> = Vec::new();
    for place in 0..12_u64 {
        // Every fifth has enough; the others have 0 to 3 units where 4 are asked for.
        let stock = if place % 5 == 0 { 4 } else { place % 4 };
        lines.push(world.create_product(1, stock).await?.line(4));
    }
    let answer = world.place(&buyer.token, &lines).await?;
    // As everywhere, the errors stand in the order of their pointers, byte by byte.
    short(&answer, &[1, 11, 2, 3, 4, 6, 7, 8, 9])
}

async fn cancelling_gives_the_units_back_once(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (one, other) = (world.create_product(1, 10).await?, world.create_product(1, 5).await?);
    let order = world.order(&buyer.token, &[one.line(4), other.line(5)]).await?;
    world.stocks(&[(&one, 6), (&other, 0)]).await?;
    world.move_to(&buyer.token, &order, "cancelled").await?.status(200)?;
    world.stocks(&[(&one, 10), (&other, 5)]).await?;
    world.get(&one.path()).await?.has("/version", 3)?;
    for _ in 0..2 {
        let again = world.move_to(&buyer.token, &order, "cancelled").await?;
        again.status(409)?.problem("illegal-transition")?;
    }
    world.stocks(&[(&one, 10), (&other, 5)]).await?;
    // What came back can be ordered again; a paid order gives back as well.
    let next = world.order(&buyer.token, &[other.line(5)]).await?;
    world.move_through(&next, &["paid", "cancelled"]).await?;
    world.stocks(&[(&other, 5)]).await
}

async fn cancelling_gives_back_to_the_products_that_still_exist(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (stays, goes) = (world.create_product(1, 5).await?, world.create_product(1, 5).await?);
    let order = world.order(&buyer.token, &[goes.line(2), stays.line(2)]).await?;
    world.delete_product(&goes).await?;
    // A new product under the old SKU is another product.
    let successor = world.create(goes.body.clone()).await?;
    let answer = world.move_to(&buyer.token, &order, "cancelled").await?;
    answer.status(200)?.has("/status", "cancelled")?.has("/lines/0/product_id", goes.id.as_str())?;
    world.stocks(&[(&stays, 5), (&successor, 5)]).await?;
    world.get(&goes.path()).await?.status(404)?;
    Ok(())
}

async fn stock_given_back_may_exceed_what_an_admin_may_set(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 10).await?;
    let order = world.order(&buyer.token, &[product.line(10)]).await?;
    let full = with(product.body.clone(), "stock", json!(1_000_000));
    world.call(&world.admin().await?.token, "PUT", &product.path(), &full).await?.status(200)?;
    world.move_to(&buyer.token, &order, "cancelled").await?.status(200)?;
    world.stocks(&[(&product, 1_000_010)]).await
}

async fn paying_and_shipping_move_no_stock(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 10).await?;
    let order = world.order(&buyer.token, &[product.line(4)]).await?;
    world.move_through(&order, &["paid", "shipped"]).await?;
    world.get(&product.path()).await?.status(200)?.has("/stock", 6)?.has("/version", 2)?;
    Ok(())
}

async fn a_version_seen_before_an_order_is_stale(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 10).await?;
    world.order(&buyer.token, &[product.line(4)]).await?;
    // Whoever read the stock of 10 would undo the sale.
    let put = Request::new("PUT", &product.path()).bearer(&world.admin().await?.token).json(&product.body);
    world.send(put.header("If-Match", "\"1\"")).await?.status(412)?.problem("precondition-failed")?;
    let fresh = Request::new("GET", &product.path()).header("If-None-Match", "\"1\"");
    world.send(fresh).await?.status(200)?.has("/stock", 6)?;
    Ok(())
}

async fn an_admin_sets_the_stock_anew(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let more = with(product.body.clone(), "stock", json!(3));
    world.call(&world.admin().await?.token, "PUT", &product.path(), &more).await?.status(200)?;
    world.order(&buyer.token, &[product.line(3)]).await?;
    world.move_to(&buyer.token, &order, "cancelled").await?.status(200)?;
    world.stocks(&[(&product, 1)]).await
}
