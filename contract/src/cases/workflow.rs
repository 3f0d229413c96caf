//! The workflow: which status may follow which, who may bring it about, and under which condition.

use std::time::Duration;

use serde_json::json;

use crate::answer::{CaseError, Outcome};
use crate::request::Request;
use crate::world::{Account, World};

cases!("workflow";
    an_admin_moves_an_order_along_every_legal_way,
    every_other_transition_is_illegal,
    the_customer_pays_and_cancels_while_it_is_pending,
    the_customer_ships_nothing_whatever_the_status,
    the_customer_cancels_nothing_that_is_paid,
    an_illegal_transition_goes_before_the_permission_to_cancel,
    anothers_order_is_404,
    a_change_moves_version_and_updated_at_and_nothing_else,
    update_of_nothing_changes_nothing,
    update_takes_the_status_alone,
    both_media_types_are_taken,
    if_match_refuses_another_version_before_the_transition,
    the_permission_to_ship_goes_before_the_precondition,
);

const STATUSES: [&str; 4] = ["pending", "paid", "shipped", "cancelled"];

/// The ways that there are, each to its last status.
const WAYS: [&[&str]; 5] = [&[], &["paid"], &["paid", "shipped"], &["cancelled"], &["paid", "cancelled"]];

/// A customer with one order that went this way.
async fn order_after(world: &World, way: &[&str]) -> Result<(Account, String), CaseError> {
    let buyer = world.customer().await?;
    let product = world.create_product(1_000, 2).await?;
    let order = world.order(&buyer.token, &[product.line(2)]).await?;
    world.move_through(&order, way).await?;
    Ok((buyer, order))
}

async fn an_admin_moves_an_order_along_every_legal_way(world: &World) -> Outcome {
    let admin = world.admin().await?;
    for way in WAYS {
        let (buyer, order) = order_after(world, way).await?;
        let last = *way.last().unwrap_or(&"pending");
        let found = world.get_as(&buyer.token, &order).await?;
        found.status(200)?.has("/status", last)?.has("/version", way.len() + 1)?;
        let by_admin = world.get_as(&admin.token, &order).await?;
        by_admin.check(by_admin.body == found.body, format_args!("what the customer sees: {}", found.text()))?;
    }
    Ok(())
}

async fn every_other_transition_is_illegal(world: &World) -> Outcome {
    let admin = world.admin().await?;
    for way in WAYS {
        let legal = WAYS.iter().filter(|other| other.len() == way.len() + 1 && other.starts_with(way));
        let legal: Vec<_> = legal.filter_map(|other| other.last().copied()).collect();
        let (_, order) = order_after(world, way).await?;
        let before = world.get_as(&admin.token, &order).await?;
        for status in STATUSES.iter().filter(|status| !legal.contains(status)) {
            world.move_to(&admin.token, &order, status).await?.status(409)?.problem("illegal-transition")?;
        }
        let after = world.get_as(&admin.token, &order).await?;
        after.check(after.body == before.body, format_args!("the order as it was: {}", before.text()))?;
    }
    Ok(())
}

async fn the_customer_pays_and_cancels_while_it_is_pending(world: &World) -> Outcome {
    for status in ["paid", "cancelled"] {
        let (buyer, order) = order_after(world, &[]).await?;
        let moved = world.move_to(&buyer.token, &order, status).await?;
        moved.status(200)?.has("/status", status)?.has("/version", 2)?.header_is("etag", "\"2\"")?;
        let again = world.move_to(&buyer.token, &order, status).await?;
        again.status(409)?.problem("illegal-transition")?;
        world.move_to(&buyer.token, &order, "pending").await?.status(409)?.problem("illegal-transition")?;
    }
    Ok(())
}

async fn the_customer_ships_nothing_whatever_the_status(world: &World) -> Outcome {
    for way in WAYS {
        let (buyer, order) = order_after(world, way).await?;
        world.move_to(&buyer.token, &order, "shipped").await?.status(403)?.problem("forbidden")?;
    }
    Ok(())
}

async fn the_customer_cancels_nothing_that_is_paid(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &["paid"]).await?;
    world.move_to(&buyer.token, &order, "cancelled").await?.status(403)?.problem("forbidden")?;
    world.get_as(&buyer.token, &order).await?.status(200)?.has("/status", "paid")?.has("/version", 2)?;
    world.move_to(&world.admin().await?.token, &order, "cancelled").await?.status(200)?.has("/version", 3)?;
    Ok(())
}

async fn an_illegal_transition_goes_before_the_permission_to_cancel(world: &World) -> Outcome {
    for way in [&["paid", "shipped"][..], &["paid", "cancelled"]] {
        let (buyer, order) = order_after(world, way).await?;
        world.move_to(&buyer.token, &order, "cancelled").await?.status(409)?.problem("illegal-transition")?;
    }
    let (buyer, order) = order_after(world, &["paid"]).await?;
    let stale = Request::new("PATCH", &order).bearer(&buyer.token).header("If-Match", "\"1\"");
    world.send(stale.json(&json!({ "status": "cancelled" }))).await?.status(412)?;
    Ok(())
}

async fn anothers_order_is_404(world: &World) -> Outcome {
    let (_, order) = order_after(world, &[]).await?;
    let reader = world.reader().await?;
    for body in [json!({}), json!({ "status": "paid" }), json!({ "status": "shipped" }), json!({ "status": "pending" })]
    {
        for path in [order.as_str(), "/api/orders/01890000-0000-7000-8000-000000000000", "/api/orders/x"] {
            let request = Request::new("PATCH", path).bearer(&reader.token).json(&body);
            world.send(request.clone()).await?.status(404)?.problem("not-found")?;
            world.send(request.header("If-Match", "\"9\"")).await?.status(404)?.problem("not-found")?;
        }
        let nothing = "/api/orders/01890000-0000-7000-8000-000000000000";
        world.call(&world.admin().await?.token, "PATCH", nothing, &body).await?.status(404)?.problem("not-found")?;
    }
    world.get_as(&world.admin().await?.token, &order).await?.status(200)?.has("/version", 1)?;
    Ok(())
}

async fn a_change_moves_version_and_updated_at_and_nothing_else(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &[]).await?;
    let before = world.get_as(&buyer.token, &order).await?;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let after = world.move_to(&buyer.token, &order, "paid").await?;
    after.check(after.text_at("/updated_at")? > before.text_at("/updated_at")?, "a later updated_at")?;
    for pointer in ["/id", "/customer", "/lines", "/subtotal_cents", "/discount_cents", "/total_cents", "/created_at"] {
        after.has(pointer, before.at(pointer)?)?;
    }
    let found = world.get_as(&buyer.token, &order).await?;
    found.status(200)?.header_is("etag", "\"2\"")?;
    found.check(found.body == after.body, format_args!("what the PATCH answered: {}", after.text()))?;
    Ok(())
}

async fn update_of_nothing_changes_nothing(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &["paid"]).await?;
    let before = world.get_as(&buyer.token, &order).await?;
    let after = world.call(&buyer.token, "PATCH", &order, &json!({})).await?;
    after.status(200)?.header_is("etag", "\"2\"")?;
    after.check(after.body == before.body, format_args!("the order as it was: {}", before.text()))?;
    let request = Request::new("PATCH", &order).bearer(&buyer.token).json(&json!({}));
    world.send(request.clone().header("If-Match", "\"2\"")).await?.status(200)?;
    world.send(request.header("If-Match", "\"1\"")).await?.status(412)?.problem("precondition-failed")?;
    Ok(())
}

async fn update_takes_the_status_alone(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &[]).await?;
    for (body, pointer, code) in [
        (json!([]), "", "type"),
        (json!(null), "", "type"),
        (json!("paid"), "", "type"),
        (json!({ "status": null }), "/status", "type"),
        (json!({ "status": 1 }), "/status", "type"),
        (json!({ "status": ["paid"] }), "/status", "type"),
        (json!({ "status": "" }), "/status", "not-an-option"),
        (json!({ "status": "Paid" }), "/status", "not-an-option"),
        (json!({ "status": "refunded" }), "/status", "not-an-option"),
        (json!({ "lines": [] }), "/lines", "unknown-field"),
        (json!({ "status": "paid", "total_cents": 0 }), "/total_cents", "unknown-field"),
        (json!({ "status": "paid", "version": 1 }), "/version", "unknown-field"),
    ] {
        world.call(&buyer.token, "PATCH", &order, &body).await?.invalid(&[(pointer, code)])?;
    }
    world.get_as(&buyer.token, &order).await?.status(200)?.has("/status", "pending")?.has("/version", 1)?;
    Ok(())
}

async fn both_media_types_are_taken(world: &World) -> Outcome {
    let (_, order) = order_after(world, &[]).await?;
    let token = &world.admin().await?.token;
    for (status, media_type) in [("paid", "application/merge-patch+json"), ("shipped", "application/json")] {
        let request = Request::new("PATCH", &order).bearer(token).header("Content-Type", media_type);
        world
            .send(request.bytes(json!({ "status": status }).to_string()))
            .await?
            .status(200)?
            .has("/status", status)?;
    }
    let other = Request::new("PATCH", &order).bearer(token).header("Content-Type", "application/json-patch+json");
    let answer = world.send(other.bytes("[]")).await?;
    answer.status(415)?.header_is("accept-patch", "application/merge-patch+json, application/json")?;
    Ok(())
}

async fn if_match_refuses_another_version_before_the_transition(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &[]).await?;
    let patch = |status: &str, tag: &str| {
        let request = Request::new("PATCH", &order).bearer(&buyer.token).header("If-Match", tag);
        world.send(request.json(&json!({ "status": status })))
    };
    for status in ["paid", "pending"] {
        patch(status, "\"2\"").await?.status(412)?.problem("precondition-failed")?;
        patch(status, "W/\"1\"").await?.status(412)?.problem("precondition-failed")?;
        patch(status, "1").await?.status(400)?.problem("malformed-header")?;
    }
    patch("pending", "\"1\"").await?.status(409)?.problem("illegal-transition")?;
    patch("paid", "\"9\", \"1\"").await?.status(200)?.has("/version", 2)?;
    patch("cancelled", "*").await?.status(403)?.problem("forbidden")?;
    Ok(())
}

async fn the_permission_to_ship_goes_before_the_precondition(world: &World) -> Outcome {
    let (buyer, order) = order_after(world, &["paid"]).await?;
    let request = Request::new("PATCH", &order).header("If-Match", "\"9\"").json(&json!({ "status": "shipped" }));
    world.send(request.clone().bearer(&buyer.token)).await?.status(403)?.problem("forbidden")?;
    world.send(request.bearer(&world.admin().await?.token)).await?.status(412)?.problem("precondition-failed")?;
    Ok(())
}
