//! A cancellation gives the stock back, once; other moves touch none.

use super::shop::{moved, order, product};
use super::{Fixture, Outcome, came_to, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid, Shipped};
use crate::domain::Product;

pub(super) async fn cancelling_gives_the_stock_back(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let (first, second) = (product(1), product(2));
    fixture.given_products(&[first.clone(), second.clone()]).await?;
    let placed = order(1, &user(1), &[(&second, 7), (&first, 100)]);
    let paid = order(2, &user(1), &[(&second, 5)]);
    fixture.given_orders(&[placed.clone(), paid.clone()]).await?;
    let cancelled = fixture.given_moved(&placed, Cancelled).await?;
    same("the order", fixture.find_order(placed.id).await?, Some(cancelled))?;
    fixture.taken(&first, 0, 2).await?;
    fixture.taken(&second, 5, 3).await?;
    for status in [Cancelled, Paid] {
        let again = moved(&placed, status);
        came_to("another version", fixture.update_order(&placed, &again).await, "VersionConflict")?;
    }
    let paid = fixture.given_moved(&paid, Paid).await?;
    fixture.given_moved(&paid, Cancelled).await?;
    fixture.taken(&first, 0, 2).await?;
    fixture.taken(&second, 0, 4).await?;
    // What came back can be ordered again.
    came_to("all of it", fixture.place(&order(3, &user(1), &[(&first, 100)])).await, "Ok")?;
    fixture.balanced(&first, &[user(1)]).await?;
    fixture.balanced(&second, &[user(1)]).await
}

pub(super) async fn cancelling_gives_back_to_the_products_that_are_left(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let products = [product(1), product(2), product(3)];
    let [first, gone, third] = &products;
    fixture.given_products(&products).await?;
    let placed = order(1, &user(1), &[(first, 1), (gone, 2), (third, 3)]);
    let alone = order(2, &user(1), &[(gone, 4)]);
    fixture.given_orders(&[placed.clone(), alone.clone()]).await?;
    came_to("delete", fixture.delete_product(gone.id, 3).await, "Ok")?;
    let cancelled = [fixture.given_moved(&placed, Cancelled).await?, fixture.given_moved(&alone, Cancelled).await?];
    fixture.taken(first, 0, 2).await?;
    fixture.taken(third, 0, 2).await?;
    same("the product that is gone", fixture.find_product(gone.id).await?, None)?;
    same("products", fixture.all_products().await?.len(), 2)?;
    same("orders", fixture.orders_of(&user(1)).await?, cancelled.to_vec())?;
    // It has left nothing behind: its SKU is free.
    came_to("its SKU", fixture.insert_product(&Product { sku: gone.sku.clone(), ..product(4) }).await, "Ok")
}

pub(super) async fn stock_that_comes_back_may_exceed_what_an_admin_may_set(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let placed = order(1, &user(1), &[(&product(1), 100)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let full = Product { stock: 1_000_000, version: 3, ..product(1) };
    came_to("update", fixture.update_product(&full, 2).await, "Ok")?;
    fixture.given_moved(&placed, Cancelled).await?;
    fixture.taken(&full, -100, 1).await
}

pub(super) async fn paying_and_shipping_touch_no_stock(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let placed = order(1, &user(1), &[(&product(1), 3)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let paid = fixture.given_moved(&placed, Paid).await?;
    fixture.taken(&product(1), 3, 1).await?;
    fixture.given_moved(&paid, Shipped).await?;
    fixture.taken(&product(1), 3, 1).await
}
