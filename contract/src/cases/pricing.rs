//! What an order costs: the discounts, their bounds, their rounding.

use serde_json::{Value, json};

use crate::answer::{CaseError, Outcome};
use crate::goods::{check_sums, priced};
use crate::world::World;

cases!("pricing";
    ten_units_of_a_line_have_a_tenth_off_and_nine_have_not,
    the_tenth_is_rounded_down_line_by_line,
    fifty_thousand_cents_have_a_twentieth_off,
    the_twentieth_is_rounded_down,
    what_is_left_after_the_lines_discounts_decides,
    ten_units_over_several_lines_are_no_discount,
    what_costs_nothing_stays_at_nothing,
    the_largest_order_is_priced_to_the_cent,
    the_price_is_the_services_alone,
);

/// Places an order of products at these prices, in these quantities, and expects it to come to these sums.
async fn check(world: &World, lines: &[(u64, u64)], subtotal: u64, discount: u64) -> Outcome {
    if priced(lines) != (subtotal, discount, subtotal - discount) {
        return Err(CaseError::new(format!("this case does not follow the rule itself: {:?}", priced(lines))));
    }
    let buyer = world.customer().await?;
    let mut ordered: Vec<Value> = Vec::new();
    for (price, quantity) in lines {
        ordered.push(world.create_product(*price, *quantity).await?.line(*quantity));
    }
    let placed = world.place(&buyer.token, &ordered).await?;
    for (place, (price, quantity)) in lines.iter().enumerate() {
        placed.status(201)?.has(&format!("/lines/{place}/unit_price_cents"), *price)?;
        placed.has(&format!("/lines/{place}/quantity"), *quantity)?;
    }
    placed.has("/subtotal_cents", subtotal)?.has("/discount_cents", discount)?;
    placed.has("/total_cents", subtotal - discount)?;
    check_sums(&placed)
}

async fn ten_units_of_a_line_have_a_tenth_off_and_nine_have_not(world: &World) -> Outcome {
    check(world, &[(1_000, 9)], 9_000, 0).await?;
    check(world, &[(1_000, 10)], 10_000, 1_000).await?;
    check(world, &[(1_000, 11)], 11_000, 1_100).await?;
    check(world, &[(1_000, 9), (100, 10)], 10_000, 100).await
}

async fn the_tenth_is_rounded_down_line_by_line(world: &World) -> Outcome {
    check(world, &[(1, 19)], 19, 1).await?;
    check(world, &[(3, 13)], 39, 3).await?;
    // Each line by itself: 1.9 and 1.9 are 1 and 1, not 3.
    check(world, &[(1, 19), (1, 19)], 38, 2).await
}

async fn fifty_thousand_cents_have_a_twentieth_off(world: &World) -> Outcome {
    check(world, &[(49_999, 1)], 49_999, 0).await?;
    check(world, &[(50_000, 1)], 50_000, 2_500).await?;
    check(world, &[(25_000, 1), (24_999, 1)], 49_999, 0).await?;
    check(world, &[(25_000, 1), (25_000, 1)], 50_000, 2_500).await
}

async fn the_twentieth_is_rounded_down(world: &World) -> Outcome {
    check(world, &[(50_019, 1)], 50_019, 2_500).await?;
    check(world, &[(50_020, 1)], 50_020, 2_501).await
}

async fn what_is_left_after_the_lines_discounts_decides(world: &World) -> Outcome {
    // 55,550 less 5,555 are 49,995: the twentieth is missed by five cents.
    check(world, &[(5_555, 10)], 55_550, 5_555).await?;
    // 55,560 less 5,556 are 50,004, of which it is 2,500.2.
    check(world, &[(5_556, 10)], 55_560, 8_056).await
}

async fn ten_units_over_several_lines_are_no_discount(world: &World) -> Outcome {
    check(world, &[(1_000, 5), (1_000, 5)], 10_000, 0).await
}

async fn what_costs_nothing_stays_at_nothing(world: &World) -> Outcome {
    check(world, &[(0, 1_000)], 0, 0).await?;
    check(world, &[(0, 10), (7, 1)], 7, 0).await
}

async fn the_largest_order_is_priced_to_the_cent(world: &World) -> Outcome {
    // 20 lines of 1,000 units at a million each: 2,000,000,000,000 cents, more than 32 bits hold.
    check(world, &[(100_000_000, 1_000); 20], 2_000_000_000_000, 290_000_000_000).await
}

async fn the_price_is_the_services_alone(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let product = world.create_product(1_000, 1).await?;
    for field in ["unit_price_cents", "total_cents", "discount_cents", "name"] {
        let line = crate::world::with(product.line(1), field, json!(1));
        let pointer = format!("/lines/0/{field}");
        world.place(token, &[line]).await?.invalid(&[(pointer.as_str(), "unknown-field")])?;
    }
    world.stocks(&[(&product, 1)]).await
}
