//! Listings: pages, the links between them, and that they stay stable while others write.

use futures_util::future::{join, try_join_all};
use serde_json::Value;

use crate::answer::{CaseError, Outcome, ensure};
use crate::request::Request;
use crate::world::World;

cases!("paging";
    a_page_holds_twenty_unless_told,
    the_link_header_leads_to_the_next_page,
    the_link_header_keeps_the_role,
    a_walk_finds_each_user_once_oldest_first,
    a_cursor_outlives_the_user_it_names,
    a_walk_is_stable_while_others_insert_and_delete,
    an_item_is_the_user_as_find_shows_it,
    a_cursor_outlives_the_product_it_names,
);

pub(super) fn id_of(item: &Value) -> String {
    item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Registers this many users, in this order, and returns their ids.
async fn register_some(world: &World, count: usize) -> Result<Vec<String>, CaseError> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(world.register().await?.text_at("/id")?);
    }
    Ok(ids)
}

/// Makes sure that the database holds at least this many users.
pub(super) async fn at_least(world: &World, count: usize) -> Outcome {
    let token = &world.reader().await?.token;
    let found = world.all_users(token, "limit=100").await?.len();
    register_some(world, count.saturating_sub(found)).await.map(|_| ())
}

async fn a_page_holds_twenty_unless_told(world: &World) -> Outcome {
    at_least(world, 25).await?;
    let page = world.get_as(&world.reader().await?.token, "/api/users").await?;
    let count = page.status(200)?.at("/items")?.as_array().map(Vec::len);
    page.check(count == Some(20), "20 items")?.text_at("/next")?;
    Ok(())
}

async fn the_link_header_leads_to_the_next_page(world: &World) -> Outcome {
    at_least(world, 5).await?;
    let token = &world.reader().await?.token;
    let page = world.get_as(token, "/api/users?limit=2").await?;
    let next = page.status(200)?.text_at("/next")?;
    page.header_is("link", &format!("</api/users?limit=2&after={next}>; rel=\"next\""))?;
    let after = world.get_as(token, &format!("/api/users?limit=2&after={next}")).await?;
    let rising = after.status(200)?.text_at("/items/0/id")? > page.text_at("/items/1/id")?;
    after.check(rising, "ids after those of the page before")?;
    // Without a limit the link says which one was used.
    let default = world.get_as(token, &format!("/api/users?after={next}")).await?;
    if let Some(link) = default.status(200)?.header("link") {
        default.check(link.starts_with("</api/users?limit=20&after="), "the default limit in the link")?;
    }
    Ok(())
}

async fn the_link_header_keeps_the_role(world: &World) -> Outcome {
    register_some(world, 2).await?;
    let page = world.get_as(&world.reader().await?.token, "/api/users?role=user&limit=1").await?;
    let next = page.status(200)?.text_at("/next")?;
    page.header_is("link", &format!("</api/users?limit=1&role=user&after={next}>; rel=\"next\""))?;
    Ok(())
}

/// Walks all pages by their `Link` headers alone.
async fn walk_links(world: &World, token: &str, limit: usize) -> Result<Vec<String>, CaseError> {
    let mut ids = Vec::new();
    let mut path = format!("/api/users?limit={limit}");
    loop {
        let page = world.get_as(token, &path).await?;
        ids.extend(page.status(200)?.at("/items")?.as_array().into_iter().flatten().map(id_of));
        let linked = page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split_once('>'));
        page.check(linked.is_some() == page.at("/next")?.is_string(), "a Link header exactly where `next` is no null")?;
        match linked {
            Some((target, _)) => path = target.to_owned(),
            None => return Ok(ids),
        }
    }
}

/// Expects ids that rise, and all of these among them.
fn holds_in_order(ids: &[String], mine: &[String]) -> Outcome {
    let rising = ids.iter().zip(ids.iter().skip(1)).all(|(one, next)| one < next);
    ensure(rising, || format!("expected: ids that rise from page to page, each once\nreceived: {ids:?}"))?;
    let found: Vec<_> = ids.iter().filter(|id| mine.contains(id)).cloned().collect();
    ensure(found == mine, || format!("expected: {mine:?}, each once and in this order\nreceived: {found:?}"))
}

async fn a_walk_finds_each_user_once_oldest_first(world: &World) -> Outcome {
    let mine = register_some(world, 7).await?;
    let token = &world.reader().await?.token;
    for limit in [3, 7, 100] {
        holds_in_order(&walk_links(world, token, limit).await?, &mine)?;
    }
    Ok(())
}

async fn a_cursor_outlives_the_user_it_names(world: &World) -> Outcome {
    let mine = register_some(world, 3).await?;
    let admin = world.admin().await?;
    // The cursor that names the first of mine: the page of one item that it is on. The way there is walked in steps
    // of a hundred, and of one only near it.
    let mut after = String::new();
    let cursor = loop {
        let long = world.get_as(&admin.token, &format!("/api/users?limit=100{after}")).await?;
        let ids: Vec<_> = long.status(200)?.at("/items")?.as_array().into_iter().flatten().map(id_of).collect();
        let step = if ids.iter().any(|id| mine.first() == Some(id)) { 1 } else { 100 };
        let page = world.get_as(&admin.token, &format!("/api/users?limit={step}{after}")).await?;
        let next = page.status(200)?.text_at("/next")?;
        if step == 1 && mine.first() == Some(&page.text_at("/items/0/id")?) {
            break next;
        }
        after = format!("&after={next}");
    };
    let gone = format!("/api/users/{}", mine.first().map_or("", String::as_str));
    world.send(Request::new("DELETE", &gone).bearer(&admin.token)).await?.status(204)?;
    let rest = world.all_users(&admin.token, "limit=100").await?;
    holds_in_order(&rest.iter().map(id_of).collect::<Vec<_>>(), mine.get(1..).unwrap_or_default())?;
    let page = world.get_as(&admin.token, &format!("/api/users?limit=100&after={cursor}")).await?;
    let ids: Vec<_> = page.status(200)?.at("/items")?.as_array().into_iter().flatten().map(id_of).collect();
    holds_in_order(&ids, mine.get(1..).unwrap_or_default())
}

async fn a_walk_is_stable_while_others_insert_and_delete(world: &World) -> Outcome {
    let mine = register_some(world, 12).await?;
    let (stay, go): (Vec<_>, Vec<_>) = mine.into_iter().enumerate().partition(|(place, _)| place % 2 == 0);
    let stay: Vec<_> = stay.into_iter().map(|(_, id)| id).collect();
    let admin = world.admin().await?;
    let writing = async {
        for (_, id) in &go {
            let delete = Request::new("DELETE", &format!("/api/users/{id}")).bearer(&admin.token);
            let (made, gone) = join(world.register(), world.send(delete)).await;
            made?.status(201)?;
            gone?.status(204)?;
        }
        Ok(Vec::new())
    };
    let walking = async {
        let token = &admin.token;
        let walks = [3, 7, 20].map(|limit| walk_links(world, token, limit));
        try_join_all(walks).await
    };
    let (written, walked) = join(writing, walking).await;
    let _: Vec<Vec<String>> = written?;
    for ids in walked? {
        holds_in_order(&ids, &stay)?;
    }
    Ok(())
}

async fn an_item_is_the_user_as_find_shows_it(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let page = world.get_as(token, "/api/users?limit=1").await?;
    let item = page.status(200)?.at("/items/0")?;
    let found = world.get_as(token, &format!("/api/users/{}", id_of(&item))).await?;
    // The text is compared, not the value: the order of the members is part of the contract.
    let (inner, whole) = (page.text(), found.text());
    page.check(inner.contains(&whole), format_args!("an item that reads {whole}"))?;
    Ok(())
}

async fn a_cursor_outlives_the_product_it_names(world: &World) -> Outcome {
    let category = world.unique();
    let mut products = world.create_products(&category, 5).await?;
    products.sort_by(|one, other| one.id.cmp(&other.id));
    let path = format!("/api/products?limit=2&category={category}");
    let page = world.get(&path).await?;
    let next = page.status(200)?.text_at("/next")?;
    // Both products of the first page go, and one comes, which is newer than all.
    for product in products.iter().take(2) {
        world.delete_product(product).await?;
    }
    let late = world.create_products(&category, 1).await?;
    let rest = world.walk(None, &format!("{path}&after={next}")).await?;
    let mut mine: Vec<_> = products.iter().skip(2).chain(&late).map(|product| product.id.clone()).collect();
    mine.sort();
    ensure(rest == mine, || format!("expected: {mine:?}\nreceived: {rest:?}"))
}
