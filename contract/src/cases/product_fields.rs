//! The fields of a product, each with its rule, in `POST` and in `PUT`; the attributes are in `attributes.rs`.

use serde_json::{Value, json};

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
    nothing_is_stored_of_a_refused_body,
);

/// Creates a product with one field replaced.
pub(super) async fn create_with(world: &World, field: &str, value: Value) -> Result<Answer, CaseError> {
    let body = with(world.new_product(1, 1), field, value);
    world.call(&world.admin().await?.token, "POST", "/api/products", &body).await
}

/// Creates a product whose price, stock or attributes are this JSON text, which `Value` could not hold as it is.
pub(super) async fn create_with_text(world: &World, field: &str, text: &str) -> Result<Answer, CaseError> {
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
