//! The fields of a product, each with its rule, in `POST` and in `PUT`.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, CaseError, Outcome};
use crate::request::Request;
use crate::world::{World, member, with};

cases!("product_fields";
    missing_fields_are_named_and_attributes_are_none,
    everything_wrong_is_named_at_once_by_post_and_put,
    skus_are_capitals_digits_and_hyphens,
    names_and_categories_have_their_lengths_after_trimming,
    names_and_categories_hold_no_control_characters,
    prices_and_stocks_are_integers_within_their_bounds,
    unknown_and_repeated_fields_are_refused,
    attributes_are_an_object_of_at_most_twenty,
    attribute_names_are_in_snake_case,
    attribute_values_are_strings_numbers_and_booleans,
    attribute_strings_are_kept_as_they_are,
    attribute_numbers_are_doubles_within_their_bounds,
    attributes_come_back_sorted_and_whole_numbers_without_a_fraction,
    a_repeated_attribute_is_refused,
    nothing_is_stored_of_a_refused_body,
);

/// Creates a product with one field replaced.
async fn create_with(world: &World, field: &str, value: Value) -> Result<Answer, CaseError> {
    let body = with(world.new_product(1, 1), field, value);
    world.call(&world.admin().await?.token, "POST", "/api/products", &body).await
}

/// Creates a product whose price, stock or attributes are this JSON text, which `Value` could not hold as it is.
async fn create_with_text(world: &World, field: &str, text: &str) -> Result<Answer, CaseError> {
    let body = with(world.new_product(1, 1), field, json!("<here>")).to_string().replace("\"<here>\"", text);
    world.send(Request::new("POST", "/api/products").bearer(&world.admin().await?.token).json_text(body)).await
}

async fn missing_fields_are_named_and_attributes_are_none(world: &World) -> Outcome {
    let errors = ["/category", "/name", "/price_cents", "/sku", "/stock"].map(|pointer| (pointer, "required"));
    let (admin, product) = (world.admin().await?, world.create_product(1, 1).await?);
    for (method, path) in [("POST", "/api/products".to_owned()), ("PUT", product.path())] {
        world.call(&admin.token, method, &path, &json!({})).await?.invalid(&errors)?;
        world.call(&admin.token, method, &path, &json!([])).await?.invalid(&[("", "type")])?;
    }
    Ok(())
}

async fn everything_wrong_is_named_at_once_by_post_and_put(world: &World) -> Outcome {
    let body = json!({
        "sku": "kb", "name": " ", "category": "x".repeat(51), "price_cents": -1, "stock": "1",
        "attributes": { "A": 1, "b": null, "c": "\n" }, "id": null,
    });
    let errors = [
        ("/attributes/A", "format"),
        ("/attributes/b", "type"),
        ("/attributes/c", "control-character"),
        ("/category", "too-long"),
        ("/id", "unknown-field"),
        ("/name", "too-short"),
        ("/price_cents", "too-small"),
        ("/sku", "format"),
        ("/stock", "type"),
    ];
    let (admin, product) = (world.admin().await?, world.create_product(1, 1).await?);
    for (method, path) in [("POST", "/api/products".to_owned()), ("PUT", product.path())] {
        world.call(&admin.token, method, &path, &body).await?.invalid(&errors)?;
    }
    Ok(())
}

async fn skus_are_capitals_digits_and_hyphens(world: &World) -> Outcome {
    for bad in ["", "a", "A B", "A_B", "Ä", " A", "A ", "A\n", "A.B", "１", &"A".repeat(33)] {
        create_with(world, "sku", json!(bad)).await?.invalid(&[("/sku", "format")])?;
    }
    for bad in [json!(1), json!(null), json!(["A"])] {
        create_with(world, "sku", bad).await?.invalid(&[("/sku", "type")])?;
    }
    let unique = world.unique().to_uppercase();
    for good in [format!("{unique:-<32}"), format!("-{unique}"), unique.clone()] {
        create_with(world, "sku", json!(good)).await?.status(201)?.has("/sku", good)?;
    }
    Ok(())
}

async fn names_and_categories_have_their_lengths_after_trimming(world: &World) -> Outcome {
    for (field, longest) in [("name", 100), ("category", 50)] {
        let pointer = format!("/{field}");
        for short in ["", "   ", "\t\n", "\u{a0}\u{2003}\u{3000}"] {
            create_with(world, field, json!(short)).await?.invalid(&[(pointer.as_str(), "too-short")])?;
        }
        for long in ["x".repeat(longest + 1), "🦀".repeat(longest + 1)] {
            create_with(world, field, json!(long)).await?.invalid(&[(pointer.as_str(), "too-long")])?;
        }
        for good in ["🦀".repeat(longest), "<b>\"A\" & 'B'</b>; DROP TABLE products".to_owned()] {
            create_with(world, field, json!(format!(" {good}\u{3000}"))).await?.status(201)?.has(&pointer, good)?;
        }
        for other in [json!(1), json!(null), json!({})] {
            create_with(world, field, other).await?.invalid(&[(pointer.as_str(), "type")])?;
        }
    }
    Ok(())
}

async fn names_and_categories_hold_no_control_characters(world: &World) -> Outcome {
    for field in ["name", "category"] {
        let pointer = format!("/{field}");
        for bad in ["a\0b", "a\nb", "a\tb", "a\u{7f}b", "a\u{85}b", "\0"] {
            create_with(world, field, json!(bad)).await?.invalid(&[(pointer.as_str(), "control-character")])?;
        }
        create_with(world, field, json!("\u{200d}a")).await?.status(201)?.has(&pointer, "\u{200d}a")?;
    }
    Ok(())
}

async fn prices_and_stocks_are_integers_within_their_bounds(world: &World) -> Outcome {
    for (field, largest) in [("price_cents", 100_000_000_u64), ("stock", 1_000_000)] {
        let pointer = format!("/{field}");
        for (text, code) in [
            ("-1".to_owned(), "too-small"),
            ("-9223372036854775808".to_owned(), "too-small"),
            ((largest + 1).to_string(), "too-large"),
            ("9223372036854775807".to_owned(), "too-large"),
            ("1.5".to_owned(), "type"),
            ("1.0".to_owned(), "type"),
            ("1e2".to_owned(), "type"),
            ("99999999999999999999".to_owned(), "type"),
            ("\"1\"".to_owned(), "type"),
            ("null".to_owned(), "type"),
            ("true".to_owned(), "type"),
            ("[1]".to_owned(), "type"),
        ] {
            create_with_text(world, field, &text).await?.invalid(&[(pointer.as_str(), code)])?;
        }
        for good in [0, 1, largest] {
            create_with(world, field, json!(good)).await?.status(201)?.has(&pointer, good)?;
        }
    }
    Ok(())
}

async fn unknown_and_repeated_fields_are_refused(world: &World) -> Outcome {
    for field in ["id", "version", "Name", "price", "created_at"] {
        let pointer = format!("/{field}");
        create_with(world, field, json!(1)).await?.invalid(&[(pointer.as_str(), "unknown-field")])?;
    }
    create_with_text(world, "stock", "1,\"stock\":1").await?.invalid(&[("/stock", "duplicate-field")])?;
    create_with_text(world, "attributes", "{},\"attributes\":{}")
        .await?
        .invalid(&[("/attributes", "duplicate-field")])?;
    Ok(())
}

/// So many attributes of one letter and a number.
fn some(count: usize) -> Value {
    Value::Object((0..count).map(|number| (format!("a{number}"), json!(number))).collect::<Map<_, _>>())
}

async fn attributes_are_an_object_of_at_most_twenty(world: &World) -> Outcome {
    for other in [json!(null), json!([]), json!("x"), json!(1), json!(true)] {
        create_with(world, "attributes", other).await?.invalid(&[("/attributes", "type")])?;
    }
    create_with(world, "attributes", some(21)).await?.invalid(&[("/attributes", "too-many")])?;
    create_with(world, "attributes", with(some(20), "Bad Name", json!(null)))
        .await?
        .invalid(&[("/attributes", "too-many")])?;
    create_with(world, "attributes", some(20)).await?.status(201)?.has("/attributes", some(20))?;
    create_with(world, "attributes", some(0)).await?.status(201)?.has("/attributes", some(0))?;
    Ok(())
}

async fn attribute_names_are_in_snake_case(world: &World) -> Outcome {
    for (name, pointer) in [
        ("", "/attributes/"),
        ("A", "/attributes/A"),
        ("1a", "/attributes/1a"),
        ("_a", "/attributes/_a"),
        ("a b", "/attributes/a b"),
        ("a-b", "/attributes/a-b"),
        ("a/b~c", "/attributes/a~1b~0c"),
        ("$where", "/attributes/$where"),
        ("a.b", "/attributes/a.b"),
        ("é", "/attributes/é"),
        ("a\n", "/attributes/a\n"),
    ] {
        let attributes = with(json!({}), name, json!(1));
        create_with(world, "attributes", attributes).await?.invalid(&[(pointer, "format")])?;
    }
    let long = "a".repeat(41);
    let pointer = format!("/attributes/{long}");
    create_with(world, "attributes", with(json!({}), &long, json!(1)))
        .await?
        .invalid(&[(pointer.as_str(), "format")])?;
    let good = json!({ "a": 1, "a_1": 2, "z__": 3, "a".repeat(40): 4, "id": 5, "constructor": 6 });
    create_with(world, "attributes", good.clone()).await?.status(201)?.has("/attributes", good)?;
    Ok(())
}

async fn attribute_values_are_strings_numbers_and_booleans(world: &World) -> Outcome {
    let attributes = json!({ "a": null, "b": [], "c": {}, "d": ["x"], "e": { "f": 1 }, "ok": true });
    let errors = ["/attributes/a", "/attributes/b", "/attributes/c", "/attributes/d", "/attributes/e"];
    create_with(world, "attributes", attributes).await?.invalid(&errors.map(|pointer| (pointer, "type")))?;
    let good = json!({ "s": "", "t": true, "f": false, "n": 0 });
    create_with(world, "attributes", good.clone()).await?.status(201)?.has("/attributes", good)?;
    Ok(())
}

async fn attribute_strings_are_kept_as_they_are(world: &World) -> Outcome {
    let good = json!({ "a": "  not trimmed ", "b": "🦀".repeat(200), "c": "{\"$ne\":1}", "d": "1", "e": "\u{200d}" });
    create_with(world, "attributes", good.clone()).await?.status(201)?.has("/attributes", good)?;
    let bad = json!({ "a": "x".repeat(201), "b": "🦀".repeat(201), "c": "a\0b", "d": "\t", "e": "\u{85}" });
    create_with(world, "attributes", bad).await?.invalid(&[
        ("/attributes/a", "too-long"),
        ("/attributes/b", "too-long"),
        ("/attributes/c", "control-character"),
        ("/attributes/d", "control-character"),
        ("/attributes/e", "control-character"),
    ])?;
    Ok(())
}

async fn attribute_numbers_are_doubles_within_their_bounds(world: &World) -> Outcome {
    for bad in ["0.0000009", "-0.0000009", "9007199254740992", "-9007199254740992", "1e300", "18446744073709551616"] {
        let answer = create_with_text(world, "attributes", &format!("{{\"n\":{bad}}}")).await?;
        answer.invalid(&[("/attributes/n", "out-of-range")])?;
    }
    for good in ["0.000001", "-0.000001", "0.1", "-1.5", "123456.789", "0.30000000000000004", "2.5e3"] {
        let answer = create_with_text(world, "attributes", &format!("{{\"n\":{good}}}")).await?;
        let found = answer.status(201)?.at("/attributes/n")?.as_f64();
        answer.check(found == good.parse().ok(), format_args!("the number {good}"))?;
        let kept = world.get(answer.needs_header("location")?).await?;
        kept.check(kept.body == answer.body, format_args!("the product as it was made: {}", answer.text()))?;
    }
    // Syntax goes before the rules: beyond a double there is no number.
    create_with_text(world, "attributes", "{\"n\":1e400}").await?.status(400)?.problem("malformed-json")?;
    Ok(())
}

async fn attributes_come_back_sorted_and_whole_numbers_without_a_fraction(world: &World) -> Outcome {
    let sent = r#"{"z":1.0,"b_1":-0.0,"ba":1e2,"b":9007199254740991,"a":-9007199254740991.0,"b2":0.0,"c":2.50}"#;
    let answer = create_with_text(world, "attributes", sent).await?;
    // The underscore stands after the digits and before the small letters in ASCII.
    let expected =
        r#""attributes":{"a":-9007199254740991,"b":9007199254740991,"b2":0,"b_1":0,"ba":100,"c":2.5,"z":1},"version""#;
    answer.status(201)?.check(answer.text().contains(expected), format_args!("{expected}"))?;
    let found = world.get(answer.needs_header("location")?).await?;
    found.check(found.body == answer.body, format_args!("the product as it was made: {}", answer.text()))?;
    Ok(())
}

async fn a_repeated_attribute_is_refused(world: &World) -> Outcome {
    for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2,"b":true}"#] {
        create_with_text(world, "attributes", text).await?.invalid(&[("/attributes/a", "duplicate-field")])?;
    }
    Ok(())
}

async fn nothing_is_stored_of_a_refused_body(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    let before = world.get(&product.path()).await?;
    let bad = with(world.new_product(2, 2), "attributes", json!({ "a": null }));
    let admin = world.admin().await?;
    world.call(&admin.token, "PUT", &product.path(), &bad).await?.invalid(&[("/attributes/a", "type")])?;
    let after = world.get(&product.path()).await?;
    after.check(after.body == before.body, format_args!("the product as it was: {}", before.text()))?;
    // Nor is the SKU taken by the refused body.
    let other = with(world.new_product(1, 1), "sku", member(&bad, "sku"));
    world.create(other).await?;
    Ok(())
}
