//! The attributes of a product: how many, under which names, with which values, and how they come back.

use serde_json::{Map, Value, json};

use crate::answer::Outcome;
use crate::cases::product_fields::{create_with, create_with_text};
use crate::world::{World, with};

cases!("attributes";
    attributes_are_an_object_of_at_most_twenty,
    attribute_names_are_in_snake_case,
    attribute_values_are_strings_numbers_and_booleans,
    attribute_strings_are_kept_as_they_are,
    attribute_numbers_are_doubles_within_their_bounds,
    attributes_come_back_sorted_and_whole_numbers_without_a_fraction,
    a_repeated_attribute_is_refused,
);

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
