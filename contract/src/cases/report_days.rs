//! The days of a sales report: which are days, which orders they take in, and how they come back.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::cases::reports::{paid, product_of, rows, unsold};
use crate::world::World;

cases!("report_days";
    both_days_are_included_and_each_may_be_left_out,
    the_days_asked_for_come_back,
    days_that_are_none_are_refused,
    the_last_day_is_not_before_the_first,
    unknown_and_repeated_parameters_are_refused,
);

async fn both_days_are_included_and_each_may_be_left_out(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let product = product_of(world, &category, 1_000).await?;
    let order = paid(world, &buyer, &[product.line(1)]).await?;
    // The day on which it was placed, whenever it was paid.
    let placed = order.text_at("/created_at")?;
    let (day, _) = placed.split_once('T').unwrap_or_default();
    let year: u32 = day.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
    for query in [
        format!("?from={day}"),
        format!("?to={day}"),
        format!("?from={day}&to={day}"),
        format!("?from={}-12-31&to={}-01-01", year - 1, year + 1),
    ] {
        let (report, found) = rows(world, &query, &[&category]).await?;
        report.check(found != [Value::Null], format_args!("a row of {category}"))?;
    }
    for query in [
        format!("?to={}-12-31", year - 1),
        format!("?from={}-01-01", year + 1),
        format!("?from=2000-01-01&to={}-12-31", year - 1),
        "?from=9999-12-31&to=9999-12-31".to_owned(),
    ] {
        unsold(world, &query, &category).await?;
    }
    Ok(())
}

async fn the_days_asked_for_come_back(world: &World) -> Outcome {
    let token = &world.admin().await?.token;
    let plain = world.get_as(token, "/api/reports/sales").await?;
    plain.status(200)?.has("/from", json!(null))?.has("/to", json!(null))?;
    // Nothing can have been sold then; a leap day is a day.
    let exact = world.get_as(token, "/api/reports/sales?to=2000-02-29&from=2000-02-29").await?;
    let expected = r#"{"from":"2000-02-29","to":"2000-02-29","categories":[]}"#;
    exact.status(200)?.check(exact.text() == expected, format_args!("exactly {expected}"))?;
    let open = world.get_as(token, "/api/reports/sales?from=9999-12-31").await?;
    open.status(200)?.has("/from", "9999-12-31")?.has("/to", json!(null))?.has("/categories", json!([]))?;
    Ok(())
}

async fn days_that_are_none_are_refused(world: &World) -> Outcome {
    let token = &world.admin().await?.token;
    let wrong = [
        "",
        "x",
        "2025",
        "2025-01",
        "2025-1-1",
        "2025-02-29",
        "2025-02-30",
        "2025-13-01",
        "2025-00-10",
        "2025-01-00",
        "2025-01-32",
        "20250101",
        "2025/01/01",
        "01-01-2025",
        "12025-01-01",
        "-2025-01-01",
        "%2B2025-01-01",
        "2025-01-01T00:00:00Z",
        "2025-01-01%20",
        "%202025-01-01",
        "2025-01-01%00",
        "%FF",
        "today",
        "2025-%EF%BC%901-01",
    ];
    for day in wrong {
        for name in ["from", "to"] {
            let pointer = format!("?{name}");
            let answer = world.get_as(token, &format!("/api/reports/sales?{name}={day}")).await?;
            answer.invalid(&[(pointer.as_str(), "format")])?;
        }
    }
    // Both at once, and by anybody: validation goes before permission.
    let answer = world.get_as(&world.reader().await?.token, "/api/reports/sales?to=x&from=y").await?;
    answer.invalid(&[("?from", "format"), ("?to", "format")])?;
    Ok(())
}

async fn the_last_day_is_not_before_the_first(world: &World) -> Outcome {
    let token = &world.admin().await?.token;
    for query in ["from=2025-01-02&to=2025-01-01", "to=2024-12-31&from=2025-01-01"] {
        let answer = world.get_as(token, &format!("/api/reports/sales?{query}")).await?;
        answer.invalid(&[("?to", "before-from")])?;
    }
    // Where the first is none, there is nothing to be before.
    let answer = world.get_as(token, "/api/reports/sales?from=x&to=2025-01-01").await?;
    answer.invalid(&[("?from", "format")])?;
    Ok(())
}

async fn unknown_and_repeated_parameters_are_refused(world: &World) -> Outcome {
    let token = &world.admin().await?.token;
    for (query, pointer, code) in [
        ("limit=1", "?limit", "unknown-parameter"),
        ("From=2025-01-01", "?From", "unknown-parameter"),
        ("from=2025-01-01&from=2025-01-01", "?from", "duplicate-parameter"),
        ("to=2025-01-01&to=2025-01-02", "?to", "duplicate-parameter"),
    ] {
        world.get_as(token, &format!("/api/reports/sales?{query}")).await?.invalid(&[(pointer, code)])?;
    }
    Ok(())
}
