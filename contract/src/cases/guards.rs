//! The order of the guards: a request that breaks several rules gets the error of the first.
//!
//! route, authentication, conditional headers, body size, media type, JSON syntax, validation, permission, existence,
//! precondition, rule.

use serde_json::json;

use crate::answer::Outcome;
use crate::request::{BEGINNING, Framing, Request};
use crate::world::World;

const NOBODY: &str = "/api/users/01890000-0000-7000-8000-000000000000";
const NO_PRODUCT: &str = "/api/products/01890000-0000-7000-8000-000000000000";
const NO_ORDER: &str = "/api/orders/01890000-0000-7000-8000-000000000000";

/// Every operation with a body and a token.
const WITH_BODIES: [(&str, &str); 7] = [
    ("POST", "/api/users"),
    ("PUT", NOBODY),
    ("PATCH", NOBODY),
    ("POST", "/api/products"),
    ("PUT", NO_PRODUCT),
    ("POST", "/api/orders"),
    ("PATCH", NO_ORDER),
];

cases!("guards";
    the_route_goes_before_the_token,
    the_token_goes_before_the_body,
    the_token_goes_before_the_query,
    the_token_goes_before_the_conditional_headers,
    conditional_headers_go_before_the_body,
    the_size_goes_before_the_media_type,
    the_media_type_goes_before_the_syntax,
    the_syntax_goes_before_the_permission,
    validation_goes_before_permission,
    permission_goes_before_existence,
    existence_goes_before_the_precondition,
    the_precondition_goes_before_the_rule,
    guards_of_operations_without_a_token_keep_their_order_too,
);

/// A body that is too large, of no known type and no JSON.
fn broken(request: Request) -> Request {
    request.header("Content-Type", "text/plain").bytes(vec![b'{'; 65_537])
}

async fn the_route_goes_before_the_token(world: &World) -> Outcome {
    world.send(broken(Request::new("POST", "/api/nothing"))).await?.status(404)?.problem("not-found")?;
    world.send(broken(Request::new("POST", "/api/auth/me"))).await?.status(405)?.problem("method-not-allowed")?;
    world.get("/api/users/").await?.status(404)?.problem("not-found")?;
    world.send(Request::new("DELETE", "/api/users").bearer("garbage")).await?.status(405)?;
    world.send(broken(Request::new("PUT", "/api/orders"))).await?.status(405)?.problem("method-not-allowed")?;
    world.send(broken(Request::new("PATCH", NO_PRODUCT))).await?.status(405)?.problem("method-not-allowed")?;
    Ok(())
}

async fn the_token_goes_before_the_body(world: &World) -> Outcome {
    let path = world.reader().await?.path();
    for (method, path) in WITH_BODIES.into_iter().chain([("PUT", path.as_str()), ("PATCH", path.as_str())]) {
        let request = Request::new(method, path);
        let bodies = [
            request.clone().json_text("{"),
            request.clone().json(&json!({})),
            request.clone().header("Content-Type", "text/plain").bytes("x"),
            request.clone(),
            broken(request.clone()),
            broken(request.clone()).framing(Framing::Chunked),
            request.clone().json_text(BEGINNING).framing(Framing::Length(10_000_000_000)),
        ];
        for body in bodies {
            world.send(body.clone()).await?.status(401)?.problem("token-missing")?;
            world.send(body.bearer("garbage")).await?.status(401)?.problem("token-invalid")?;
        }
    }
    Ok(())
}

async fn the_token_goes_before_the_query(world: &World) -> Outcome {
    let orders = format!("{}/orders", world.reader().await?.path());
    for path in ["/api/users", orders.as_str(), "/api/reports/sales"] {
        world.get(&format!("{path}?limit=0&foo=1")).await?.status(401)?.problem("token-missing")?;
    }
    Ok(())
}

async fn the_token_goes_before_the_conditional_headers(world: &World) -> Outcome {
    let path = world.reader().await?.path();
    for path in [path.as_str(), NO_ORDER] {
        let request = Request::new("GET", path).header("If-None-Match", "1");
        world.send(request).await?.status(401)?.problem("token-missing")?;
    }
    for (method, path) in [("DELETE", path.as_str()), ("DELETE", NO_PRODUCT), ("PUT", NO_PRODUCT), ("PATCH", NO_ORDER)]
    {
        let request = Request::new(method, path).header("If-Match", "1");
        world.send(request).await?.status(401)?.problem("token-missing")?;
    }
    Ok(())
}

async fn conditional_headers_go_before_the_body(world: &World) -> Outcome {
    let reader = world.reader().await?;
    for (method, path) in [("PUT", NOBODY), ("PATCH", NOBODY), ("PUT", NO_PRODUCT), ("PATCH", NO_ORDER)] {
        let request = Request::new(method, path).bearer(&reader.token).header("If-Match", "1");
        world.send(broken(request)).await?.status(400)?.problem("malformed-header")?;
    }
    // And before permission and existence, where there is no body.
    for path in [NOBODY, NO_PRODUCT] {
        let request = Request::new("DELETE", path).bearer(&reader.token).header("If-Match", "1");
        world.send(request).await?.status(400)?.problem("malformed-header")?;
    }
    for path in [NOBODY, NO_PRODUCT, NO_ORDER] {
        let request = Request::new("GET", path).bearer(&reader.token).header("If-None-Match", "1");
        world.send(request).await?.status(400)?.problem("malformed-header")?;
    }
    Ok(())
}

async fn the_size_goes_before_the_media_type(world: &World) -> Outcome {
    let reader = world.reader().await?;
    for (method, path) in WITH_BODIES {
        let request = broken(Request::new(method, path).bearer(&reader.token));
        world.send(request.clone()).await?.status(413)?.problem("payload-too-large")?;
        world.send(request.framing(Framing::Chunked)).await?.status(413)?.problem("payload-too-large")?;
    }
    Ok(())
}

async fn the_media_type_goes_before_the_syntax(world: &World) -> Outcome {
    let reader = world.reader().await?;
    for (method, path) in WITH_BODIES {
        let request = Request::new(method, path).bearer(&reader.token);
        let typed = request.clone().header("Content-Type", "text/plain").bytes("{");
        world.send(typed).await?.status(415)?.problem("unsupported-media-type")?;
        let coded = request.header("Content-Encoding", "gzip").json_text("{");
        world.send(coded).await?.status(415)?.problem("unsupported-media-type")?;
    }
    Ok(())
}

async fn the_syntax_goes_before_the_permission(world: &World) -> Outcome {
    let reader = world.reader().await?;
    for (method, path) in WITH_BODIES {
        let request = Request::new(method, path).bearer(&reader.token).json_text("{");
        world.send(request).await?.status(400)?.problem("malformed-json")?;
    }
    Ok(())
}

async fn validation_goes_before_permission(world: &World) -> Outcome {
    let reader = world.reader().await?;
    for (method, path) in WITH_BODIES {
        let answer = world.call(&reader.token, method, path, &json!([])).await?;
        answer.invalid(&[("", "type")])?;
    }
    let body = json!({ "role": "king" });
    world.call(&reader.token, "PATCH", &reader.path(), &body).await?.invalid(&[("/role", "not-an-option")])?;
    // Before existence as well: whether the order is there is told to nobody who asks for nonsense.
    let body = json!({ "status": "king" });
    world.call(&reader.token, "PATCH", NO_ORDER, &body).await?.invalid(&[("/status", "not-an-option")])?;
    for path in [format!("{NOBODY}/orders?status=king"), "/api/reports/sales?status=king".to_owned()] {
        world.get_as(&reader.token, &path).await?.status(422)?.problem("validation")?;
    }
    Ok(())
}

async fn permission_goes_before_existence(world: &World) -> Outcome {
    let reader = world.reader().await?;
    let body = json!({ "name": "N" });
    world.call(&reader.token, "PATCH", NOBODY, &body).await?.status(403)?.problem("forbidden")?;
    // So it goes before the precondition: whether the version fits is nothing to tell a stranger.
    let request = Request::new("PATCH", &world.admin().await?.path()).bearer(&reader.token);
    let request = request.header("If-Match", "\"0\"").json(&body);
    world.send(request).await?.status(403)?.problem("forbidden")?;
    world.call(&reader.token, "PUT", NO_PRODUCT, &world.new_product(1, 1)).await?.status(403)?.problem("forbidden")?;
    for (path, tag) in [(NO_PRODUCT.to_owned(), "*"), (world.create_product(1, 1).await?.path(), "\"9\"")] {
        let request = Request::new("DELETE", &path).bearer(&reader.token).header("If-Match", tag);
        world.send(request).await?.status(403)?.problem("forbidden")?;
    }
    Ok(())
}

async fn existence_goes_before_the_precondition(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let put = json!({ "name": "N", "email": world.unique_email() });
    for (method, body) in [("PATCH", json!({ "name": "N" })), ("PATCH", json!({})), ("PUT", put)] {
        let request = Request::new(method, NOBODY).bearer(&admin.token).header("If-Match", "\"1\"");
        world.send(request.json(&body)).await?.status(404)?.problem("not-found")?;
    }
    let goods = [("PUT", NO_PRODUCT, world.new_product(1, 1)), ("PATCH", NO_ORDER, json!({ "status": "pending" }))];
    for (method, path, body) in goods {
        let request = Request::new(method, path).bearer(&admin.token).header("If-Match", "\"1\"");
        world.send(request.json(&body)).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn the_precondition_goes_before_the_rule(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let taken = &world.reader().await?.email;
    for (method, body) in [("PATCH", json!({ "email": taken })), ("PUT", json!({ "name": "N", "email": taken }))] {
        let request = Request::new(method, &account.path()).bearer(&account.token).header("If-Match", "\"9\"");
        world.send(request.json(&body)).await?.status(412)?.problem("precondition-failed")?;
    }
    // A patch of nothing is still a patch on a condition.
    let request = Request::new("PATCH", &account.path()).bearer(&account.token).header("If-Match", "\"9\"");
    world.send(request.json(&json!({}))).await?.status(412)?.problem("precondition-failed")?;
    Ok(())
}

async fn guards_of_operations_without_a_token_keep_their_order_too(world: &World) -> Outcome {
    for path in ["/api/auth/register", "/api/auth/login"] {
        let request = Request::new("POST", path);
        world.send(broken(request.clone())).await?.status(413)?;
        world.send(request.clone().header("Content-Type", "text/plain").bytes("{")).await?.status(415)?;
        world.send(request.clone().json_text("{")).await?.status(400)?;
        // A bad token means nothing where none is needed.
        let answer = world.send(request.bearer("garbage").json(&json!({ "email": "a" }))).await?;
        answer.status(422)?.problem("validation")?;
    }
    Ok(())
}
