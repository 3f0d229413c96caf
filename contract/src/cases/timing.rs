//! `Server-Timing`: which layers a request reached. That the header is well formed is held by the rules.

use serde_json::json;

use crate::answer::{Answer, Outcome};
use crate::request::Request;
use crate::world::{World, with};

cases!("timing";
    hello_runs_the_service_alone,
    a_missing_or_bad_token_stops_at_auth,
    a_refused_body_or_query_stops_at_validation,
    a_refused_permission_stops_at_the_service,
    what_reads_and_writes_reaches_the_store,
    reading_products_runs_no_auth,
    orders_and_reports_reach_the_store,
    what_is_no_operation_has_no_timing,
);

fn layers(answer: &Answer, expected: &[&str]) -> Outcome {
    answer.check(answer.layers() == expected, format_args!("Server-Timing with the layers {expected:?}"))?;
    Ok(())
}

async fn hello_runs_the_service_alone(world: &World) -> Outcome {
    layers(world.get("/api/hello").await?.status(200)?, &["service"])
}

async fn a_missing_or_bad_token_stops_at_auth(world: &World) -> Outcome {
    layers(world.get("/api/users").await?.status(401)?, &["auth"])?;
    layers(world.get_as("garbage", "/api/auth/me").await?.status(401)?, &["auth"])?;
    let request = Request::new("POST", "/api/users").json_text("{");
    layers(world.send(request).await?.status(401)?, &["auth"])
}

async fn a_refused_body_or_query_stops_at_validation(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    layers(world.get_as(token, "/api/users?limit=0").await?.status(422)?, &["auth", "validation"])?;
    let answer = world.call(token, "POST", "/api/users", &json!({})).await?;
    layers(answer.status(422)?, &["auth", "validation"])?;
    let answer = world.send(Request::new("POST", "/api/auth/login").json(&json!({}))).await?;
    layers(answer.status(422)?, &["validation"])
}

async fn a_refused_permission_stops_at_the_service(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let body = with(world.newcomer(), "role", json!("user"));
    let answer = world.call(token, "POST", "/api/users", &body).await?;
    layers(answer.status(403)?, &["auth", "validation", "service"])?;
    let answer = world.call(token, "POST", "/api/products", &world.new_product(1, 1)).await?;
    layers(answer.status(403)?, &["auth", "validation", "service"])?;
    let report = world.get_as(token, "/api/reports/sales?from=2025-01-01").await?;
    layers(report.status(403)?, &["auth", "validation", "service"])
}

async fn what_reads_and_writes_reaches_the_store(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let page = world.get_as(token, "/api/users?limit=1").await?;
    layers(page.status(200)?, &["auth", "validation", "service", "store"])?;
    layers(&world.register().await?, &["validation", "service", "store"])?;
    let refused = world.login(&world.unique_email(), "wrong password").await?;
    layers(refused.status(401)?, &["validation", "service", "store"])?;
    let account = world.register_user().await?;
    let patched = world.call(&account.token, "PATCH", &account.path(), &json!({ "name": "N" })).await?;
    layers(patched.status(200)?, &["auth", "validation", "service", "store"])?;
    for path in [account.path(), "/api/auth/me".to_owned()] {
        // Nothing is asked of a client here that could be invalid, so it is open whether that layer has run.
        let found = world.get_as(&account.token, &path).await?;
        let mut reached = found.status(200)?.layers();
        reached.retain(|layer| layer != "validation");
        found.check(reached == ["auth", "service", "store"], "the layers auth, service and store")?;
    }
    Ok(())
}

async fn reading_products_runs_no_auth(world: &World) -> Outcome {
    let product = world.create_product(1, 1).await?;
    for token in ["garbage", &world.reader().await?.token] {
        let page = world.get_as(token, "/api/products?limit=1").await?;
        layers(page.status(200)?, &["validation", "service", "store"])?;
        layers(world.get_as(token, "/api/products?limit=0").await?.status(422)?, &["validation"])?;
        let found = world.get_as(token, &product.path()).await?;
        let mut reached = found.status(200)?.layers();
        reached.retain(|layer| layer != "validation");
        found.check(reached == ["service", "store"], "the layers service and store")?;
    }
    Ok(())
}

async fn orders_and_reports_reach_the_store(world: &World) -> Outcome {
    let (admin, buyer) = (world.admin().await?, world.register_user().await?);
    let all = ["auth", "validation", "service", "store"];
    let product = world.create_product(1, 1).await?;
    let placed = world.place(&buyer.token, &[product.line(1)]).await?;
    layers(placed.status(201)?, &all)?;
    layers(world.place(&buyer.token, &[product.line(1)]).await?.status(409)?, &all)?;
    layers(world.place(&buyer.token, &[]).await?.status(422)?, &["auth", "validation"])?;
    layers(world.move_to(&buyer.token, placed.needs_header("location")?, "paid").await?.status(200)?, &all)?;
    let listed = world.get_as(&buyer.token, &format!("{}/orders", buyer.path())).await?;
    layers(listed.status(200)?, &all)?;
    layers(world.get_as(&admin.token, "/api/reports/sales").await?.status(200)?, &all)?;
    layers(world.get_as(&admin.token, "/api/reports/sales?from=x").await?.status(422)?, &["auth", "validation"])
}

async fn what_is_no_operation_has_no_timing(world: &World) -> Outcome {
    for (method, path, status) in [
        ("GET", "/api/nothing", 404),
        ("POST", "/api/hello", 405),
        ("DELETE", "/api/users", 405),
        ("GET", "/api/orders", 405),
        ("PATCH", "/api/products/1", 405),
        ("GET", "/api/users/", 404),
        ("GET", "/health/live", 200),
        ("GET", "/openapi.json", 200),
    ] {
        world.send(Request::new(method, path)).await?.status(status)?.lacks_header("server-timing")?;
    }
    Ok(())
}
