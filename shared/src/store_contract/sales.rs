//! What the report counts: paid and shipped orders of some days, by the category that a product had when it was ordered.

use super::shop::{moved, order, product};
use super::{Fixture, Outcome, at_once, came_to, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid, Shipped};
use crate::domain::{CategorySales, Day, Order, OrderStatus, Product, Timestamp, User};

fn sold(category: &str, orders: i64, units: i64, revenue_cents: i64) -> CategorySales {
    CategorySales { category: category.to_owned(), orders, units, revenue_cents }
}

/// Product number so, of a category and a price, of which there is enough.
fn of(number: u64, category: &str, price_cents: i64) -> Product {
    Product { category: category.to_owned(), price_cents, stock: 1_000_000, ..product(number) }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| format!("no such day: {text}"))
}

/// Places and pays.
async fn paid(fixture: &Fixture, order: Order) -> Result<Order, String> {
    fixture.given_orders(std::slice::from_ref(&order)).await?;
    fixture.given_moved(&order, Paid).await
}

pub(super) async fn an_empty_store_reports_no_sales(fixture: Fixture) -> Outcome {
    same("of all days", fixture.sales(None, None).await?, vec![])?;
    let new_year = Some(day("2025-01-01")?);
    same("of a day", fixture.sales(new_year, new_year).await?, vec![])?;
    same("since", fixture.sales(new_year, None).await?, vec![])?;
    same("until", fixture.sales(None, new_year).await?, vec![])
}

pub(super) async fn sales_are_paid_or_shipped(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let tools = of(1, "Tools", 100);
    fixture.given_products(std::slice::from_ref(&tools)).await?;
    let placed = order(1, &user(1), &[(&tools, 3)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    same("pending", fixture.sales(None, None).await?, vec![])?;
    let paid_one = fixture.given_moved(&placed, Paid).await?;
    same("paid", fixture.sales(None, None).await?, vec![sold("Tools", 1, 3, 300)])?;
    fixture.given_moved(&paid_one, Shipped).await?;
    same("shipped", fixture.sales(None, None).await?, vec![sold("Tools", 1, 3, 300)])?;
    let second = paid(&fixture, order(2, &user(1), &[(&tools, 4)])).await?;
    same("two", fixture.sales(None, None).await?, vec![sold("Tools", 2, 7, 700)])?;
    fixture.given_moved(&second, Cancelled).await?;
    same("cancelled", fixture.sales(None, None).await?, vec![sold("Tools", 1, 3, 300)])?;
    let third = order(3, &user(1), &[(&tools, 5)]);
    fixture.given_orders(std::slice::from_ref(&third)).await?;
    fixture.given_moved(&third, Cancelled).await?;
    same("never paid", fixture.sales(None, None).await?, vec![sold("Tools", 1, 3, 300)])
}

pub(super) async fn a_category_without_a_sale_left_is_absent(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let (tools, toys) = (of(1, "Tools", 100), of(2, "Toys", 0));
    fixture.given_products(&[tools.clone(), toys.clone()]).await?;
    let first = paid(&fixture, order(1, &user(1), &[(&tools, 1), (&toys, 2)])).await?;
    // What costs nothing was sold nevertheless.
    same("paid", fixture.sales(None, None).await?, vec![sold("Tools", 1, 1, 100), sold("Toys", 1, 2, 0)])?;
    paid(&fixture, order(2, &user(1), &[(&toys, 1)])).await?;
    fixture.given_moved(&first, Cancelled).await?;
    same("cancelled", fixture.sales(None, None).await?, vec![sold("Toys", 1, 1, 0)])
}

pub(super) async fn an_order_counts_once_in_each_of_its_categories(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let products = [of(1, "Tools", 100), of(2, "Toys", 10), of(3, "Tools", 1), of(4, "Tools", 1_000)];
    let [hammer, kite, nail, saw] = &products;
    fixture.given_products(&products).await?;
    paid(&fixture, order(1, &user(1), &[(hammer, 1), (kite, 2), (nail, 3), (saw, 4)])).await?;
    paid(&fixture, order(2, &user(2), &[(nail, 9), (hammer, 2)])).await?;
    let expected = vec![sold("Tools", 2, 19, 4_103 + 209), sold("Toys", 1, 2, 20)];
    same("sales", fixture.sales(None, None).await?, expected)
}

pub(super) async fn shares_of_the_revenue_add_up_to_what_was_paid(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let products = [of(1, "Tools", 9_999), of(2, "Toys", 3_333), of(3, "Books", 1)];
    let [saw, kite, page] = &products;
    fixture.given_products(&products).await?;
    let mut total = 0;
    // With discounts for many, for much, and cents left over from sharing those out.
    for (number, quantity) in (1..).zip([1, 7, 10, 13, 999, 1_000]) {
        let placed = order(number, &user(1), &[(kite, quantity), (page, 1), (saw, 3)]);
        total += paid(&fixture, placed).await?.total_cents;
    }
    let sales = fixture.sales(None, None).await?;
    same("in all", sales.iter().map(|sales| sales.revenue_cents).sum(), total)?;
    same("orders", sales.iter().map(|sales| sales.orders).collect(), vec![6, 6, 6])
}

pub(super) async fn large_sales_are_added_exactly(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let dear = of(1, "Tools", 99_999_999);
    fixture.given_products(std::slice::from_ref(&dear)).await?;
    let mut total = 0;
    for number in 0..30 {
        total += paid(&fixture, order(number, &user(1), &[(&dear, 999)])).await?.total_cents;
    }
    same("sales", fixture.sales(None, None).await?, vec![sold("Tools", 30, 30 * 999, total)])
}

pub(super) async fn the_highest_revenue_comes_first_then_the_category_by_bytes(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let categories =
        ["tools", "Tools", "T", "T\u{f6}ols", "To\u{308}ols", "\u{1f6e0}", "\u{ffee}", "Tool-1", "Tool_1", "0"];
    let alike: Vec<_> = (1..).zip(categories).map(|(number, category)| of(number, category, 500)).collect();
    let (high, higher, low) = (of(50, "a", 9_000), of(51, "z", 10_000), of(52, "A", 20));
    fixture.given_products(&alike).await?;
    fixture.given_products(&[high.clone(), higher.clone(), low.clone()]).await?;
    let lines: Vec<_> = alike.iter().chain([&low, &high, &higher]).map(|product| (product, 1)).collect();
    paid(&fixture, order(1, &user(1), &lines)).await?;
    let mut alike: Vec<_> = categories.map(|category| sold(category, 1, 1, 500)).to_vec();
    alike.sort_by(|one, other| one.category.as_bytes().cmp(other.category.as_bytes()));
    let expected = [vec![sold("z", 1, 1, 10_000), sold("a", 1, 1, 9_000)], alike, vec![sold("A", 1, 1, 20)]].concat();
    same("sales", fixture.sales(None, None).await?, expected)
}

pub(super) async fn sales_are_of_the_day_on_which_the_order_was_placed(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let tools = of(1, "Tools", 100);
    fixture.given_products(std::slice::from_ref(&tools)).await?;
    // The last millisecond of a day and the first of the next, in February of a leap year and at both ends of a calendar.
    let times = [
        (1, day("1970-01-01")?.start_millis()),
        (2, day("2024-02-28")?.end_millis() - 1),
        (4, day("2024-02-29")?.start_millis()),
        (8, day("2024-02-29")?.end_millis() - 1),
        (16, day("2024-03-01")?.start_millis()),
        (32, day("9999-12-31")?.end_millis() - 1),
    ];
    for (number, (quantity, millis)) in (1..).zip(times) {
        let created_at = Timestamp::from_millis(millis).ok_or("no such time")?;
        let placed = order(number, &user(1), &[(&Product { price_cents: 0, ..tools.clone() }, quantity)]);
        // It is moved on some other day, which does not matter.
        paid(&fixture, Order { created_at, ..placed }).await?;
    }
    let check = async |from: &str, to: &str, orders: i64, units: i64| {
        let sales = fixture.sales(Day::parse(from), Day::parse(to)).await?;
        let expected = if orders == 0 { vec![] } else { vec![sold("Tools", orders, units, 0)] };
        same(&format!("{from} to {to}"), sales, expected)
    };
    check("", "", 6, 63).await?;
    check("2024-02-29", "2024-02-29", 2, 12).await?;
    check("2024-02-28", "2024-02-28", 1, 2).await?;
    check("2024-02-28", "2024-02-29", 3, 14).await?;
    check("2024-02-29", "2024-03-01", 3, 28).await?;
    check("2024-02-29", "", 4, 60).await?;
    check("", "2024-02-29", 4, 15).await?;
    check("", "1970-01-01", 1, 1).await?;
    check("1970-01-02", "2024-02-27", 0, 0).await?;
    check("9999-12-31", "", 1, 32).await?;
    check("2024-03-02", "9999-12-30", 0, 0).await?;
    check("0000-01-01", "9999-12-31", 6, 63).await?;
    check("0000-01-01", "1969-12-31", 0, 0).await
}

pub(super) async fn a_sale_keeps_the_category_that_its_product_had(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let (hammer, kite) = (of(1, "Tools", 100), of(2, "Toys", 10));
    fixture.given_products(&[hammer.clone(), kite.clone()]).await?;
    let first = order(1, &user(1), &[(&hammer, 1), (&kite, 1)]);
    fixture.given_orders(std::slice::from_ref(&first)).await?;
    let weapon = Product { category: "Weapons".to_owned(), price_cents: 999, version: 3, stock: 10, ..hammer.clone() };
    came_to("update", fixture.update_product(&weapon, 2).await, "Ok")?;
    came_to("delete", fixture.delete_product(kite.id, 2).await, "Ok")?;
    let first = fixture.given_moved(&first, Paid).await?;
    let before = vec![sold("Tools", 1, 1, 100), sold("Toys", 1, 1, 10)];
    same("paid afterwards", fixture.sales(None, None).await?, before.clone())?;
    paid(&fixture, order(2, &user(1), &[(&weapon, 2)])).await?;
    same("with a new order", fixture.sales(None, None).await?, [vec![sold("Weapons", 1, 2, 1_998)], before].concat())?;
    fixture.given_moved(&first, Cancelled).await?;
    same("without the first", fixture.sales(None, None).await?, vec![sold("Weapons", 1, 2, 1_998)])
}

/// Counters that are read, raised and written would lose some of these.
pub(super) async fn orders_that_are_paid_at_once_all_count(fixture: Fixture) -> Outcome {
    let customers: Vec<User> = (1..=3).map(user).collect();
    fixture.given(&customers).await?;
    let (tools, toys) = (of(1, "Tools", 100), of(2, "Toys", 10));
    fixture.given_products(&[tools.clone(), toys.clone()]).await?;
    let orders = (0..30).zip(customers.iter().cycle());
    let orders: Vec<_> = orders.map(|(number, by)| order(number, by, &[(&toys, 2), (&tools, 1)])).collect();
    fixture.given_orders(&orders).await?;
    let all = async |before: &[Order], status: OrderStatus| {
        let after: Vec<_> = before.iter().map(|order| moved(order, status)).collect();
        let moves: Vec<_> = before.iter().cloned().zip(after.clone()).collect();
        let words = at_once(u64::try_from(moves.len()).unwrap_or_default(), |number| {
            let fixture = fixture.clone();
            let pair = usize::try_from(number).ok().and_then(|place| moves.get(place)).cloned();
            async move {
                match pair {
                    Some((before, after)) => fixture.update_order(&before, &after).await,
                    None => "no such order".to_owned(),
                }
            }
        });
        same("moves", words.await?, vec!["Ok".to_owned(); before.len()])?;
        Ok::<_, String>(after)
    };
    let paid = all(&orders, Paid).await?;
    same("paid", fixture.sales(None, None).await?, vec![sold("Tools", 30, 30, 3_000), sold("Toys", 30, 60, 600)])?;
    all(paid.get(..10).unwrap_or_default(), Cancelled).await?;
    same("left", fixture.sales(None, None).await?, vec![sold("Tools", 20, 20, 2_000), sold("Toys", 20, 40, 400)])
}
