//! JSON that is none, and JSON that is odd and yet is.

use crate::answer::{Answer, CaseError, Outcome};
use crate::request::Request;
use crate::world::{PASSWORD, World};

cases!("syntax";
    text_that_is_no_json_is_malformed,
    bytes_that_are_no_utf_8_are_malformed,
    a_byte_order_mark_is_malformed,
    nesting_beyond_127_levels_is_malformed,
    numbers_beyond_a_double_are_malformed,
    lone_surrogates_are_malformed,
    escapes_are_read,
    white_space_around_the_value_is_fine,
    every_operation_with_a_body_refuses_malformed_json,
);

async fn send(world: &World, body: impl Into<Vec<u8>>) -> Result<Answer, CaseError> {
    world.send(Request::new("POST", "/api/auth/register").json_text(body)).await
}

/// A body that registers a user whose name is this JSON text.
fn named(world: &World, name: &str) -> String {
    format!(r#"{{"name":{name},"email":"{}","password":"{PASSWORD}"}}"#, world.unique_email())
}

async fn malformed(world: &World, body: impl Into<Vec<u8>>) -> Outcome {
    send(world, body).await?.status(400)?.problem("malformed-json")?;
    Ok(())
}

async fn text_that_is_no_json_is_malformed(world: &World) -> Outcome {
    let texts = [
        " ",
        "{",
        "}",
        "{]",
        "[",
        "{\"name\"}",
        "{\"name\":}",
        "{\"name\":1,}",
        "{name:1}",
        "{'name':1}",
        "[1,]",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "-",
        "+1",
        "01",
        "1.",
        ".5",
        "1e",
        "0x10",
        "\"open",
        "\"\\x\"",
        "\"\\u12\"",
        "{} {}",
        "{}x",
        "// comment\n{}",
        "{\"a\":NaN}",
        "name=Ada&email=a%40b",
        "<user/>",
        "\u{a0}{}",
        "\0",
        "{}\0",
    ];
    for text in texts {
        malformed(world, text).await?;
    }
    // Control characters must be escaped in strings (RFC 8259, section 7).
    malformed(world, named(world, "\"a\nb\"")).await?;
    malformed(world, named(world, "\"a\0b\"")).await
}

async fn bytes_that_are_no_utf_8_are_malformed(world: &World) -> Outcome {
    for bytes in [&b"\xff"[..], b"\xc3\x28", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe9"] {
        let (before, after) = (br#"{"name":""#, br#"","email":"a@b","password":"correct horse"}"#);
        malformed(world, [before, bytes, after].concat()).await?;
    }
    let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    malformed(world, utf_16).await
}

async fn a_byte_order_mark_is_malformed(world: &World) -> Outcome {
    malformed(world, format!("\u{feff}{}", world.newcomer())).await
}

async fn nesting_beyond_127_levels_is_malformed(world: &World) -> Outcome {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    send(world, nested(127)).await?.invalid(&[("", "type")])?;
    malformed(world, nested(128)).await?;
    malformed(world, nested(10_000)).await?;
    malformed(world, "[".repeat(10_000)).await?;
    malformed(world, format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))).await?;
    malformed(world, named(world, &nested(10_000))).await?;
    world.get("/health/live").await?.status(200)?;
    Ok(())
}

async fn numbers_beyond_a_double_are_malformed(world: &World) -> Outcome {
    for number in ["1e400", "-1e400", "1e99999999999999999999", &"9".repeat(400)] {
        malformed(world, number).await?;
        malformed(world, named(world, number)).await?;
    }
    // A number that a double holds, if only nearly, is JSON; it is just no name.
    for number in ["1e308", "1e-400", "18446744073709551616", "-9223372036854775809", "0.1e-1", "-0"] {
        send(world, named(world, number)).await?.invalid(&[("/name", "type")])?;
    }
    Ok(())
}

async fn lone_surrogates_are_malformed(world: &World) -> Outcome {
    for name in [r#""\ud800""#, r#""\udc00""#, r#""\udc00\ud800""#, r#""\ud800\u0041""#, r#""a\uDFFF""#] {
        malformed(world, named(world, name)).await?;
    }
    Ok(())
}

async fn escapes_are_read(world: &World) -> Outcome {
    let pair = send(world, named(world, r#""\ud83e\udd80 \u0041\/\"\\""#)).await?;
    pair.status(201)?.has("/name", "🦀 A/\"\\")?;
    send(world, named(world, r#""a\u0000b""#)).await?.invalid(&[("/name", "control-character")])?;
    send(world, named(world, r#""a\nb""#)).await?.invalid(&[("/name", "control-character")])?;
    Ok(())
}

async fn white_space_around_the_value_is_fine(world: &World) -> Outcome {
    send(world, format!(" \t\r\n{}\n\r\t ", world.newcomer())).await?.status(201)?;
    Ok(())
}

async fn every_operation_with_a_body_refuses_malformed_json(world: &World) -> Outcome {
    let reader = world.reader().await?;
    let path = reader.path();
    let (product, order) = ("/api/products/not-a-uuid", "/api/orders/not-a-uuid");
    let operations = [
        ("POST", "/api/auth/login"),
        ("POST", "/api/users"),
        ("PUT", path.as_str()),
        ("PATCH", path.as_str()),
        ("POST", "/api/products"),
        ("PUT", product),
        ("POST", "/api/orders"),
        ("PATCH", order),
    ];
    for (method, path) in operations {
        let request = Request::new(method, path).bearer(&reader.token).json_text("{");
        world.send(request).await?.status(400)?.problem("malformed-json")?;
    }
    Ok(())
}
