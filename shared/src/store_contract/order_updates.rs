//! An order moves on, by compare-and-swap, and nothing else of it changes.

use super::orders::{comes_back, given_shop};
use super::shop::{keyed, moved, order};
use super::{Fixture, Outcome, at_once, came_to, one_succeeded, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid, Shipped};
use crate::domain::{Order, Timestamp};

pub(super) async fn update_moves_an_order_and_nothing_else_of_it(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let placed = keyed(order(1, &user(1), &[(&product, 3)]), "key");
    let other = order(2, &user(1), &[(&product, 1)]);
    fixture.given_orders(&[placed.clone(), other.clone()]).await?;
    let paid = moved(&placed, Paid);
    // What cannot change is not written, whatever the caller says.
    let (subtotal_cents, discount_cents, total_cents) = (1, 2, 3);
    let strange = Order { subtotal_cents, discount_cents, total_cents, idempotency_key: None, ..paid.clone() };
    came_to("pay", fixture.update_order(&placed, &strange).await, "Ok")?;
    comes_back(&fixture, &user(1), &paid).await?;
    comes_back(&fixture, &user(1), &other).await?;
    let shipped = fixture.given_moved(&paid, Shipped).await?;
    comes_back(&fixture, &user(1), &shipped).await?;
    same("all", fixture.orders_of(&user(1)).await?, vec![shipped, other])
}

pub(super) async fn update_of_an_order_with_another_version_changes_nothing(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let placed = order(1, &user(1), &[(&product, 3)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let paid = fixture.given_moved(&placed, Paid).await?;
    for (version, status) in [(1, Cancelled), (3, Cancelled), (0, Shipped), (i64::MAX - 1, Shipped), (1, Paid)] {
        let before = Order { version, ..paid.clone() };
        let words = fixture.update_order(&before, &moved(&before, status)).await;
        came_to(status.as_str(), words, "VersionConflict")?;
    }
    comes_back(&fixture, &user(1), &paid).await?;
    fixture.taken(&product, 3, 1).await
}

pub(super) async fn update_of_an_unknown_order_is_a_conflict(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let unknown = order(1, &user(1), &[(&product, 3)]);
    for status in [Paid, Cancelled] {
        let word = fixture.update_order(&unknown, &moved(&unknown, status)).await;
        came_to(status.as_str(), word, "VersionConflict")?;
    }
    same("orders", fixture.orders_of(&user(1)).await?, vec![])?;
    same("sales", fixture.sales(None, None).await?, vec![])?;
    fixture.taken(&product, 0, 0).await
}

pub(super) async fn of_50_updates_of_one_version_of_an_order_one_succeeds(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let placed = order(1, &user(1), &[(&product, 3)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let update = |number: u64| {
        let millis = 1_800_000_000_000 + i64::try_from(number).unwrap_or_default();
        Order { updated_at: Timestamp::from_millis(millis).unwrap_or(placed.updated_at), ..moved(&placed, Paid) }
    };
    let words = at_once(50, |number| {
        let (fixture, before, after) = (fixture.clone(), placed.clone(), update(number));
        async move { fixture.update_order(&before, &after).await }
    });
    let words = words.await?;
    one_succeeded(&words, "VersionConflict")?;
    let winner = (0..).zip(&words).find(|(_, word)| *word == "Ok").map(|(number, _)| update(number));
    comes_back(&fixture, &user(1), &winner.ok_or("nobody won")?).await
}
