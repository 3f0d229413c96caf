//! Changes raced with one another and with orders: of statuses, users, products and prices.

use futures_util::future::{join, try_join_all};
use serde_json::json;

use crate::answer::{Answer, CaseError, Outcome, ensure};
use crate::cases::order_races::place;
use crate::goods::{check_sums, count, none_unavailable, tally};
use crate::request::Request;
use crate::world::{World, with};

cases!("change_races";
    of_two_moves_on_one_version_one_wins,
    pay_ship_and_cancel_at_once_make_a_legal_history,
    a_user_deleted_while_ordering_leaves_no_order_of_nobody,
    a_product_deleted_while_it_is_ordered_leaves_whole_orders,
    a_price_changed_while_it_is_ordered_is_in_one_order_or_the_next,
);

async fn of_two_moves_on_one_version_one_wins(world: &World) -> Outcome {
    let (buyer, admin) = (world.customer().await?, world.admin().await?);
    let product = world.create_product(100, 10).await?;
    for _ in 0..5 {
        let order = world.order(&buyer.token, &[product.line(2)]).await?;
        let moves = ["paid", "cancelled"].map(|status| {
            let request = Request::new("PATCH", &order).bearer(&admin.token).header("If-Match", "\"1\"");
            request.json(&json!({ "status": status }))
        });
        let answers = world.all_at_once(moves.to_vec()).await?;
        tally(&answers, &[(200, 1), (412, 1)])?;
        let won = answers.iter().find(|answer| answer.status == 200).map(Answer::text).unwrap_or_default();
        let found = world.get_as(&buyer.token, &order).await?;
        found.check(found.text() == won, format_args!("what the winner was answered: {won}"))?;
        if found.text_at("/status")? == "paid" {
            world.move_through(&order, &["cancelled"]).await?;
        }
        world.stocks(&[(&product, 10)]).await?;
    }
    Ok(())
}

/// The statuses that an order went through, by the answers that changed it; its first is `pending`.
fn history(answers: &[Answer]) -> Result<Vec<String>, CaseError> {
    let mut moved = Vec::new();
    for answer in answers {
        if answer.status == 200 {
            moved.push((answer.at("/version")?.as_u64().unwrap_or_default(), answer.text_at("/status")?));
        } else {
            let slug = answer.status(409)?.text_at("/type")?;
            let late = matches!(slug.as_str(), "/problems/illegal-transition" | "/problems/edit-conflict");
            answer.check(late, "`illegal-transition` or `edit-conflict`")?;
        }
    }
    moved.sort();
    let versions: Vec<_> = moved.iter().map(|(version, _)| *version).collect();
    let expected: Vec<u64> = (2..2 + moved.len() as u64).collect();
    ensure(versions == expected, || format!("expected: versions {expected:?}, one a change\nreceived: {moved:?}"))?;
    Ok(std::iter::once("pending".to_owned()).chain(moved.into_iter().map(|(_, status)| status)).collect())
}

async fn pay_ship_and_cancel_at_once_make_a_legal_history(world: &World) -> Outcome {
    let (buyer, admin) = (world.customer().await?, world.admin().await?);
    let legal = ["pending paid", "pending paid shipped", "pending cancelled", "pending paid cancelled"];
    for _ in 0..8 {
        let product = world.create_product(100, 10).await?;
        let order = world.order(&buyer.token, &[product.line(4)]).await?;
        let moves = ["paid", "shipped", "cancelled"].iter().cycle().take(9);
        let moves =
            moves.map(|status| Request::new("PATCH", &order).bearer(&admin.token).json(&json!({ "status": status })));
        let answers = world.all_at_once(moves.collect()).await?;
        none_unavailable(&answers)?;
        let history = history(&answers)?;
        ensure(legal.contains(&history.join(" ").as_str()), || {
            format!("expected: one of {legal:?}\nreceived: {history:?}")
        })?;
        let found = world.get_as(&buyer.token, &order).await?;
        let last = history.last().map_or("", String::as_str);
        found.status(200)?.has("/status", last)?.has("/version", history.len())?;
        world.stocks(&[(&product, if last == "cancelled" { 10 } else { 6 })]).await?;
    }
    Ok(())
}

async fn a_user_deleted_while_ordering_leaves_no_order_of_nobody(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let product = world.create_product(100, 100).await?;
    let mut sold = 0;
    for round in 0..8 {
        let buyer = world.customer().await?;
        let delete = Request::new("DELETE", &buyer.path()).bearer(&admin.token);
        let order = place(&buyer, &[product.line(1)]);
        // Either goes first half of the time.
        let requests = if round % 2 == 0 { vec![order, delete] } else { vec![delete, order] };
        let answers = world.all_at_once(requests).await?;
        none_unavailable(&answers)?;
        let by = |method: &str| answers.iter().find(|answer| answer.method == method);
        let (Some(placed), Some(deleted)) = (by("POST"), by("DELETE")) else {
            return Err(CaseError::new("this case lost an answer"));
        };
        if placed.status == 201 {
            sold += 1;
            deleted.status(409)?.problem("has-orders")?;
            world.get_as(&admin.token, &buyer.path()).await?.status(200)?;
            let found = world.get_as(&admin.token, placed.needs_header("location")?).await?;
            found.check(found.body == placed.body, format_args!("the order that was placed: {}", placed.text()))?;
        } else {
            deleted.status(204)?;
            placed.status(401)?.problem("token-invalid")?;
            world.get_as(&admin.token, &buyer.path()).await?.status(404)?;
        }
    }
    world.stocks(&[(&product, 100 - sold)]).await
}

async fn a_product_deleted_while_it_is_ordered_leaves_whole_orders(world: &World) -> Outcome {
    let (buyer, admin) = (world.customer().await?, world.admin().await?);
    let stays = world.create_product(100, 1_000).await?;
    let mut sold = 0;
    for _ in 0..5 {
        let goes = world.create_product(100, 1_000).await?;
        let orders = (0..6).map(|_| world.send(place(&buyer, &[stays.line(1), goes.line(1)])));
        let delete = world.send(Request::new("DELETE", &goes.path()).bearer(&admin.token));
        let (orders, deleted) = join(try_join_all(orders), delete).await;
        let (orders, deleted) = (orders?, deleted?);
        none_unavailable(&orders)?;
        if deleted.status == 409 {
            // The stock changed under it, too often: so it says, and the product is there.
            deleted.problem("edit-conflict")?;
            world.get(&goes.path()).await?.status(200)?.has("/stock", 1_000 - count(&orders, 201))?;
        } else {
            deleted.status(204)?;
            world.get(&goes.path()).await?.status(404)?;
        }
        for answer in &orders {
            if answer.status == 201 {
                sold += 1;
                let found = world.get_as(&buyer.token, answer.needs_header("location")?).await?;
                found.status(200)?.check(found.body == answer.body, format_args!("the order: {}", answer.text()))?;
            } else {
                answer.invalid(&[("/lines/1/product_id", "unknown-product")])?;
            }
        }
    }
    // What was refused has taken nothing of the product that stays.
    world.stocks(&[(&stays, 1_000 - sold)]).await
}

async fn a_price_changed_while_it_is_ordered_is_in_one_order_or_the_next(world: &World) -> Outcome {
    let (buyer, admin) = (world.customer().await?, world.admin().await?);
    let product = world.create_product(1_000, 1_000_000).await?;
    let fixed = world.create_product(40_000, 1_000).await?;
    let requests = (0..24).map(|number| {
        if number % 3 == 0 {
            let body = with(product.body.clone(), "price_cents", json!(1_000 + number));
            Request::new("PUT", &product.path()).bearer(&admin.token).json(&body)
        } else {
            place(&buyer, &[fixed.line(1), product.line(10)])
        }
    });
    let answers = world.all_at_once(requests.collect()).await?;
    none_unavailable(&answers)?;
    for answer in &answers {
        if answer.method == "PUT" {
            // Lost too many races, and said so: nothing was applied.
            if answer.status == 409 {
                answer.problem("edit-conflict")?;
            } else {
                answer.status(200)?;
            }
            continue;
        }
        let price = answer.status(201)?.at("/lines/1/unit_price_cents")?.as_u64().unwrap_or_default();
        let is_one = (1_000..1_024).contains(&price) && (price - 1_000) % 3 == 0;
        answer.check(is_one, "one of the prices that the product had")?;
        check_sums(answer)?;
    }
    world.stocks(&[(&fixed, 1_000 - 16)]).await
}
