//! Bodies before they are read as JSON: their size, framing and media type.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::answer::{Answer, CaseError, Outcome};
use crate::request::{BEGINNING, Framing, Request};
use crate::world::{PASSWORD, World, member};

/// The most a body may hold.
const LIMIT: usize = 64 * 1024;

cases!("bodies";
    a_body_of_exactly_64_kib_is_taken,
    a_body_of_one_byte_more_is_too_large,
    a_huge_content_length_is_refused_before_the_body_comes,
    an_endless_chunked_body_is_refused_before_it_ends,
    a_chunked_body_is_taken,
    json_content_types_are_taken,
    white_space_in_a_content_type_is_fine,
    other_content_types_are_refused,
    merge_patch_is_taken_by_patch_alone,
    a_content_encoding_is_refused,
    an_empty_body_is_malformed_whatever_its_type,
    a_slow_body_is_waited_for,
    a_body_that_stops_coming_is_timed_out,
    a_broken_chunk_registers_nobody,
);

fn register() -> Request {
    Request::new("POST", "/api/auth/register")
}

/// A body that registers a user, padded with white space to this many bytes.
fn padded(world: &World, size: usize) -> Vec<u8> {
    let mut body = world.newcomer().to_string().into_bytes();
    body.resize(size, b' ');
    body
}

async fn a_body_of_exactly_64_kib_is_taken(world: &World) -> Outcome {
    world.send(register().json_text(padded(world, LIMIT))).await?.status(201)?;
    let chunked = register().json_text(padded(world, LIMIT)).framing(Framing::Chunked);
    world.send(chunked.clone()).await?.status(201)?;
    let chunks = register().json_text(padded(world, LIMIT)).framing(Framing::Chunked).pieces_of(1_000, Duration::ZERO);
    world.send(chunks).await?.status(201)?;
    Ok(())
}

async fn a_body_of_one_byte_more_is_too_large(world: &World) -> Outcome {
    let request = register().json_text(padded(world, LIMIT + 1));
    world.send(request.clone()).await?.status(413)?.problem("payload-too-large")?;
    world.send(request.clone().framing(Framing::Chunked)).await?.status(413)?.problem("payload-too-large")?;
    let chunks = request.framing(Framing::Chunked).pieces_of(1_000, Duration::ZERO);
    world.send(chunks).await?.status(413)?.problem("payload-too-large")?;
    let patch = Request::new("PATCH", &world.reader().await?.path()).bearer(&world.reader().await?.token);
    let patch = patch.json_text(padded(world, LIMIT + 1));
    world.send(patch).await?.status(413)?.problem("payload-too-large")?;
    let place = Request::new("POST", "/api/orders").bearer(&world.reader().await?.token);
    let place = place.json_text(padded(world, LIMIT + 1));
    world.send(place).await?.status(413)?.problem("payload-too-large")?;
    Ok(())
}

/// Expects an answer within two seconds, long before any wait for the body would end.
async fn at_once(world: &World, request: Request) -> Result<Answer, CaseError> {
    let start = Instant::now();
    let answer = world.send(request).await?;
    answer.check(start.elapsed() < Duration::from_secs(2), "an answer within two seconds")?;
    Ok(answer)
}

async fn a_huge_content_length_is_refused_before_the_body_comes(world: &World) -> Outcome {
    for length in [LIMIT as u64 + 1, 10_000_000_000, i64::MAX as u64] {
        let request = register().json_text(BEGINNING).framing(Framing::Length(length));
        at_once(world, request).await?.status(413)?.problem("payload-too-large")?;
    }
    Ok(())
}

async fn an_endless_chunked_body_is_refused_before_it_ends(world: &World) -> Outcome {
    let request = register().json_text(padded(world, LIMIT + 1)).framing(Framing::ChunkedWithoutEnd);
    at_once(world, request).await?.status(413)?.problem("payload-too-large")?;
    Ok(())
}

async fn a_chunked_body_is_taken(world: &World) -> Outcome {
    let request = register().json(&world.newcomer()).framing(Framing::Chunked).pieces_of(7, Duration::ZERO);
    world.send(request).await?.status(201)?;
    Ok(())
}

async fn json_content_types_are_taken(world: &World) -> Outcome {
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "Application/JSON",
    ];
    for media_type in types {
        let request = register().header("Content-Type", media_type).bytes(world.newcomer().to_string());
        world.send(request).await?.status(201)?;
    }
    Ok(())
}

async fn white_space_in_a_content_type_is_fine(world: &World) -> Outcome {
    // RFC 9110, section 5.6.6: there may be white space on both sides of the semicolon.
    for media_type in ["application/json ;charset=utf-8", "application/json\t;  Charset=Utf-8", "application/json "] {
        let request = register().header("Content-Type", media_type).bytes(world.newcomer().to_string());
        world.send(request).await?.status(201)?;
    }
    Ok(())
}

async fn other_content_types_are_refused(world: &World) -> Outcome {
    let types = [
        "text/plain",
        "text/json",
        "application/xml",
        "application/jsonx",
        "application/problem+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=iso-8859-1",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/*",
        "*/*",
        "json",
        "/",
        "",
    ];
    for media_type in types {
        let request = register().header("Content-Type", media_type).bytes(world.newcomer().to_string());
        let answer = world.send(request).await?;
        answer.status(415)?.problem("unsupported-media-type")?.header_is("accept", "application/json")?;
    }
    let without = register().bytes(world.newcomer().to_string());
    world.send(without.clone()).await?.status(415)?.problem("unsupported-media-type")?;
    world.send(without.framing(Framing::Chunked)).await?.status(415)?.problem("unsupported-media-type")?;
    Ok(())
}

async fn merge_patch_is_taken_by_patch_alone(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": "Con Tract", "email": account.email }).to_string();
    let with = |method: &str, media_type: &str| {
        let request = Request::new(method, &account.path()).bearer(&account.token);
        request.header("Content-Type", media_type).bytes(body.clone())
    };
    for media_type in
        ["application/merge-patch+json", "application/merge-patch+json; charset=utf-8", "application/json"]
    {
        world.send(with("PATCH", media_type)).await?.status(200)?;
    }
    world.send(with("PUT", "application/merge-patch+json")).await?.status(415)?.problem("unsupported-media-type")?;
    for media_type in ["text/plain", "application/json-patch+json", "application/merge-patch+json; charset=latin1"] {
        let answer = world.send(with("PATCH", media_type)).await?;
        answer.status(415)?.header_is("accept-patch", "application/merge-patch+json, application/json")?;
    }
    let post = register().header("Content-Type", "application/merge-patch+json").bytes(world.newcomer().to_string());
    world.send(post).await?.status(415)?.problem("unsupported-media-type")?;
    let nothing = "/api/products/01890000-0000-7000-8000-000000000000";
    for (method, path) in [("POST", "/api/products"), ("PUT", nothing), ("POST", "/api/orders")] {
        let request = Request::new(method, path).bearer(&account.token);
        let answer = world.send(request.header("Content-Type", "application/merge-patch+json").bytes("{}")).await?;
        answer.status(415)?.problem("unsupported-media-type")?.header_is("accept", "application/json")?;
    }
    Ok(())
}

async fn a_content_encoding_is_refused(world: &World) -> Outcome {
    for encoding in ["gzip", "br", "deflate", "gzip, identity"] {
        let request = register().header("Content-Encoding", encoding).json(&world.newcomer());
        world.send(request).await?.status(415)?.problem("unsupported-media-type")?;
    }
    for encoding in ["identity", "Identity"] {
        world.send(register().header("Content-Encoding", encoding).json(&world.newcomer())).await?.status(201)?;
    }
    Ok(())
}

async fn an_empty_body_is_malformed_whatever_its_type(world: &World) -> Outcome {
    world.send(register()).await?.status(400)?.problem("malformed-json")?;
    world.send(register().bytes("")).await?.status(400)?.problem("malformed-json")?;
    world.send(register().json_text("")).await?.status(400)?.problem("malformed-json")?;
    let text = register().header("Content-Type", "text/plain").bytes("");
    world.send(text).await?.status(400)?.problem("malformed-json")?;
    world.send(register().json_text("").framing(Framing::Chunked)).await?.status(400)?.problem("malformed-json")?;
    Ok(())
}

async fn a_slow_body_is_waited_for(world: &World) -> Outcome {
    let body = world.newcomer();
    let pause = Duration::from_millis(2_000) / u32::try_from(body.to_string().len()).unwrap_or(100);
    let request = register().json(&body).pieces_of(1, pause);
    world.send(request).await?.status(201)?;
    Ok(())
}

async fn a_body_that_stops_coming_is_timed_out(world: &World) -> Outcome {
    let request = register().json_text(BEGINNING).framing(Framing::Length(100));
    let answer = world.send(request).await?;
    answer.status(408)?.problem("request-timeout")?.header_is("connection", "close")?;
    Ok(())
}

async fn a_broken_chunk_registers_nobody(world: &World) -> Outcome {
    let body = world.newcomer();
    let text = body.to_string();
    let head = "POST /api/auth/register HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let bytes = format!("{head}{:x}\r\n{text}\r\nno size\r\n\r\n", text.len());
    // Closing without an answer will do as well: what came is not HTTP.
    if let Ok(answer) = world.raw(bytes.as_bytes()).await {
        answer.status(400)?;
    }
    let login = world.login(member(&body, "email").as_str().unwrap_or_default(), PASSWORD).await?;
    login.status(401)?.problem("invalid-credentials")?;
    Ok(())
}
