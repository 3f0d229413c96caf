//! Lists of products: pages of a category, which is compared to the byte, open to anyone.

use serde_json::json;

use crate::answer::{Outcome, ensure};
use crate::request::Request;
use crate::world::{World, with};

cases!("product_lists";
    list_needs_no_token_and_ignores_a_bad_one,
    list_finds_each_product_of_a_category_once_oldest_first,
    list_compares_categories_to_the_byte,
    list_links_to_the_next_page_of_the_same_category,
    an_item_is_the_product_as_find_shows_it,
);

async fn list_needs_no_token_and_ignores_a_bad_one(world: &World) -> Outcome {
    let product = world.create_products(&world.unique(), 1).await?;
    for request in [Request::new("GET", "/api/products?limit=1"), Request::new("GET", "/api/products").bearer("x")] {
        let page = world.send(request).await?;
        let count = page.status(200)?.at("/items")?.as_array().map_or(0, Vec::len);
        page.check((1..=20).contains(&count), "1 to 20 items")?;
    }
    ensure(product.len() == 1, || "expected: one product".to_owned())
}

async fn list_finds_each_product_of_a_category_once_oldest_first(world: &World) -> Outcome {
    let category = world.unique();
    let mut mine: Vec<_> = world.create_products(&category, 7).await?.into_iter().map(|product| product.id).collect();
    mine.sort();
    for limit in [1, 3, 7, 100] {
        let walked = world.walk(None, &format!("/api/products?limit={limit}&category={category}")).await?;
        ensure(walked == mine, || format!("expected: {mine:?}\nreceived: {walked:?}"))?;
    }
    let default = world.get(&format!("/api/products?category={category}")).await?;
    default.status(200)?.has("/next", json!(null))?.lacks_header("link")?;
    Ok(())
}

async fn list_compares_categories_to_the_byte(world: &World) -> Outcome {
    let unique = world.unique();
    // The same letters, composed and decomposed (Unicode NFC and NFD), and the same in capitals.
    let categories = [format!("{unique} caf\u{e9}"), format!("{unique} cafe\u{301}"), format!("{unique} CAF\u{c9}")];
    let encoded = ["%20caf%C3%A9", "+cafe%CC%81", "%20CAF%C3%89%20"];
    for category in &categories {
        world.create_products(category, 1).await?;
    }
    for (category, query) in categories.iter().zip(encoded) {
        let page = world.get(&format!("/api/products?category={unique}{query}")).await?;
        page.status(200)?.has("/items/0/category", category.as_str())?;
        page.check(page.json()?.pointer("/items/1").is_none(), "one product")?;
    }
    let none = world.get(&format!("/api/products?category={unique}")).await?;
    none.status(200)?.has("/items", json!([]))?.has("/next", json!(null))?;
    Ok(())
}

async fn list_links_to_the_next_page_of_the_same_category(world: &World) -> Outcome {
    let unique = world.unique();
    let category = format!("{unique} & Söhne = 100%+/?#");
    let mut mine: Vec<_> = world.create_products(&category, 3).await?.into_iter().map(|product| product.id).collect();
    mine.sort();
    let encoded = format!("{unique}%20%26%20S%C3%B6hne%20%3D%20100%25%2B%2F%3F%23");
    let path = format!("/api/products?category=%09{encoded}%20&limit=2");
    let page = world.get(&path).await?;
    let next = page.status(200)?.text_at("/next")?;
    let link = format!("</api/products?limit=2&category={encoded}&after={next}>; rel=\"next\"");
    page.header_is("link", &link)?;
    let walked = world.walk(None, &path).await?;
    ensure(walked == mine, || format!("expected: {mine:?}\nreceived: {walked:?}"))
}

async fn an_item_is_the_product_as_find_shows_it(world: &World) -> Outcome {
    let category = world.unique();
    let body = with(world.new_product(7, 8), "category", json!(category));
    let product = world.create(with(body, "attributes", json!({ "x": 0.5, "a": "é" }))).await?;
    let page = world.get(&format!("/api/products?category={category}")).await?;
    let found = world.get(&product.path()).await?;
    page.status(200)?
        .check(page.text().contains(&found.text()), format_args!("an item that reads {}", found.text()))?;
    Ok(())
}
