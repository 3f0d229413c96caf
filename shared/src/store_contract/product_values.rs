//! What is read of a product is what was written, to the last bit.

use super::shop::{attributes_of, product};
use super::{Fixture, Outcome, came_to, same};
use crate::domain::{AttributeValue, Attributes, Number, Product, Timestamp};

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
