//! What a listing takes in its query: `limit`, `after` and its filter, each once, and nothing else.

use serde_json::Value;

use crate::answer::{CaseError, Outcome, ensure};
use crate::cases::paging::{at_least, id_of};
use crate::world::World;

cases!("query";
    limits_from_1_to_100_are_taken,
    other_limits_are_refused,
    cursors_that_no_page_gave_are_refused,
    unknown_and_repeated_parameters_are_refused,
    every_wrong_parameter_is_named_at_once,
    the_role_filter_takes_user_and_admin,
    the_category_filter_takes_what_a_category_may_be,
    the_status_filter_takes_the_four_statuses,
);

/// The listings. A token does no harm where none is needed.
async fn listings(world: &World) -> Result<[String; 3], CaseError> {
    let orders = format!("{}/orders", world.reader().await?.path());
    Ok(["/api/users".to_owned(), "/api/products".to_owned(), orders])
}

async fn limits_from_1_to_100_are_taken(world: &World) -> Outcome {
    at_least(world, 3).await?;
    let token = &world.reader().await?.token;
    for limit in [1, 2, 100] {
        let page = world.get_as(token, &format!("/api/users?limit={limit}")).await?;
        let count = page.status(200)?.at("/items")?.as_array().map_or(0, Vec::len);
        page.check((1..=limit).contains(&count), format_args!("1 to {limit} items"))?;
        let full = page.at("/next")?.is_string();
        page.check(!full || count == limit, format_args!("{limit} items on a page that is not the last"))?;
    }
    Ok(())
}

async fn other_limits_are_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let wrong = [
        ("0", "too-small"),
        ("-1", "too-small"),
        ("101", "too-large"),
        ("1000000", "too-large"),
        ("", "type"),
        ("abc", "type"),
        ("1.5", "type"),
        ("1e1", "type"),
        ("0x10", "type"),
        ("%20", "type"),
        ("null", "type"),
    ];
    for listing in listings(world).await? {
        for (limit, code) in wrong {
            world.get_as(token, &format!("{listing}?limit={limit}")).await?.invalid(&[("?limit", code)])?;
        }
    }
    Ok(())
}

async fn cursors_that_no_page_gave_are_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let garbage = [
        "",
        "abc",
        "!!!",
        "%00",
        "%FF",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "null",
        "AAAAAAAAAAAAAAAAAAAAAA%3D%3D",
        "AAAAAAAAAAAAAAAAAAAA%2B%2F",
        "%27%20OR%201=1%20--",
        "AAAAAAAAAAAAAAAAAAAAAB",
    ];
    for listing in listings(world).await? {
        for after in garbage {
            world.get_as(token, &format!("{listing}?after={after}")).await?.invalid(&[("?after", "format")])?;
        }
    }
    Ok(())
}

async fn unknown_and_repeated_parameters_are_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let wrong = [
        ("foo=1", "?foo", "unknown-parameter"),
        ("Limit=1", "?Limit", "unknown-parameter"),
        ("foo", "?foo", "unknown-parameter"),
        ("limit=1&limit=1", "?limit", "duplicate-parameter"),
        ("limit=1&limit=2", "?limit", "duplicate-parameter"),
        ("role=user&role=admin", "?role", "duplicate-parameter"),
    ];
    for (query, pointer, code) in wrong {
        world.get_as(token, &format!("/api/users?{query}")).await?.invalid(&[(pointer, code)])?;
    }
    for (listing, filters) in
        listings(world).await?.iter().zip([["category", "status"], ["role", "status"], ["role", "category"]])
    {
        // A filter of another listing is as unknown as any other name.
        for name in filters.into_iter().chain(["foo", "Limit"]) {
            let pointer = format!("?{name}");
            let answer = world.get_as(token, &format!("{listing}?{name}=user")).await?;
            answer.invalid(&[(pointer.as_str(), "unknown-parameter")])?;
        }
        let answer = world.get_as(token, &format!("{listing}?limit=1&limit=1")).await?;
        answer.invalid(&[("?limit", "duplicate-parameter")])?;
    }
    for query in ["category=a&category=a", "category=a&category=b"] {
        let answer = world.get(&format!("/api/products?{query}")).await?;
        answer.invalid(&[("?category", "duplicate-parameter")])?;
    }
    // A name may be percent-encoded like any other part of a query.
    world.get_as(token, "/api/users?%6Cimit=1").await?.status(200)?;
    world.get_as(token, "/api/users?").await?.status(200)?;
    Ok(())
}

async fn every_wrong_parameter_is_named_at_once(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let answer = world.get_as(token, "/api/users?role=king&limit=0&foo=1&after=x").await?;
    answer.invalid(&[
        ("?after", "format"),
        ("?foo", "unknown-parameter"),
        ("?limit", "too-small"),
        ("?role", "not-an-option"),
    ])?;
    let answer = world.get("/api/products?limit=0&foo=1&category=&after=x").await?;
    answer.invalid(&[
        ("?after", "format"),
        ("?category", "too-short"),
        ("?foo", "unknown-parameter"),
        ("?limit", "too-small"),
    ])?;
    Ok(())
}

async fn the_role_filter_takes_user_and_admin(world: &World) -> Outcome {
    let (admin, reader) = (world.admin().await?, world.reader().await?);
    for (role, present, absent) in [("admin", &admin.id, &reader.id), ("user", &reader.id, &admin.id)] {
        let found = world.all_users(&reader.token, &format!("limit=100&role={role}")).await?;
        let all = found.iter().all(|item| item.get("role").and_then(Value::as_str) == Some(role));
        ensure(all, || format!("expected: with role={role} only users of that role\nreceived: {found:?}"))?;
        let ids: Vec<_> = found.iter().map(id_of).collect();
        ensure(ids.contains(present) && !ids.contains(absent), || {
            format!("expected: {present} and not {absent} in {ids:?}")
        })?;
    }
    for wrong in ["king", "", "Admin", "admin%20"] {
        let answer = world.get_as(&reader.token, &format!("/api/users?role={wrong}")).await?;
        answer.invalid(&[("?role", "not-an-option")])?;
    }
    Ok(())
}

async fn the_category_filter_takes_what_a_category_may_be(world: &World) -> Outcome {
    let long = "x".repeat(51);
    let emoji = "%F0%9F%A6%80".repeat(51);
    for (category, code) in [
        ("", "too-short"),
        ("%20%20", "too-short"),
        ("%C2%A0+%E3%80%80", "too-short"),
        (long.as_str(), "too-long"),
        (emoji.as_str(), "too-long"),
        ("a%00b", "control-character"),
        ("a%0Ab", "control-character"),
        ("a%C2%85b", "control-character"),
    ] {
        let answer = world.get(&format!("/api/products?category={category}")).await?;
        answer.invalid(&[("?category", code)])?;
    }
    for good in ["x".repeat(50), "%F0%9F%A6%80".repeat(50), format!("%20{}%20", "x".repeat(50)), "+x+".to_owned()] {
        world.get(&format!("/api/products?limit=1&category={good}")).await?.status(200)?;
    }
    Ok(())
}

async fn the_status_filter_takes_the_four_statuses(world: &World) -> Outcome {
    let reader = world.reader().await?;
    let path = format!("{}/orders?status=", reader.path());
    for status in ["pending", "paid", "shipped", "cancelled"] {
        world.get_as(&reader.token, &format!("{path}{status}")).await?.status(200)?;
    }
    for wrong in ["", "Paid", "paid%20", "refunded", "pending,paid"] {
        let answer = world.get_as(&reader.token, &format!("{path}{wrong}")).await?;
        answer.invalid(&[("?status", "not-an-option")])?;
    }
    Ok(())
}
