//! Stock and books are right, however many orders are placed and moved at the same time.

use super::shop::{keyed, moved, order, product};
use super::{Fixture, Outcome, at_once, one_succeeded, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid, Shipped};
use crate::domain::{Order, OrderStatus, Product};

/// Lets these orders be placed at the same time, and gives what each came to.
async fn placed_at_once(fixture: &Fixture, orders: &[Order]) -> Result<Vec<String>, String> {
    let task = |number: u64| {
        let fixture = fixture.clone();
        let order = usize::try_from(number).ok().and_then(|place| orders.get(place)).cloned();
        async move {
            match order {
                Some(order) => fixture.place(&order).await,
                None => "no such order".to_owned(),
            }
        }
    };
    at_once(u64::try_from(orders.len()).unwrap_or_default(), task).await
}

/// The orders that are there are those that were answered `Ok`, as they were placed.
async fn kept(fixture: &Fixture, orders: &[Order], words: &[String]) -> Outcome {
    for (order, word) in orders.iter().zip(words) {
        let expected = (word == "Ok").then(|| order.clone());
        same(word, fixture.find_order(order.id).await?, expected)?;
    }
    Ok(())
}

pub(super) async fn of_60_orders_for_the_last_50_units_no_unit_is_sold_twice(fixture: Fixture) -> Outcome {
    let customers = [user(1), user(2), user(3)];
    fixture.given(&customers).await?;
    let last = Product { stock: 50, ..product(1) };
    fixture.given_products(std::slice::from_ref(&last)).await?;
    let orders = (0..).zip(customers.iter().cycle()).take(60);
    let orders: Vec<_> = orders
        .zip([1, 2].into_iter().cycle())
        .map(|((number, by), units)| order(number, by, &[(&last, units)]))
        .collect();
    let words = placed_at_once(&fixture, &orders).await?;
    let left = fixture.find_product(last.id).await?.ok_or("the product is gone")?;
    for (order, word) in orders.iter().zip(&words).filter(|(_, word)| *word != "Ok") {
        let units = order.lines.iter().map(|line| line.quantity).sum::<i64>();
        // Stock only falls here, so whoever was refused would be refused now.
        if !word.starts_with("OutOfStock") || left.stock >= units {
            return Err(format!("an order of {units} was refused with {word}, and {} are left", left.stock));
        }
    }
    kept(&fixture, &orders, &words).await?;
    same(
        "changes",
        left.version,
        1 + i64::try_from(words.iter().filter(|word| *word == "Ok").count()).unwrap_or_default(),
    )?;
    fixture.balanced(&last, &customers).await
}

pub(super) async fn orders_in_opposite_line_order_do_not_block_each_other(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let products: Vec<_> = (1..=4).map(|number| Product { stock: 30, ..product(number) }).collect();
    fixture.given_products(&products).await?;
    let forwards: Vec<_> = products.iter().map(|product| (product, 1)).collect();
    let backwards: Vec<_> = forwards.iter().rev().copied().collect();
    let orders = (0..40).map(|number| match number % 2 {
        0 => order(number, &user(1), &forwards),
        _ => order(number, &user(2), &backwards),
    });
    let orders: Vec<_> = orders.collect();
    let words = placed_at_once(&fixture, &orders).await?;
    same("those that succeeded", words.iter().filter(|word| *word == "Ok").count(), 30)?;
    let refused = words.iter().filter(|word| word.starts_with("OutOfStock"));
    same("those that came too late", refused.count(), 10)?;
    kept(&fixture, &orders, &words).await?;
    for product in &products {
        fixture.taken(product, 30, 30).await?;
        fixture.balanced(product, &[user(1), user(2)]).await?;
    }
    Ok(())
}

pub(super) async fn one_key_30_times_at_once_is_one_order(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let orders: Vec<_> = (0..30).map(|number| keyed(order(number, &user(1), &[(&product(1), 1)]), "key")).collect();
    let words = placed_at_once(&fixture, &orders).await?;
    one_succeeded(&words, "KeyTaken")?;
    kept(&fixture, &orders, &words).await?;
    let winner = orders.into_iter().zip(words).find(|(_, word)| word == "Ok").map(|(order, _)| order);
    same("by key", fixture.find_by_key(&user(1), "key").await?, winner)?;
    same("orders", fixture.orders_of(&user(1)).await?.len(), 1)?;
    fixture.taken(&product(1), 1, 1).await
}

pub(super) async fn one_order_20_times_at_once_is_placed_once(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let orders = vec![order(1, &user(1), &[(&product(1), 1)]); 20];
    one_succeeded(&placed_at_once(&fixture, &orders).await?, "KeyTaken")?;
    same("orders", fixture.orders_of(&user(1)).await?, orders.into_iter().take(1).collect())?;
    fixture.taken(&product(1), 1, 1).await
}

pub(super) async fn an_order_cancelled_20_times_at_once_gives_back_once(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1), product(2)]).await?;
    let placed = order(1, &user(1), &[(&product(1), 7), (&product(2), 3)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let words = at_once(20, |_| {
        let (fixture, placed) = (fixture.clone(), placed.clone());
        async move { fixture.update_order(&placed, &moved(&placed, Cancelled)).await }
    });
    one_succeeded(&words.await?, "VersionConflict")?;
    fixture.taken(&product(1), 0, 2).await?;
    fixture.taken(&product(2), 0, 2).await
}

pub(super) async fn of_paying_and_cancelling_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    race(fixture, None, [Paid, Cancelled]).await
}

pub(super) async fn of_shipping_and_cancelling_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    race(fixture, Some(Paid), [Shipped, Cancelled]).await
}

/// Orders are moved to both at the same time, 20 times over, after they were moved to the first if there is one.
async fn race(fixture: Fixture, first: Option<OrderStatus>, both: [OrderStatus; 2]) -> Outcome {
    let [good, bad] = both;
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let (mut live, mut changes) = (0, 0);
    for number in 0..20 {
        let placed = order(number, &user(1), &[(&product(1), 1)]);
        fixture.given_orders(std::slice::from_ref(&placed)).await?;
        let before = match first {
            Some(status) => fixture.given_moved(&placed, status).await?,
            None => placed,
        };
        let words = at_once(2, |number| {
            let (fixture, before) = (fixture.clone(), before.clone());
            async move { fixture.update_order(&before, &moved(&before, if number == 0 { good } else { bad })).await }
        });
        let words = words.await?;
        one_succeeded(&words, "VersionConflict")?;
        let won = words.first().is_some_and(|word| word == "Ok");
        same("the order", fixture.find_order(before.id).await?, Some(moved(&before, if won { good } else { bad })))?;
        (live, changes) = (live + i64::from(won), changes + 1 + i64::from(!won));
        fixture.taken(&product(1), live, changes).await?;
        let sold = fixture.sales(None, None).await?.iter().map(|sales| (sales.orders, sales.units)).collect();
        same("sold", sold, if live == 0 { vec![] } else { vec![(live, live)] })?;
    }
    fixture.balanced(&product(1), &[user(1)]).await
}

/// Orders are placed and others cancelled, of the same products: both take several, in either order of the lines.
pub(super) async fn placing_and_cancelling_at_once_keep_the_books(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let products = [product(1), product(2), product(3)];
    let [first, second, third] = &products;
    fixture.given_products(&products).await?;
    let forwards = |number| order(number, &user(1), &[(first, 1), (second, 2), (third, 3)]);
    let backwards = |number| order(number, &user(2), &[(third, 3), (second, 2), (first, 1)]);
    fixture.given_orders(&(0..15).map(forwards).collect::<Vec<_>>()).await?;
    let words = at_once(30, |number| {
        let (fixture, before, new) = (fixture.clone(), forwards(number), backwards(number));
        async move {
            if number < 15 {
                fixture.update_order(&before, &moved(&before, Cancelled)).await
            } else {
                fixture.place(&new).await
            }
        }
    });
    same("moves", words.await?, vec!["Ok".to_owned(); 30])?;
    for (product, quantity) in products.iter().zip(1..) {
        fixture.taken(product, 15 * quantity, 45).await?;
        fixture.balanced(product, &[user(1), user(2)]).await?;
    }
    Ok(())
}
