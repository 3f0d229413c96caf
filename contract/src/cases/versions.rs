//! Versions: `ETag`, `If-Match`, `If-None-Match`.

use serde_json::json;

use crate::answer::{Answer, CaseError, Outcome};
use crate::request::Request;
use crate::world::{Account, World};

/// What is neither `*` nor a list of entity tags.
const MALFORMED: [&str; 8] = ["1", "\"1", "1\"", "\"1\" \"2\"", "W/1", "w/\"1\"", "*, \"1\"", "\"a b\""];

cases!("versions";
    versions_rise_by_one_and_are_the_etag,
    if_match_lets_the_present_version_be_changed,
    if_match_refuses_another_version,
    if_match_takes_a_star_and_a_list,
    if_match_never_matches_a_weak_tag,
    if_match_that_cannot_be_read_is_malformed,
    if_match_holds_on_put_and_delete_too,
    if_match_star_does_not_make_a_missing_user_exist,
    if_none_match_answers_304_to_the_present_version,
    if_none_match_answers_200_to_another_version,
    if_none_match_that_cannot_be_read_is_malformed,
    if_none_match_holds_on_head_too,
    conditions_are_ignored_where_they_mean_nothing,
    products_and_orders_read_the_same_conditions,
);

async fn patch(world: &World, account: &Account, if_match: &str) -> Result<Answer, CaseError> {
    let request = Request::new("PATCH", &account.path()).bearer(&account.token).header("If-Match", if_match);
    world.send(request.json(&json!({ "name": "Patched" }))).await
}

async fn versions_rise_by_one_and_are_the_etag(world: &World) -> Outcome {
    let account = world.register_user().await?;
    for version in 2..=11 {
        let answer = world.call(&account.token, "PATCH", &account.path(), &json!({ "name": "Same" })).await?;
        answer.status(200)?.has("/version", version)?.header_is("etag", &format!("\"{version}\""))?;
    }
    world.get_as(&account.token, &account.path()).await?.has("/version", 11)?.header_is("etag", "\"11\"")?;
    Ok(())
}

async fn if_match_lets_the_present_version_be_changed(world: &World) -> Outcome {
    let account = world.register_user().await?;
    patch(world, &account, "\"1\"").await?.status(200)?.has("/version", 2)?;
    patch(world, &account, "\"2\"").await?.status(200)?.has("/version", 3)?;
    Ok(())
}

async fn if_match_refuses_another_version(world: &World) -> Outcome {
    let account = world.register_user().await?;
    for other in ["\"0\"", "\"2\"", "\"01\"", "\"1 \"", "\"\"", "\"abc\"", "\"-1\"", "\"99999999999999999999\""] {
        // A space is no character of an entity tag, so this one cannot be read at all.
        let slug = if other.contains(' ') { "malformed-header" } else { "precondition-failed" };
        patch(world, &account, other).await?.problem(slug)?;
    }
    world.get_as(&account.token, &account.path()).await?.has("/version", 1)?.has("/name", "Con Tract")?;
    Ok(())
}

async fn if_match_takes_a_star_and_a_list(world: &World) -> Outcome {
    let account = world.register_user().await?;
    patch(world, &account, "*").await?.status(200)?.has("/version", 2)?;
    patch(world, &account, "\"9\", \"2\"").await?.status(200)?.has("/version", 3)?;
    patch(world, &account, "\"3\",\"a,b\"").await?.status(200)?.has("/version", 4)?;
    patch(world, &account, ", \"4\" ,").await?.status(200)?.has("/version", 5)?;
    patch(world, &account, "\"1\", \"2\"").await?.status(412)?.problem("precondition-failed")?;
    Ok(())
}

async fn if_match_never_matches_a_weak_tag(world: &World) -> Outcome {
    let account = world.register_user().await?;
    patch(world, &account, "W/\"1\"").await?.status(412)?.problem("precondition-failed")?;
    patch(world, &account, "W/\"1\", \"1\"").await?.status(200)?;
    Ok(())
}

async fn if_match_that_cannot_be_read_is_malformed(world: &World) -> Outcome {
    let account = world.register_user().await?;
    for malformed in MALFORMED {
        patch(world, &account, malformed).await?.status(400)?.problem("malformed-header")?;
    }
    Ok(())
}

async fn if_match_holds_on_put_and_delete_too(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": "Put", "email": account.email });
    let put = Request::new("PUT", &account.path()).bearer(&account.token).json(&body);
    world.send(put.clone().header("If-Match", "\"2\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(put.clone().header("If-Match", "1")).await?.status(400)?.problem("malformed-header")?;
    world.send(put.header("If-Match", "\"1\"")).await?.status(200)?.has("/version", 2)?;
    let delete = Request::new("DELETE", &account.path()).bearer(&account.token);
    world.send(delete.clone().header("If-Match", "\"1\"")).await?.status(412)?.problem("precondition-failed")?;
    world.send(delete.clone().header("If-Match", "1")).await?.status(400)?.problem("malformed-header")?;
    world.get_as(&account.token, &account.path()).await?.status(200)?;
    world.send(delete.header("If-Match", "\"2\"")).await?.status(204)?;
    Ok(())
}

async fn if_match_star_does_not_make_a_missing_user_exist(world: &World) -> Outcome {
    let path = "/api/users/01890000-0000-7000-8000-000000000000";
    let admin = world.admin().await?;
    for value in ["*", "\"1\""] {
        let request = Request::new("DELETE", path).bearer(&admin.token).header("If-Match", value);
        world.send(request).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn get(world: &World, method: &str, if_none_match: &str) -> Result<Answer, CaseError> {
    let account = world.reader().await?;
    let request = Request::new(method, &account.path()).bearer(&account.token);
    world.send(request.header("If-None-Match", if_none_match)).await
}

async fn if_none_match_answers_304_to_the_present_version(world: &World) -> Outcome {
    for value in ["\"1\"", "W/\"1\"", "*", "\"9\", \"1\"", "W/\"9\",W/\"1\""] {
        let answer = get(world, "GET", value).await?;
        answer.status(304)?.header_is("etag", "\"1\"")?.lacks_header("content-type")?;
    }
    Ok(())
}

async fn if_none_match_answers_200_to_another_version(world: &World) -> Outcome {
    for value in ["\"2\"", "W/\"2\"", "\"01\"", "\"\"", "\"2\", \"3\""] {
        get(world, "GET", value).await?.status(200)?.header_is("etag", "\"1\"")?.has("/version", 1)?;
    }
    Ok(())
}

async fn if_none_match_that_cannot_be_read_is_malformed(world: &World) -> Outcome {
    for malformed in MALFORMED {
        get(world, "GET", malformed).await?.status(400)?.problem("malformed-header")?;
    }
    Ok(())
}

async fn if_none_match_holds_on_head_too(world: &World) -> Outcome {
    get(world, "HEAD", "\"1\"").await?.status(304)?.header_is("etag", "\"1\"")?;
    get(world, "HEAD", "\"2\"").await?.status(200)?.header_is("etag", "\"1\"")?;
    get(world, "HEAD", "1").await?.status(400)?;
    Ok(())
}

async fn conditions_are_ignored_where_they_mean_nothing(world: &World) -> Outcome {
    let both = |request: Request| request.header("If-Match", "nonsense").header("If-None-Match", "nonsense");
    world.send(both(Request::new("GET", "/api/hello"))).await?.status(200)?;
    let reader = world.reader().await?;
    world.send(both(Request::new("GET", "/api/users?limit=1").bearer(&reader.token))).await?.status(200)?;
    let request = Request::new("GET", &reader.path()).bearer(&reader.token).header("If-Match", "\"9\"");
    world.send(request).await?.status(200)?;
    let body = world.newcomer();
    world.send(both(Request::new("POST", "/api/auth/register").json(&body))).await?.status(201)?;
    let (admin, buyer) = (world.admin().await?, world.register_user().await?);
    for path in
        ["/api/products?limit=1".to_owned(), "/api/reports/sales".to_owned(), format!("{}/orders", buyer.path())]
    {
        world.send(both(Request::new("GET", &path).bearer(&admin.token))).await?.status(200)?;
    }
    let make = Request::new("POST", "/api/products").bearer(&admin.token).json(&world.new_product(1, 1));
    let made = world.send(both(make)).await?;
    let line = json!({ "product_id": made.status(201)?.text_at("/id")?, "quantity": 1 });
    let place = Request::new("POST", "/api/orders").bearer(&buyer.token).json(&json!({ "lines": [line] }));
    world.send(both(place)).await?.status(201)?;
    Ok(())
}

async fn products_and_orders_read_the_same_conditions(world: &World) -> Outcome {
    let (admin, buyer) = (world.admin().await?, world.register_user().await?);
    let product = world.create_product(1, 9).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let body = json!({ "status": "paid" });
    let change = |method: &str, path: &str| Request::new(method, path).bearer(&admin.token);
    for malformed in MALFORMED {
        for path in [product.path(), order.clone()] {
            let read = change("GET", &path).header("If-None-Match", malformed);
            world.send(read).await?.status(400)?.problem("malformed-header")?;
        }
        let requests = [
            change("PUT", &product.path()).json(&product.body),
            change("DELETE", &product.path()),
            change("PATCH", &order).json(&body),
        ];
        for request in requests {
            let request = request.header("If-Match", malformed);
            world.send(request).await?.status(400)?.problem("malformed-header")?;
        }
    }
    for other in ["\"0\"", "\"01\"", "\"\"", "\"99999999999999999999\""] {
        for request in [change("PUT", &product.path()).json(&product.body), change("PATCH", &order).json(&body)] {
            world.send(request.header("If-Match", other)).await?.status(412)?.problem("precondition-failed")?;
        }
    }
    Ok(())
}
