//! Orders: create and find them; whose they are. How they move is in `workflow.rs`.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::request::Request;
use crate::world::{World, member};

/// An id that names nothing.
const NOTHING: &str = "/api/orders/01890000-0000-7000-8000-000000000000";

cases!("orders";
    create_places_a_pending_order_of_the_caller,
    create_answers_the_fields_in_their_order,
    create_keeps_the_lines_in_the_order_sent,
    find_is_for_the_customer_and_admins,
    find_answers_404_for_ids_that_name_nothing,
    find_says_304_to_the_present_version,
    the_customers_name_is_todays_and_the_version_stays,
    a_line_is_a_copy_of_the_product_as_it_was,
    a_user_with_an_order_in_any_state_cannot_be_deleted,
    the_precondition_goes_before_the_orders_of_a_user;
    alone:
    the_only_admin_with_orders_is_told_that_it_is_the_only_admin,
);

async fn create_places_a_pending_order_of_the_caller(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_500, 5).await?;
    let placed = world.place(&buyer.token, &[product.line(3)]).await?;
    placed.status(201)?.has("/status", "pending")?.has("/version", 1)?.header_is("etag", "\"1\"")?;
    placed.has("/customer", json!({ "id": buyer.id, "name": "Con Tract" }))?.lacks_header("idempotency-replayed")?;
    placed.check(placed.at("/created_at")? == placed.at("/updated_at")?, "created_at and updated_at alike")?;
    let location = format!("/api/orders/{}", placed.text_at("/id")?);
    placed.header_is("location", &location)?;
    let found = world.get_as(&buyer.token, &location).await?;
    found.status(200)?.header_is("etag", "\"1\"")?;
    found.check(found.body == placed.body, format_args!("the order that was placed: {}", placed.text()))?;
    Ok(())
}

async fn create_answers_the_fields_in_their_order(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(600, 100).await?;
    let placed = world.place(&buyer.token, &[product.line(100)]).await?;
    let text = |pointer: &str| placed.text_at(pointer);
    let expected = format!(
        r#"{{"id":"{}","customer":{{"id":"{}","name":"Con Tract"}},"status":"pending","lines":[{{"product_id":"{}","name":"{}","unit_price_cents":600,"quantity":100,"total_cents":60000}}],"subtotal_cents":60000,"discount_cents":8700,"total_cents":51300,"version":1,"created_at":"{}","updated_at":"{}"}}"#,
        text("/id")?,
        buyer.id,
        product.id,
        text("/lines/0/name")?,
        text("/created_at")?,
        text("/updated_at")?
    );
    placed.status(201)?.check(placed.text() == expected, format_args!("exactly {expected}"))?;
    Ok(())
}

async fn create_keeps_the_lines_in_the_order_sent(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let products = world.create_products(&world.unique(), 4).await?;
    for order in [[3, 1, 0, 2], [0, 1, 2, 3], [2, 3, 1, 0]] {
        let chosen: Vec<_> = order.iter().filter_map(|place: &usize| products.get(*place)).collect();
        let lines: Vec<Value> = chosen.iter().map(|product| product.line(1)).collect();
        let placed = world.place(&buyer.token, &lines).await?;
        placed.status(201)?;
        let found = world.get_as(&buyer.token, placed.needs_header("location")?).await?;
        for (place, product) in chosen.iter().enumerate() {
            placed.has(&format!("/lines/{place}/product_id"), product.id.as_str())?;
        }
        found.check(found.body == placed.body, format_args!("the order that was placed: {}", placed.text()))?;
    }
    Ok(())
}

async fn find_is_for_the_customer_and_admins(world: &World) -> Outcome {
    let (buyer, reader, admin) = (world.customer().await?, world.reader().await?, world.admin().await?);
    let product = world.create_product(1, 1).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let own = world.get_as(&buyer.token, &order).await?;
    let by_admin = world.get_as(&admin.token, &order).await?;
    by_admin.status(200)?.check(by_admin.body == own.body, format_args!("what its customer sees: {}", own.text()))?;
    // As if it were not there, to the letter: nothing tells a stranger that it is.
    let (others, nothing) = (world.get_as(&reader.token, &order).await?, world.get_as(&reader.token, NOTHING).await?);
    others.status(404)?.problem("not-found")?;
    others.check(others.at("/detail")? == nothing.at("/detail")?, "the detail of an order that is not there")?;
    let conditional = Request::new("GET", &order).bearer(&reader.token).header("If-None-Match", "*");
    world.send(conditional).await?.status(404)?;
    world.get(&order).await?.status(401)?.problem("token-missing")?;
    Ok(())
}

async fn find_answers_404_for_ids_that_name_nothing(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let id = order.trim_start_matches("/api/orders/");
    let others = [id.to_uppercase(), id.replace('-', ""), product.id, buyer.id];
    for token in [&buyer.token, &world.admin().await?.token] {
        world.get_as(token, NOTHING).await?.status(404)?.problem("not-found")?;
        for id in ["1", "%FF", "%00", "%"].map(str::to_owned).iter().chain(&others) {
            world.get_as(token, &format!("/api/orders/{id}")).await?.status(404)?.problem("not-found")?;
        }
    }
    Ok(())
}

async fn find_says_304_to_the_present_version(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 1).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    for method in ["GET", "HEAD"] {
        let request = Request::new(method, &order).bearer(&buyer.token);
        world
            .send(request.clone().header("If-None-Match", "W/\"1\""))
            .await?
            .status(304)?
            .header_is("etag", "\"1\"")?;
        world.send(request.clone().header("If-None-Match", "\"2\"")).await?.status(200)?;
        world.send(request.header("If-None-Match", "1")).await?.status(400)?;
    }
    Ok(())
}

async fn the_customers_name_is_todays_and_the_version_stays(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1, 2).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let renamed = json!({ "name": "Renamed" });
    world.call(&buyer.token, "PATCH", &buyer.path(), &renamed).await?.status(200)?;
    let found = world.get_as(&buyer.token, &order).await?;
    found.status(200)?.has("/customer/name", "Renamed")?.has("/version", 1)?.header_is("etag", "\"1\"")?;
    let page = world.get_as(&buyer.token, &format!("{}/orders", buyer.path())).await?;
    page.status(200)?.has("/items/0/customer/name", "Renamed")?;
    world.place(&buyer.token, &[product.line(1)]).await?.status(201)?.has("/customer/name", "Renamed")?;
    world.move_to(&buyer.token, &order, "paid").await?.status(200)?.has("/customer/name", "Renamed")?;
    Ok(())
}

async fn a_line_is_a_copy_of_the_product_as_it_was(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    let product = world.create_product(1_000, 5).await?;
    let order = world.order(&buyer.token, &[product.line(2)]).await?;
    let before = world.get_as(&buyer.token, &order).await?;
    let other = world.new_product(9_000, 5);
    world.call(&world.admin().await?.token, "PUT", &product.path(), &other).await?.status(200)?;
    let after = world.get_as(&buyer.token, &order).await?;
    after.check(after.body == before.body, format_args!("the order as it was: {}", before.text()))?;
    let next = world.place(&buyer.token, &[product.line(1)]).await?;
    next.status(201)?.has("/lines/0/unit_price_cents", 9_000)?.has("/lines/0/name", member(&other, "name"))?;
    Ok(())
}

/// A user with this many orders, and their ids, oldest first.
pub(super) async fn customer(
    world: &World,
    count: u64,
) -> Result<(crate::world::Account, Vec<String>), crate::CaseError> {
    let buyer = world.customer().await?;
    let product = world.create_product(1, count).await?;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(world.place(&buyer.token, &[product.line(1)]).await?.status(201)?.text_at("/id")?);
    }
    // Ids of one millisecond that several processes gave need not rise.
    ids.sort();
    Ok((buyer, ids))
}

async fn a_user_with_an_order_in_any_state_cannot_be_deleted(world: &World) -> Outcome {
    let moves: [&[&str]; 4] = [&[], &["paid"], &["paid", "shipped"], &["cancelled"]];
    let admin = world.admin().await?;
    for statuses in moves {
        let (buyer, ids) = customer(world, 1).await?;
        world.move_through(&format!("/api/orders/{}", ids.concat()), statuses).await?;
        for token in [&buyer.token, &admin.token] {
            let delete = Request::new("DELETE", &buyer.path()).bearer(token);
            world.send(delete).await?.status(409)?.problem("has-orders")?;
        }
        world.get_as(&buyer.token, "/api/auth/me").await?.status(200)?.has("/version", 1)?;
    }
    Ok(())
}

async fn the_precondition_goes_before_the_orders_of_a_user(world: &World) -> Outcome {
    let (buyer, _) = customer(world, 1).await?;
    let delete = Request::new("DELETE", &buyer.path()).bearer(&buyer.token);
    world.send(delete.clone().header("If-Match", "\"9\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(delete.header("If-Match", "\"1\"")).await?.status(409)?.problem("has-orders")?;
    Ok(())
}

async fn the_only_admin_with_orders_is_told_that_it_is_the_only_admin(world: &World) -> Outcome {
    // Admins that the suite makes never order: they could not be deleted again. The configured one is never deleted.
    let admin = world.only_admin().await?;
    let product = world.create_product(1, 1).await?;
    world.order(&admin.token, &[product.line(1)]).await?;
    let delete = Request::new("DELETE", &admin.path()).bearer(&admin.token);
    world.send(delete).await?.status(409)?.problem("last-admin")?;
    Ok(())
}
