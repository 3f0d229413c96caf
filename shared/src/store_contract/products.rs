//! Products that are read are those that were written, in the order that a listing promises.

use super::shop::{attributes_of, product};
use super::{Fixture, Outcome, at_once, came_to, same};
use crate::domain::{AttributeValue, Attributes, Number, Product, ProductId, Timestamp};

pub(super) async fn an_empty_store_has_no_products(fixture: Fixture) -> Outcome {
    same("all", fixture.all_products().await?, vec![])?;
    same("of a category", fixture.list_products(Some("Tools"), None, 10).await?, vec![])?;
    same("by id", fixture.find_product(product(1).id).await?, None)?;
    same("by ids", fixture.find_products(&[product(1).id, product(2).id]).await?, vec![])
}

pub(super) async fn products_are_listed_in_the_order_of_ids(fixture: Fixture) -> Outcome {
    // 7 and 30 have no divisor in common: each number once, in no order.
    fixture.given_products(&(0..30).map(|number| product(number * 7 % 30)).collect::<Vec<_>>()).await?;
    same("all", fixture.all_products().await?, (0..30).map(product).collect())
}

pub(super) async fn products_are_listed_up_to_the_limit(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..5).map(product).collect::<Vec<_>>()).await?;
    for (limit, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (101, 5)] {
        let expected: Vec<_> = (0..expected).map(product).collect();
        same("all", fixture.list_products(None, None, limit).await?, expected.clone())?;
        same("of a category", fixture.list_products(Some("Tools"), None, limit).await?, expected)?;
    }
    Ok(())
}

pub(super) async fn products_are_listed_after_an_id(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..5).map(|number| product(number * 2)).collect::<Vec<_>>()).await?;
    let check = async |after: ProductId, limit: u32, expected: &[u64]| {
        let expected: Vec<_> = expected.iter().map(|number| product(*number)).collect();
        same("all", fixture.list_products(None, Some(after), limit).await?, expected.clone())?;
        same("of a category", fixture.list_products(Some("Tools"), Some(after), limit).await?, expected)
    };
    check(product(0).id, 2, &[2, 4]).await?;
    check(product(4).id, 10, &[6, 8]).await?;
    // The id of a cursor may have been deleted meanwhile, or never have been there.
    check(product(5).id, 10, &[6, 8]).await?;
    check(ProductId::from_bytes([0; 16]), 1, &[0]).await?;
    check(product(8).id, 10, &[]).await?;
    check(ProductId::from_bytes([0xff; 16]), 10, &[]).await
}

/// Each of these is a category of its own, also for a database that compares texts as people do.
pub(super) async fn products_are_listed_by_the_bytes_of_their_category(fixture: Fixture) -> Outcome {
    let longest = "\u{1f6e0}".repeat(50);
    let categories = [
        "Tools",
        "tools",
        "TOOLS",
        "T\u{f6}ols",
        "To\u{308}ols",
        "Tools\u{200b}",
        "Tools!",
        "Tool",
        "Too%",
        "Tool_",
        "%",
        "*",
        "Tools: a|b#c/d",
        "Tools'\"\\;--",
        "Stra\u{df}e",
        "Strasse",
        "\u{fb01}le",
        "file",
        "Tools and  toys",
        "Tools and toys",
        "0",
        "null",
        longest.as_str(),
    ];
    let of = |number: u64, category: &str| Product { category: category.to_owned(), ..product(number) };
    let products: Vec<_> = (0..).zip(categories).map(|(number, category)| of(number, category)).collect();
    let twins: Vec<_> = (100..).zip(categories).map(|(number, category)| of(number, category)).collect();
    fixture.given_products(&products).await?;
    fixture.given_products(&twins).await?;
    for (product, twin) in products.into_iter().zip(twins) {
        let category = Some(product.category.as_str());
        same(&product.category, fixture.list_products(category, None, 1).await?, vec![product.clone()])?;
        let after = Some(product.id);
        same(&product.category, fixture.list_products(category, after, 10).await?, vec![twin.clone()])?;
        same(&product.category, fixture.list_products(category, None, 10).await?, vec![product.clone(), twin])?;
    }
    for nothing in ["Too", "?", "Tools!!", "T.ols", "tOOLS"] {
        same(nothing, fixture.list_products(Some(nothing), None, 10).await?, vec![])?;
    }
    Ok(())
}

pub(super) async fn pages_of_products_join_up_while_others_insert(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..40).map(|number| product(number * 2)).collect::<Vec<_>>()).await?;
    let writers = at_once(40, |number| {
        let fixture = fixture.clone();
        async move { fixture.insert_product(&product(number * 2 + 1)).await }
    });
    let reader = async {
        let mut listed: Vec<Product> = Vec::new();
        loop {
            let page = fixture.list_products(Some("Tools"), listed.last().map(|product| product.id), 3).await?;
            if page.is_empty() {
                return Ok::<_, String>(listed);
            }
            listed.extend(page);
            tokio::task::yield_now().await;
        }
    };
    let (written, listed) = tokio::join!(writers, reader);
    same("writers", written?, vec!["Ok".to_owned(); 40])?;
    let listed = listed?;
    if !listed.is_sorted_by(|one, next| one.id < next.id) {
        return Err("a product was listed twice, or out of order".to_owned());
    }
    let there_before = (0..40).map(|number| product(number * 2)).filter(|product| listed.contains(product));
    same("products that were there before", there_before.count(), 40)?;
    same("products afterwards", fixture.all_products().await?, (0..80).map(product).collect())
}

pub(super) async fn products_are_found_by_their_ids(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..30).map(product).collect::<Vec<_>>()).await?;
    same("the first", fixture.find_product(product(0).id).await?, Some(product(0)))?;
    same("the last", fixture.find_product(product(29).id).await?, Some(product(29)))?;
    same("none", fixture.find_product(product(30).id).await?, None)?;
    let check = async |asked: &[u64], expected: &[u64]| {
        let ids: Vec<_> = asked.iter().map(|number| product(*number).id).collect();
        let expected = expected.iter().map(|number| product(*number)).collect();
        same(&format!("{asked:?}"), fixture.find_products(&ids).await?, expected)
    };
    check(&[], &[]).await?;
    check(&[7], &[7]).await?;
    check(&[99], &[]).await?;
    check(&[5, 99, 3, 98, 4], &[3, 4, 5]).await?;
    check(&(0..20).rev().collect::<Vec<_>>(), &(0..20).collect::<Vec<_>>()).await?;
    check(&(20..40).collect::<Vec<_>>(), &(20..30).collect::<Vec<_>>()).await
}

/// Keeps the product and reads it in each way there is.
async fn comes_back(fixture: &Fixture, product: &Product) -> Outcome {
    came_to(&product.name, fixture.insert_product(product).await, "Ok")?;
    same("by id", fixture.find_product(product.id).await?, Some(product.clone()))?;
    same("by ids", fixture.find_products(&[product.id]).await?, vec![product.clone()])?;
    let of_category = fixture.list_products(Some(&product.category), None, 1_000).await?;
    same("of its category", of_category.into_iter().find(|listed| listed.id == product.id), Some(product.clone()))?;
    same("among all", fixture.all_products().await?.pop(), Some(product.clone()))
}

pub(super) async fn limits_of_products_come_back_exactly(fixture: Fixture) -> Outcome {
    let prices = [(0, 0), (1, 1), (100_000_000, 1_000_000), (99_999_999, 999_999)];
    let times = [0, 1, 999, 1_700_000_000_123, 253_402_300_799_999];
    for ((number, (price_cents, stock)), millis) in (1..).zip(prices).zip(times) {
        let created_at = Timestamp::from_millis(millis).ok_or("no such time")?;
        let updated_at = Timestamp::from_millis(millis + 1).unwrap_or(created_at);
        // Beyond 2^53, where a store that keeps numbers as floating point loses the last digit.
        let version = 9_007_199_254_740_993 + millis;
        let product = Product { price_cents, stock, version, created_at, updated_at, ..product(number) };
        comes_back(&fixture, &product).await?;
    }
    Ok(())
}

pub(super) async fn texts_of_products_come_back_exactly(fixture: Fixture) -> Outcome {
    let texts = [
        "O'Brien's".to_owned(),
        "Robert\"); DROP TABLE products; --".to_owned(),
        "back\\slash %like_ $1 ? :name ${x} {{y}}".to_owned(),
        "{\"a\":[1,null]} ]] -- %s ARGV[1]".to_owned(),
        "e\u{301} is not \u{e9}".to_owned(),
        "\u{5e9}\u{5dc} \u{202e}\u{202c} \u{645}\u{631}".to_owned(),
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{fe0f}\u{feff}\u{fffd}\u{10ffff}\u{2028}".to_owned(),
        "\u{1d11e}".repeat(50),
        "null".to_owned(),
        "0012.50".to_owned(),
        "1e3".to_owned(),
        "inner   spaces".to_owned(),
    ];
    for (number, text) in (1..).zip(texts) {
        let attributes = attributes_of([("text", AttributeValue::Text(text.clone()))]);
        let (name, category, sku) = (text.clone(), text, format!("{number:-<32}"));
        comes_back(&fixture, &Product { sku, name, category, attributes, ..product(number) }).await?;
    }
    let longest = Product { name: "\u{1d11e}".repeat(100), category: "\u{1f6e0}".repeat(50), ..product(100) };
    comes_back(&fixture, &longest).await
}

pub(super) async fn attributes_come_back_exactly(fixture: Fixture) -> Outcome {
    comes_back(&fixture, &Product { attributes: Attributes::default(), ..product(1) }).await?;
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    let kinds = attributes_of([
        ("a", AttributeValue::Flag(false)),
        ("b", AttributeValue::Flag(true)),
        ("c", text("true")),
        ("d", AttributeValue::Number(Number::new(1.0))),
        ("e", text("1")),
        ("f", AttributeValue::Number(Number::new(0.0))),
        ("g", text("")),
        ("h", text(" ")),
        ("i", text("null")),
        ("j", text("{}")),
        ("k", text("\"quoted\\\" </script> \u{2028}")),
        ("id", text("not the id")),
        ("version", AttributeValue::Number(Number::new(-7.0))),
        ("type", text("S")),
        ("z_9__", text("\u{1f9f0}")),
        ("n", text("2025-01-01T00:00:00.000Z")),
    ]);
    comes_back(&fixture, &Product { attributes: kinds, ..product(2) }).await?;
    // Twenty of the longest names and values, which is all that there may be.
    let name = |number: usize| format!("a{number:0>39}");
    let longest = (0..20).map(|number| (name(number), AttributeValue::Text("\u{1f9f0}".repeat(200))));
    comes_back(&fixture, &Product { attributes: Attributes(longest.collect()), ..product(3) }).await
}

pub(super) async fn numbers_in_attributes_come_back_exactly(fixture: Fixture) -> Outcome {
    let numbers = [
        0.1,
        0.000_001,
        -0.000_001,
        1.000_000_000_000_000_2,
        9_007_199_254_740_991.0,
        -9_007_199_254_740_991.0,
        4_503_599_627_370_495.5,
        -1.5,
        123_456_789.123_456_79,
        0.300_000_000_000_000_04,
        1.0 / 3.0,
        1e15,
        0.000_001_234_567_890_123_456_7,
        31.245_270_191_439_438,
        121.488_791_951_611_09,
    ];
    // And some that nobody would think of: of all sizes, with all their digits.
    let (mut number, mut size) = (1.0_f64, 1.0_f64);
    let others = std::iter::from_fn(move || {
        (number, size) = ((number * 997.618_033).fract() + 0.1, if size > 1e14 { 0.000_01 } else { size * 7.0 });
        Some(number * size)
    });
    let numbers: Vec<f64> = numbers.into_iter().chain(others.take(385)).collect();
    for (number, chunk) in (1..).zip(numbers.chunks(20)) {
        let named = (0..).zip(chunk).map(|(place, number)| (place, AttributeValue::Number(Number::new(*number))));
        let attributes = Attributes(named.map(|(place, value)| (format!("n{place}"), value)).collect());
        // What a store that keeps JSON builds on, and a client that reads an answer.
        let json = serde_json::to_string(&attributes).map_err(|error| error.to_string())?;
        let read: Attributes = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        same("out of JSON", &read, &attributes)?;
        comes_back(&fixture, &Product { attributes, ..product(number) }).await?;
    }
    Ok(())
}
