//! The sales report: what counts, in which category, and how an order's total is shared out; the days are in
//! `report_days.rs`.
//!
//! The report is one for all, and other cases sell at the same time; so each case sells in categories of its own, and
//! looks at their rows alone.

use serde_json::{Value, json};

use crate::answer::{Answer, CaseError, Outcome};
use crate::goods::Product;
use crate::world::{Account, World, member, with};

cases!("reports";
    sales_are_for_admins,
    a_paid_order_counts_and_so_does_a_shipped_one,
    a_pending_or_cancelled_order_does_not_count,
    an_order_counts_once_in_a_category_with_all_its_units,
    revenue_is_what_is_left_after_discounts,
    the_shares_of_an_order_add_up_to_its_total,
    the_category_is_that_of_the_time_of_the_order,
    a_deleted_product_was_sold_all_the_same,
    the_highest_revenue_comes_first,
);

/// The report for this query, and the rows of these categories; null where there is none.
pub(super) async fn rows(world: &World, query: &str, categories: &[&str]) -> Result<(Answer, Vec<Value>), CaseError> {
    let report = world.get_as(&world.admin().await?.token, &format!("/api/reports/sales{query}")).await?;
    let all = report.status(200)?.at("/categories")?.as_array().cloned().unwrap_or_default();
    let row = |wanted: &&str| all.iter().find(|row| member(row, "category") == json!(wanted)).cloned();
    let found = categories.iter().map(|category| row(category).unwrap_or_default()).collect();
    Ok((report, found))
}

/// Expects the report to have this row: orders, units and revenue.
async fn sold(world: &World, category: &str, orders: u64, units: u64, revenue: u64) -> Outcome {
    let (report, found) = rows(world, "", &[category]).await?;
    let expected = json!({ "category": category, "orders": orders, "units": units, "revenue_cents": revenue });
    report.check(found == [expected.clone()], format_args!("the row {expected}, found {found:?}"))?;
    Ok(())
}

/// Expects the report to have no row of this category.
pub(super) async fn unsold(world: &World, query: &str, category: &str) -> Outcome {
    let (report, found) = rows(world, query, &[category]).await?;
    report.check(found == [Value::Null], format_args!("nothing of {category}, found {found:?}"))?;
    Ok(())
}

/// A product of this category.
pub(super) async fn product_of(world: &World, category: &str, price_cents: u64) -> Result<Product, CaseError> {
    world.create(with(world.new_product(price_cents, 10_000), "category", json!(category))).await
}

/// An order of this user that is paid.
pub(super) async fn paid(world: &World, buyer: &Account, lines: &[Value]) -> Result<Answer, CaseError> {
    let order = world.order(&buyer.token, lines).await?;
    let moved = world.move_to(&buyer.token, &order, "paid").await?;
    moved.status(200)?;
    Ok(moved)
}

async fn sales_are_for_admins(world: &World) -> Outcome {
    let path = "/api/reports/sales";
    world.get(path).await?.status(401)?.problem("token-missing")?;
    world.get_as(&world.reader().await?.token, path).await?.status(403)?.problem("forbidden")?;
    world.get_as(&world.admin().await?.token, path).await?.status(200)?;
    Ok(())
}

async fn a_paid_order_counts_and_so_does_a_shipped_one(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let product = product_of(world, &category, 1_000).await?;
    let order = world.order(&buyer.token, &[product.line(3)]).await?;
    unsold(world, "", &category).await?;
    world.move_through(&order, &["paid"]).await?;
    sold(world, &category, 1, 3, 3_000).await?;
    world.move_through(&order, &["shipped"]).await?;
    sold(world, &category, 1, 3, 3_000).await?;
    paid(world, &buyer, &[product.line(2)]).await?;
    sold(world, &category, 2, 5, 5_000).await
}

async fn a_pending_or_cancelled_order_does_not_count(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let product = product_of(world, &category, 1_000).await?;
    let order = world.order(&buyer.token, &[product.line(3)]).await?;
    world.move_through(&order, &["cancelled"]).await?;
    unsold(world, "", &category).await?;
    let order = paid(world, &buyer, &[product.line(4)]).await?;
    sold(world, &category, 1, 4, 4_000).await?;
    world.move_through(&format!("/api/orders/{}", order.text_at("/id")?), &["cancelled"]).await?;
    unsold(world, "", &category).await
}

async fn an_order_counts_once_in_a_category_with_all_its_units(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let (one, other) = (product_of(world, &category, 100).await?, product_of(world, &category, 10).await?);
    paid(world, &buyer, &[one.line(2), other.line(3)]).await?;
    sold(world, &category, 1, 5, 230).await?;
    paid(world, &buyer, &[other.line(1)]).await?;
    sold(world, &category, 2, 6, 240).await
}

async fn revenue_is_what_is_left_after_discounts(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let product = product_of(world, &category, 5_556).await?;
    let order = paid(world, &buyer, &[product.line(10)]).await?;
    order.has("/total_cents", 47_504)?;
    sold(world, &category, 1, 10, 47_504).await?;
    let free = world.unique();
    let gift = product_of(world, &free, 0).await?;
    paid(world, &buyer, &[gift.line(1)]).await?;
    sold(world, &free, 1, 1, 0).await
}

async fn the_shares_of_an_order_add_up_to_its_total(world: &World) -> Outcome {
    let buyer = world.customer().await?;
    // Prices that leave cents over, with and without either discount, in two and in three categories.
    let orders: [&[(u64, u64)]; 5] = [
        &[(333, 10), (1, 1)],
        &[(16_667, 1), (16_667, 1), (16_667, 1)],
        &[(5_557, 11), (33, 3)],
        &[(9_999, 13), (7, 19), (49_999, 1)],
        &[(50_001, 1), (0, 10), (1, 1)],
    ];
    for order in orders {
        let unique = world.unique();
        let categories: Vec<_> = (0..order.len()).map(|place| format!("{unique} {place}")).collect();
        let mut lines = Vec::new();
        for ((price, quantity), category) in order.iter().zip(&categories) {
            lines.push(product_of(world, category, *price).await?.line(*quantity));
        }
        let placed = paid(world, &buyer, &lines).await?;
        let names: Vec<_> = categories.iter().map(String::as_str).collect();
        let (report, found) = rows(world, "", &names).await?;
        let shares: Vec<_> =
            found.iter().map(|row| member(row, "revenue_cents").as_u64().unwrap_or_default()).collect();
        let total = placed.at("/total_cents")?.as_u64();
        report.check(
            Some(shares.iter().sum::<u64>()) == total,
            format_args!("shares that add up to {total:?}, found {shares:?}"),
        )?;
        // A share is the line less its own tenth and its part of the twentieth, but for a few cents of rounding.
        let is_off = placed.at("/discount_cents")?.as_u64() > Some(order.iter().map(|line| tenth(*line)).sum());
        for (line, share) in order.iter().zip(&shares) {
            let own = line.0 * line.1 - tenth(*line);
            let fair = if is_off { own - own / 20 } else { own };
            report.check(fair.abs_diff(*share) <= 3, format_args!("a share of about {fair} in {shares:?}"))?;
        }
    }
    Ok(())
}

fn tenth((price, quantity): (u64, u64)) -> u64 {
    if quantity >= 10 { price * quantity / 10 } else { 0 }
}

async fn the_category_is_that_of_the_time_of_the_order(world: &World) -> Outcome {
    let (buyer, before, after) = (world.customer().await?, world.unique(), world.unique());
    let product = product_of(world, &before, 1_000).await?;
    let order = world.order(&buyer.token, &[product.line(1)]).await?;
    let moved = with(product.body.clone(), "category", json!(after));
    world.call(&world.admin().await?.token, "PUT", &product.path(), &moved).await?.status(200)?;
    world.move_through(&order, &["paid"]).await?;
    sold(world, &before, 1, 1, 1_000).await?;
    unsold(world, "", &after).await?;
    paid(world, &buyer, &[product.line(2)]).await?;
    sold(world, &before, 1, 1, 1_000).await?;
    sold(world, &after, 1, 2, 2_000).await
}

async fn a_deleted_product_was_sold_all_the_same(world: &World) -> Outcome {
    let (buyer, category) = (world.customer().await?, world.unique());
    let product = product_of(world, &category, 1_000).await?;
    paid(world, &buyer, &[product.line(1)]).await?;
    let pending = world.order(&buyer.token, &[product.line(2)]).await?;
    world.delete_product(&product).await?;
    sold(world, &category, 1, 1, 1_000).await?;
    world.move_through(&pending, &["paid"]).await?;
    sold(world, &category, 2, 3, 3_000).await
}

async fn the_highest_revenue_comes_first(world: &World) -> Outcome {
    let (buyer, unique) = (world.customer().await?, world.unique());
    // Two of one revenue, whose names differ in case and in what stands beyond ASCII.
    let sales = [("b", 10), ("é", 20), ("a", 20), ("Z", 20), ("c", 30)];
    for (name, price) in sales {
        let product = product_of(world, &format!("{unique} {name}"), price).await?;
        paid(world, &buyer, &[product.line(1)]).await?;
    }
    let (report, _) = rows(world, "", &[]).await?;
    let all = report.at("/categories")?.as_array().cloned().unwrap_or_default();
    let row = |row: &Value| {
        (
            member(row, "revenue_cents").as_u64().unwrap_or_default(),
            member(row, "category").as_str().unwrap_or_default().to_owned(),
        )
    };
    let all: Vec<(u64, String)> = all.iter().map(row).collect();
    let rising = all
        .iter()
        .zip(all.iter().skip(1))
        .all(|(one, next)| one.0 > next.0 || (one.0 == next.0 && one.1.as_bytes() < next.1.as_bytes()));
    report.check(rising, "the highest revenue first, then the categories byte by byte, each once")?;
    let mine: Vec<_> = all.iter().filter_map(|(_, name)| name.strip_prefix(&format!("{unique} "))).collect();
    report.check(mine == ["c", "Z", "a", "é", "b"], format_args!("my categories in their order, found {mine:?}"))?;
    Ok(())
}
