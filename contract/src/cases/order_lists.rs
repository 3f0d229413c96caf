//! Lists of orders: a user's own, by status, page by page.

use serde_json::json;

use crate::answer::{Outcome, ensure};
use crate::cases::orders::customer;
use crate::world::World;

cases!("order_lists";
    list_finds_the_own_orders_once_each_oldest_first,
    list_is_for_the_user_and_admins,
    list_filters_by_status,
    list_links_to_the_next_page_of_the_same_status,
    an_item_is_the_order_as_find_shows_it,
);

async fn list_finds_the_own_orders_once_each_oldest_first(world: &World) -> Outcome {
    let (buyer, mine) = customer(world, 5).await?;
    let path = format!("{}/orders", buyer.path());
    for limit in [1, 2, 5, 100] {
        let walked = world.walk(Some(&buyer.token), &format!("{path}?limit={limit}")).await?;
        ensure(walked == mine, || format!("expected: {mine:?}\nreceived: {walked:?}"))?;
    }
    let walked = world.walk(Some(&world.admin().await?.token), &path).await?;
    ensure(walked == mine, || format!("expected, for an admin: {mine:?}\nreceived: {walked:?}"))?;
    let none = world.get_as(&world.reader().await?.token, &format!("{}/orders", world.reader().await?.path())).await?;
    none.status(200)?.has("/items", json!([]))?.has("/next", json!(null))?.lacks_header("link")?;
    Ok(())
}

async fn list_is_for_the_user_and_admins(world: &World) -> Outcome {
    let (admin, reader) = (world.admin().await?, world.reader().await?);
    let other = world.register().await?.text_at("/id")?;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let path = |id: &str| format!("/api/users/{id}/orders");
    for id in [other.as_str(), admin.id.as_str(), nobody, "not-a-uuid", "%FF"] {
        world.get_as(&reader.token, &path(id)).await?.status(403)?.problem("forbidden")?;
    }
    world.get_as(&admin.token, &path(&other)).await?.status(200)?.has("/items", json!([]))?;
    for id in [nobody, "not-a-uuid", "%FF"] {
        world.get_as(&admin.token, &path(id)).await?.status(404)?.problem("not-found")?;
    }
    world.get(&path(&other)).await?.status(401)?.problem("token-missing")?;
    Ok(())
}

async fn list_filters_by_status(world: &World) -> Outcome {
    let (buyer, ids) = customer(world, 5).await?;
    let moves: [&[&str]; 5] = [&[], &["paid"], &["paid", "shipped"], &["cancelled"], &["paid", "cancelled"]];
    for (id, statuses) in ids.iter().zip(moves) {
        world.move_through(&format!("/api/orders/{id}"), statuses).await?;
    }
    for (status, places) in [("pending", &[0][..]), ("paid", &[1]), ("shipped", &[2]), ("cancelled", &[3, 4])] {
        let expected: Vec<_> = places.iter().filter_map(|place: &usize| ids.get(*place).cloned()).collect();
        let path = format!("{}/orders?status={status}&limit=1", buyer.path());
        let walked = world.walk(Some(&buyer.token), &path).await?;
        ensure(walked == expected, || format!("expected, with {status}: {expected:?}\nreceived: {walked:?}"))?;
    }
    Ok(())
}

async fn list_links_to_the_next_page_of_the_same_status(world: &World) -> Outcome {
    let (buyer, _) = customer(world, 2).await?;
    let path = format!("{}/orders", buyer.path());
    let page = world.get_as(&buyer.token, &format!("{path}?status=pending&limit=1")).await?;
    let next = page.status(200)?.text_at("/next")?;
    page.header_is("link", &format!("<{path}?limit=1&status=pending&after={next}>; rel=\"next\""))?;
    let plain = world.get_as(&buyer.token, &format!("{path}?limit=1")).await?;
    plain.header_is("link", &format!("<{path}?limit=1&after={}>; rel=\"next\"", plain.text_at("/next")?))?;
    Ok(())
}

async fn an_item_is_the_order_as_find_shows_it(world: &World) -> Outcome {
    let (buyer, ids) = customer(world, 1).await?;
    let page = world.get_as(&buyer.token, &format!("{}/orders", buyer.path())).await?;
    let found = world.get_as(&buyer.token, &format!("/api/orders/{}", ids.concat())).await?;
    page.status(200)?
        .check(page.text().contains(&found.text()), format_args!("an item that reads {}", found.text()))?;
    Ok(())
}
