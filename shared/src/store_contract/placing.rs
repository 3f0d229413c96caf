//! An order takes its stock and its key, all of it or nothing, and no order is nobody's.

use super::shop::{keyed, order, out_of_stock, product};
use super::{Fixture, Outcome, admin, came_to, changed, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid};
use crate::domain::Product;

pub(super) async fn placing_takes_the_stock_of_each_line(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let products: Vec<_> = (0..25).map(product).collect();
    fixture.given_products(&products).await?;
    let twenty: Vec<_> = products.iter().take(20).zip(1..).collect();
    let backwards: Vec<_> = twenty.iter().rev().copied().collect();
    fixture.given_orders(&[order(1, &user(1), &twenty), order(2, &user(1), &backwards)]).await?;
    // Twice the quantity, with two changes; `updated_at` is when an admin last replaced it, and stays.
    for (product, quantity) in twenty {
        fixture.taken(product, 2 * quantity, 2).await?;
    }
    same("the others", fixture.all_products().await?.split_off(20), products.into_iter().skip(20).collect())
}

pub(super) async fn placing_takes_the_last_unit_and_no_more(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let (last, thousand) = (Product { stock: 1, ..product(1) }, Product { stock: 1_000_000, ..product(2) });
    fixture.given_products(&[last.clone(), thousand.clone()]).await?;
    let first = order(1, &user(1), &[(&last, 1), (&thousand, 1_000)]);
    came_to("the last one", fixture.place(&first).await, "Ok")?;
    let second = order(2, &user(1), &[(&thousand, 1_000), (&last, 1)]);
    came_to("one more", fixture.place(&second).await, &out_of_stock(&[(&last, Some(0))]))?;
    fixture.taken(&last, 1, 1).await?;
    fixture.taken(&thousand, 1_000, 1).await?;
    same("orders", fixture.orders_of(&user(1)).await?, vec![first])
}

pub(super) async fn placing_tells_all_shortages_and_takes_nothing(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let [enough, none, few, last] =
        [(1, 10), (2, 0), (3, 2), (4, 7)].map(|(number, stock)| Product { stock, ..product(number) });
    let given = [enough.clone(), none.clone(), few.clone(), last.clone()];
    fixture.given_products(&given).await?;
    let unknown = product(9);
    let lines = [(&enough, 10), (&unknown, 1), (&last, 8), (&none, 1), (&few, 3)];
    let refused = order(1, &user(1), &lines);
    let shortages = [(&none, Some(0)), (&few, Some(2)), (&last, Some(7)), (&unknown, None)];
    came_to("place", fixture.place(&refused).await, &out_of_stock(&shortages))?;
    let alone = order(2, &user(1), &[(&unknown, 1)]);
    came_to("only an unknown one", fixture.place(&alone).await, &out_of_stock(&[(&unknown, None)]))?;
    let much = order(3, &user(1), &[(&enough, 11)]);
    came_to("only too many", fixture.place(&much).await, &out_of_stock(&[(&enough, Some(10))]))?;
    same("products", fixture.all_products().await?, given.to_vec())?;
    for refused in [refused, alone, much] {
        same("by id", fixture.find_order(refused.id).await?, None)?;
    }
    same("orders", fixture.orders_of(&user(1)).await?, vec![])?;
    same("sales", fixture.sales(None, None).await?, vec![])?;
    // Nothing holds the user back either.
    came_to("delete", fixture.delete(user(1).id, 1).await, "Ok")
}

pub(super) async fn a_refused_placing_leaves_its_key_free(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let few = Product { stock: 1, ..product(1) };
    fixture.given_products(std::slice::from_ref(&few)).await?;
    let refused = keyed(order(1, &user(1), &[(&few, 2)]), "key");
    came_to("too many", fixture.place(&refused).await, &out_of_stock(&[(&few, Some(1))]))?;
    same("by key", fixture.find_by_key(&user(1), "key").await?, None)?;
    let placed = keyed(order(2, &user(1), &[(&few, 1)]), "key");
    came_to("one", fixture.place(&placed).await, "Ok")?;
    same("by key", fixture.find_by_key(&user(1), "key").await?, Some(placed))?;
    // The id of the order that was refused is free as well: a client may wait for stock and try again.
    let more = Product { stock: 10, version: 3, ..few };
    came_to("more stock", fixture.update_product(&more, 2).await, "Ok")?;
    came_to("again", fixture.place(&keyed(refused, "another")).await, "Ok")
}

pub(super) async fn nobody_places_no_order(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    fixture.given_products(&[product(1)]).await?;
    came_to("delete", fixture.delete(user(2).id, 1).await, "Ok")?;
    for nobody in [user(2), user(3)] {
        let refused = keyed(order(1, &nobody, &[(&product(1), 1)]), "key");
        came_to("place", fixture.place(&refused).await, "CustomerGone")?;
        same("by id", fixture.find_order(refused.id).await?, None)?;
        same("by key", fixture.find_by_key(&nobody, "key").await?, None)?;
        same("orders", fixture.orders_of(&nobody).await?, vec![])?;
    }
    fixture.taken(&product(1), 0, 0).await?;
    came_to("somebody", fixture.place(&order(1, &user(1), &[(&product(1), 1)])).await, "Ok")
}

pub(super) async fn a_key_is_used_once_by_a_customer(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let of = |number, customer: u64, key: &str| keyed(order(number, &user(customer), &[(&product(1), 1)]), key);
    let first = of(1, 1, "key");
    fixture.given_orders(std::slice::from_ref(&first)).await?;
    came_to("the same key", fixture.place(&of(2, 1, "key")).await, "KeyTaken")?;
    same("what was refused", fixture.find_order(of(2, 1, "key").id).await?, None)?;
    fixture.taken(&product(1), 1, 1).await?;
    // Keys are compared by their bytes, and each customer has keys of its own.
    for (number, customer, key) in [(3, 1, "KEY"), (4, 1, "ke"), (5, 1, "key%"), (6, 1, "k_y"), (7, 2, "key")] {
        came_to(key, fixture.place(&of(number, customer, key)).await, "Ok")?;
    }
    same("by key", fixture.find_by_key(&user(1), "key").await?, Some(first.clone()))?;
    same("by key", fixture.find_by_key(&user(2), "key").await?, Some(of(7, 2, "key")))?;
    // A key is used up for as long as the order is there, which is for ever.
    fixture.given_moved(&first, Cancelled).await?;
    came_to("after cancelling", fixture.place(&of(8, 1, "key")).await, "KeyTaken")?;
    fixture.taken(&product(1), 5, 7).await
}

pub(super) async fn the_same_order_is_placed_once(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let (bare, named) =
        (order(1, &user(1), &[(&product(1), 1)]), keyed(order(2, &user(1), &[(&product(1), 2)]), "key"));
    fixture.given_orders(&[bare.clone(), named.clone()]).await?;
    // A store that lost the answer to its own request may have to ask again.
    came_to("without a key", fixture.place(&bare).await, "KeyTaken")?;
    came_to("with a key", fixture.place(&named).await, "KeyTaken")?;
    came_to("with another key", fixture.place(&keyed(named.clone(), "another")).await, "KeyTaken")?;
    same("by the key refused", fixture.find_by_key(&user(1), "another").await?, None)?;
    fixture.taken(&product(1), 3, 2).await?;
    same("orders", fixture.orders_of(&user(1)).await?, vec![bare, named])
}

pub(super) async fn orders_without_a_key_are_many(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let orders = [(1, 1), (2, 1), (3, 2), (4, 1)].map(|(number, by)| order(number, &user(by), &[(&product(1), 1)]));
    fixture.given_orders(&orders).await?;
    fixture.taken(&product(1), 4, 4).await?;
    same("by a key", fixture.find_by_key(&user(1), "key").await?, None)
}

pub(super) async fn an_order_outlives_its_products(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1), product(2)]).await?;
    let placed = keyed(order(1, &user(1), &[(&product(1), 1), (&product(2), 2)]), "key");
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    came_to("the version before", fixture.delete_product(product(1).id, 1).await, "VersionConflict")?;
    came_to("delete", fixture.delete_product(product(1).id, 2).await, "Ok")?;
    let renamed = Product { name: "Another".to_owned(), price_cents: 1, version: 3, ..product(2) };
    came_to("update", fixture.update_product(&renamed, 2).await, "Ok")?;
    same("by id", fixture.find_order(placed.id).await?, Some(placed.clone()))?;
    same("by key", fixture.find_by_key(&user(1), "key").await?, Some(placed.clone()))?;
    same("orders", fixture.orders_of(&user(1)).await?, vec![placed])
}

pub(super) async fn a_user_with_an_order_is_not_deleted(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let placed = order(1, &user(1), &[(&product(1), 1)]);
    fixture.given_orders(std::slice::from_ref(&placed)).await?;
    let check = async |status| {
        came_to(status, fixture.delete(user(1).id, 1).await, "HasOrders")?;
        same("the user", fixture.find(user(1).id).await?, Some(user(1)))
    };
    check("pending").await?;
    let paid = fixture.given_moved(&placed, Paid).await?;
    check("paid").await?;
    let cancelled = fixture.given_moved(&paid, Cancelled).await?;
    check("cancelled").await?;
    came_to("delete of the product", fixture.delete_product(product(1).id, 3).await, "Ok")?;
    check("without its product").await?;
    same("the order", fixture.find_order(placed.id).await?, Some(cancelled))?;
    came_to("a user without orders", fixture.delete(user(2).id, 1).await, "Ok")?;
    same("all", fixture.all().await?, vec![user(1)])
}

pub(super) async fn a_user_with_orders_is_told_so_last(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    fixture.given_orders(&[order(1, &admin(1), &[(&product(1), 1)])]).await?;
    came_to("another version", fixture.delete(admin(1).id, 2).await, "VersionConflict")?;
    came_to("the last admin", fixture.delete(admin(1).id, 1).await, "LastAdmin")?;
    fixture.given(&[admin(2)]).await?;
    came_to("another version", fixture.delete(admin(1).id, 2).await, "VersionConflict")?;
    came_to("one of two admins", fixture.delete(admin(1).id, 1).await, "HasOrders")?;
    same("all", fixture.all().await?, vec![admin(1), admin(2)])?;
    // The one that was not deleted still counts as an admin.
    came_to("the other", fixture.delete(admin(2).id, 1).await, "Ok")?;
    came_to("the last admin", fixture.delete(admin(1).id, 1).await, "LastAdmin")
}

pub(super) async fn placing_changes_no_user(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    fixture.given_orders(&[order(1, &user(1), &[(&product(1), 1)])]).await?;
    same("the user", fixture.find(user(1).id).await?, Some(user(1)))?;
    let renamed = changed(&user(1), |user| "Another".clone_into(&mut user.name));
    came_to("update", fixture.update(&renamed, 1).await, "Ok")?;
    // An update keeps what holds the user back.
    came_to("delete", fixture.delete(user(1).id, 2).await, "HasOrders")?;
    fixture.given_orders(&[order(2, &renamed, &[(&product(1), 1)])]).await?;
    same("all", fixture.all().await?, vec![renamed])
}
