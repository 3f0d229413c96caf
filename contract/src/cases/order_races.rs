//! Many orders at once: what must hold of stock and keys whatever runs at the same time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::{Answer, Outcome, ensure};
use crate::goods::{order_of, tally};
use crate::request::Request;
use crate::world::{Account, World};

cases!("order_races";
    twenty_orders_for_the_last_five_units_sell_five,
    orders_in_opposite_line_order_do_not_stand_in_each_others_way,
    one_key_sent_twenty_times_at_once_is_one_order,
    one_key_with_two_bodies_at_once_is_one_order,
    cancelling_at_once_gives_back_once,
    one_of_twenty_products_with_one_sku_is_made,
);

pub(super) fn place(buyer: &Account, lines: &[Value]) -> Request {
    Request::new("POST", "/api/orders").bearer(&buyer.token).json(&order_of(lines))
}

async fn twenty_orders_for_the_last_five_units_sell_five(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    for _ in 0..3 {
        let product = world.create_product(100, 5).await?;
        let requests = (0..20).map(|_| place(&buyer, &[product.line(1)])).collect();
        let answers = world.all_at_once(requests).await?;
        tally(&answers, &[(201, 5), (409, 15)])?;
        for refused in answers.iter().filter(|answer| answer.status == 409) {
            refused.problem("insufficient-stock")?;
        }
        // Each sale is a version, and nothing else is.
        world.get(&product.path()).await?.status(200)?.has("/stock", 0)?.has("/version", 6)?;
    }
    let orders = world.walk(Some(&buyer.token), &format!("{}/orders", buyer.path())).await?;
    ensure(orders.len() == 15, || format!("expected: 15 orders\nreceived: {orders:?}"))
}

async fn orders_in_opposite_line_order_do_not_stand_in_each_others_way(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (one, other) = (world.create_product(100, 14).await?, world.create_product(100, 10).await?);
    let lines = |number: usize| {
        if number.is_multiple_of(2) { [one.line(1), other.line(1)] } else { [other.line(1), one.line(1)] }
    };
    let answers = world.all_at_once((0..20).map(|number| place(&buyer, &lines(number))).collect()).await?;
    tally(&answers, &[(201, 10), (409, 10)])?;
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        refused.problem("insufficient-stock")?;
    }
    world.stocks(&[(&one, 4), (&other, 0)]).await
}

async fn one_key_sent_twenty_times_at_once_is_one_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(100, 50).await?;
    let key = world.unique();
    let request = place(&buyer, &[product.line(2)]).header("Idempotency-Key", &key);
    let answers = world.all_at_once(vec![request; 20]).await?;
    tally(&answers, &[(201, 20)])?;
    let bodies: BTreeSet<_> = answers.iter().map(Answer::text).collect();
    ensure(bodies.len() == 1, || format!("expected: twenty equal orders\nreceived: {bodies:?}"))?;
    let placed = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    ensure(placed == 1, || format!("expected: one answer without Idempotency-Replayed\nreceived: {placed}"))?;
    let orders = world.walk(Some(&buyer.token), &format!("{}/orders", buyer.path())).await?;
    ensure(orders.len() == 1, || format!("expected: one order\nreceived: {orders:?}"))?;
    world.get(&product.path()).await?.status(200)?.has("/stock", 48)?.has("/version", 2)?;
    Ok(())
}

async fn one_key_with_two_bodies_at_once_is_one_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(100, 50).await?;
    let key = world.unique();
    let request = |number: u64| place(&buyer, &[product.line(1 + number % 2)]).header("Idempotency-Key", &key);
    let answers = world.all_at_once((0..10).map(request).collect()).await?;
    tally(&answers, &[(201, 5), (422, 5)])?;
    for refused in answers.iter().filter(|answer| answer.status == 422) {
        refused.problem("idempotency-key-reused")?;
    }
    let taken: BTreeSet<_> =
        answers.iter().filter_map(|answer| answer.at("/lines/0/quantity").ok()?.as_u64()).collect();
    ensure(taken.len() == 1, || format!("expected: one quantity in all orders\nreceived: {taken:?}"))?;
    world.stocks(&[(&product, 50 - taken.first().copied().unwrap_or_default())]).await
}

async fn cancelling_at_once_gives_back_once(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let (one, other) = (world.create_product(100, 10).await?, world.create_product(100, 10).await?);
    for _ in 0..3 {
        let order = world.order(&buyer.token, &[one.line(3), other.line(7)]).await?;
        let cancel = Request::new("PATCH", &order).bearer(&buyer.token).json(&json!({ "status": "cancelled" }));
        let answers = world.all_at_once(vec![cancel; 20]).await?;
        tally(&answers, &[(200, 1), (409, 19)])?;
        world.stocks(&[(&one, 10), (&other, 10)]).await?;
    }
    Ok(())
}

async fn one_of_twenty_products_with_one_sku_is_made(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let body = world.new_product(100, 1);
    let request = Request::new("POST", "/api/products").bearer(&admin.token).json(&body);
    let answers = world.all_at_once(vec![request; 20]).await?;
    tally(&answers, &[(201, 1), (409, 19)])?;
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        refused.problem("sku-taken")?;
    }
    Ok(())
}
