//! Headers that are on answers of every kind, and connections that outlive an error.

use std::collections::HashSet;

use serde_json::json;

use crate::answer::{Outcome, ensure};
use crate::request::Request;
use crate::world::World;

cases!("headers";
    a_request_id_of_visible_ascii_is_taken_over,
    a_request_id_that_is_none_is_replaced,
    a_request_id_is_made_where_none_is_sent,
    a_forged_request_id_cannot_break_out,
    the_request_id_is_echoed_in_problems,
    what_needs_a_token_is_not_stored,
    what_needs_no_token_may_be_stored,
    a_connection_outlives_an_error,
    head_leaves_nothing_behind_on_the_connection,
);

async fn a_request_id_of_visible_ascii_is_taken_over(world: &World) -> Outcome {
    let longest = "x".repeat(64);
    for id in ["1", "a-b_c.d~e", "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}", longest.as_str()] {
        for path in ["/api/hello", "/nothing", "/api/users", "/health/live", "/openapi.json", "/docs"] {
            let answer = world.send(Request::new("GET", path).header("X-Request-Id", id)).await?;
            answer.header_is("x-request-id", id)?;
        }
    }
    Ok(())
}

async fn a_request_id_that_is_none_is_replaced(world: &World) -> Outcome {
    let long = "x".repeat(65);
    for id in [&b""[..], b"a b", b"a\tb", "caf\u{e9}".as_bytes(), b"\xff", long.as_bytes(), &[b'x'; 4_000]] {
        let answer = world.send(Request::new("GET", "/nothing").header("x-request-id", id)).await?;
        let made = answer.status(404)?.needs_header("x-request-id")?;
        let kept = made.as_bytes() == id || (id.len() > 64 && id.starts_with(made.as_bytes()));
        answer.check(!kept, "another X-Request-Id than the one that was sent")?;
    }
    Ok(())
}

async fn a_request_id_is_made_where_none_is_sent(world: &World) -> Outcome {
    let mut made = HashSet::new();
    for _ in 0..20 {
        made.insert(world.get("/api/hello").await?.status(200)?.needs_header("x-request-id")?.to_owned());
    }
    ensure(made.len() == 20, || format!("expected: 20 different request ids\nreceived: {made:?}"))
}

async fn a_forged_request_id_cannot_break_out(world: &World) -> Outcome {
    let id = r#""},"status":200,"x":{"<script>alert(1)</script>"#;
    let answer = world.send(Request::new("GET", "/nothing").header("X-Request-Id", id)).await?;
    answer.status(404)?.has("/request_id", id)?.has("/status", 404)?.header_is("x-request-id", id)?;
    Ok(())
}

async fn the_request_id_is_echoed_in_problems(world: &World) -> Outcome {
    let with_id = |request: Request| request.header("X-Request-Id", "mine-42");
    let requests = [
        Request::new("GET", "/api/auth/me"),
        Request::new("POST", "/api/auth/login").json_text("{"),
        Request::new("POST", "/api/auth/login").json(&json!({})),
        Request::new("POST", "/api/hello"),
        Request::new("POST", "/api/auth/login").json_text(vec![b' '; 70_000]),
    ];
    for request in requests {
        world.send(with_id(request)).await?.has("/request_id", "mine-42")?.header_is("x-request-id", "mine-42")?;
    }
    Ok(())
}

async fn what_needs_a_token_is_not_stored(world: &World) -> Outcome {
    // The rules hold it for every answer; these are the kinds of answers.
    let reader = world.reader().await?;
    let with_token = |method: &str, path: &str| Request::new(method, path).bearer(&reader.token);
    let requests = [
        (Request::new("GET", "/api/auth/me"), 401),
        (with_token("GET", "/api/auth/me"), 200),
        (with_token("GET", "/api/auth/me").header("If-None-Match", "*"), 304),
        (with_token("GET", "/api/users?limit=0"), 422),
        (with_token("GET", "/api/users/1"), 404),
        (with_token("DELETE", "/api/users/1"), 403),
        (with_token("POST", "/api/users").json_text("{"), 400),
        (Request::new("POST", "/api/products"), 401),
        (with_token("PUT", "/api/products/1").json(&world.new_product(1, 1)), 403),
        (with_token("DELETE", "/api/products/1"), 403),
        (with_token("GET", &format!("{}/orders", reader.path())), 200),
        (with_token("POST", "/api/orders").json(&json!({})), 422),
        (with_token("GET", "/api/orders/1"), 404),
        (with_token("GET", "/api/reports/sales"), 403),
        (Request::new("POST", "/api/auth/login").json_text("{"), 400),
        (Request::new("POST", "/api/auth/register").json_text("{"), 400),
        (Request::new("POST", "/api/auth/register").json(&world.newcomer()), 201),
        (Request::new("GET", "/health/ready"), 200),
        (Request::new("GET", "/metrics"), 200),
    ];
    for (request, status) in requests {
        world.send(request).await?.status(status)?.header_is("cache-control", "no-store")?;
    }
    Ok(())
}

async fn what_needs_no_token_may_be_stored(world: &World) -> Outcome {
    for path in ["/api/hello", "/openapi.json", "/docs", "/problems/not-found", "/nothing"] {
        let answer = world.get_as(&world.reader().await?.token, path).await?;
        answer.check(answer.header("cache-control") != Some("no-store"), "no `Cache-Control: no-store`")?;
    }
    let product = world.create_product(1, 1).await?.path();
    for (path, status) in [(product.as_str(), 200), ("/api/products?limit=1", 200), ("/api/products?limit=0", 422)] {
        world.get(path).await?.status(status)?.lacks_header("cache-control")?;
    }
    for (value, status) in [("*", 304), ("1", 400)] {
        let request = Request::new("GET", &product).header("If-None-Match", value);
        world.send(request).await?.status(status)?.lacks_header("cache-control")?;
    }
    world.get("/api/products/1").await?.status(404)?.lacks_header("cache-control")?;
    let wrong = world.send(Request::new("POST", "/api/auth/me")).await?;
    wrong.status(405)?.check(wrong.header("cache-control") != Some("no-store"), "no `Cache-Control: no-store`")?;
    Ok(())
}

async fn a_connection_outlives_an_error(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let register = Request::new("POST", "/api/auth/register");
    // 413 and 408 may close: what is left of their bodies is not worth reading.
    let requests = [
        (Request::new("GET", "/nothing"), 404),
        (Request::new("POST", "/api/hello").json_text("{\"left\":\"unread\"}"), 405),
        (Request::new("GET", "/api/auth/me"), 401),
        (Request::new("POST", "/api/users").json_text("{\"left\":\"unread\"}"), 401),
        (register.clone().json_text("{"), 400),
        (register.clone().header("Content-Type", "text/plain").bytes("unread"), 415),
        (register.json(&json!({})), 422),
        (Request::new("GET", "/api/users/1").bearer(token), 404),
        (Request::new("GET", "/api/hello").json_text("{\"left\":\"unread\"}"), 200),
    ];
    for (request, status) in requests {
        let mut connection = world.connect().await?;
        world.send_on(&mut connection, request).await?.status(status)?;
        let answer = world.send_on(&mut connection, Request::new("GET", "/api/hello")).await?;
        answer.status(200)?.has("/message", "Hello!")?;
    }
    Ok(())
}

async fn head_leaves_nothing_behind_on_the_connection(world: &World) -> Outcome {
    let mut connection = world.connect().await?;
    for path in ["/api/hello", "/openapi.json", "/nothing", "/api/auth/me"] {
        world.send_on(&mut connection, Request::new("HEAD", path)).await?;
        world
            .send_on(&mut connection, Request::new("GET", "/api/hello"))
            .await?
            .status(200)?
            .has("/message", "Hello!")?;
    }
    Ok(())
}
