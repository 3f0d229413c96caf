//! Problems (RFC 9457): their members, and the pages that explain them.

use serde_json::json;

use crate::answer::Outcome;
use crate::request::Request;
use crate::rules::{PROBLEMS, SHUTTING_DOWN};
use crate::world::World;

cases!("problems";
    members_come_in_their_order,
    errors_come_in_the_order_of_their_pointers_after_the_other_members,
    insufficient_stock_lists_its_errors_last_too,
    the_instance_has_no_query,
    every_type_has_a_page,
    a_type_that_is_none_has_no_page,
    pages_explain_themselves_without_other_hosts,
    a_problem_is_answered_whatever_accept_says,
    problems_repeat_nothing_secret,
);

/// Expects these to be found in the text in this order.
fn in_order(text: &str, parts: &[&str]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

const MEMBERS: [&str; 6] =
    ["{\"type\":", ",\"title\":", ",\"status\":", ",\"detail\":", ",\"instance\":", ",\"request_id\":"];

async fn members_come_in_their_order(world: &World) -> Outcome {
    for request in [Request::new("GET", "/nothing"), Request::new("GET", "/api/users"), Request::new("PUT", "/docs")] {
        let answer = world.send(request).await?;
        answer.check(in_order(&answer.text(), &MEMBERS), format_args!("the members in the order {MEMBERS:?}"))?;
    }
    Ok(())
}

async fn errors_come_in_the_order_of_their_pointers_after_the_other_members(world: &World) -> Outcome {
    let body = json!({ "b": 1, "a": 1, "B": 1, "aa": 1, "a/": 1, "é": 1 });
    let answer = world.send(Request::new("POST", "/api/auth/login").json(&body)).await?;
    answer.invalid(&[
        ("/B", "unknown-field"),
        ("/a", "unknown-field"),
        ("/aa", "unknown-field"),
        ("/a~1", "unknown-field"),
        ("/b", "unknown-field"),
        ("/email", "required"),
        ("/password", "required"),
        ("/é", "unknown-field"),
    ])?;
    let members = [",\"request_id\":", ",\"errors\":[{\"pointer\":\"/B\",\"code\":\"unknown-field\",\"detail\":\""];
    answer
        .check(in_order(&answer.text(), &members), "`errors` last, each with pointer, code and detail in this order")?;
    Ok(())
}

async fn insufficient_stock_lists_its_errors_last_too(world: &World) -> Outcome {
    let product = world.create_product(1, 3).await?;
    let answer = world.place(&world.reader().await?.token, &[product.line(4)]).await?;
    answer.status(409)?.problem("insufficient-stock")?;
    let errors = ",\"errors\":[{\"pointer\":\"/lines/0/quantity\",\"code\":\"insufficient-stock\",\"detail\":\"";
    let members: Vec<_> = MEMBERS.into_iter().chain([errors]).collect();
    answer.check(in_order(&answer.text(), &members), format_args!("the members in the order {members:?}"))?;
    Ok(())
}

async fn the_instance_has_no_query(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let answer = world.get_as(token, "/api/users?limit=0&secret=x").await?;
    answer.status(422)?.has("/instance", "/api/users")?;
    Ok(())
}

async fn every_type_has_a_page(world: &World) -> Outcome {
    for (slug, status, title) in PROBLEMS.iter().chain([&SHUTTING_DOWN]) {
        let path = format!("/problems/{slug}");
        let page = world.get(&path).await?;
        page.status(200)?.header_is("content-type", "text/html; charset=utf-8")?;
        page.check(page.text().contains(title), format_args!("a page that names `{title}`"))?;
        page.check(page.text().contains(&status.to_string()), format_args!("a page that names the status {status}"))?;
        world.send(Request::new("HEAD", &path)).await?.status(200)?;
    }
    Ok(())
}

async fn a_type_that_is_none_has_no_page(world: &World) -> Outcome {
    for path in ["/problems/nothing", "/problems/", "/problems", "/problems/Not-Found", "/problems/not-found/x"] {
        world.get(path).await?.status(404)?.problem("not-found")?;
    }
    world.get("/problems/not%2Dfound").await?.status(200)?;
    Ok(())
}

async fn pages_explain_themselves_without_other_hosts(world: &World) -> Outcome {
    let page = world.get("/problems/validation").await?;
    let text = page.status(200)?.text();
    let complete = text.trim_start().to_ascii_lowercase().starts_with("<!doctype html>");
    page.check(complete && text.contains("<title>"), "an HTML page with a title")?;
    page.check(!text.contains("<script") && !text.contains("src=\"http"), "a page without scripts and other hosts")?;
    Ok(())
}

async fn a_problem_is_answered_whatever_accept_says(world: &World) -> Outcome {
    for accept in ["text/html", "application/xml", "*/*;q=0", "nonsense", ""] {
        let request = Request::new("GET", "/nothing").header("Accept", accept);
        world.send(request).await?.status(404)?.problem("not-found")?;
        world.send(Request::new("GET", "/api/hello").header("Accept", accept)).await?.status(200)?;
    }
    Ok(())
}

async fn problems_repeat_nothing_secret(world: &World) -> Outcome {
    let secret = "hunter2-hunter2";
    let bodies = [
        json!({ "name": "", "email": "x", "password": secret }),
        json!({ "name": 1, "email": "a@b", "password": secret, "more": secret }),
        json!({ "email": "a@b", "password": [secret] }),
    ];
    for body in bodies {
        let answer = world.send(Request::new("POST", "/api/auth/register").json(&body)).await?;
        answer.status(422)?.check(!answer.text().contains(secret), "no word of the password that was sent")?;
    }
    let cut = format!("{{\"password\":\"{secret}\"");
    let answer = world.send(Request::new("POST", "/api/auth/login").json_text(cut)).await?;
    answer.status(400)?.check(!answer.text().contains(secret), "no word of the password that was sent")?;
    let answer = world.get_as(secret, "/api/auth/me").await?;
    answer.status(401)?.check(!answer.text().contains(secret), "no word of the token that was sent")?;
    Ok(())
}
