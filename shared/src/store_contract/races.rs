//! An order is placed while its customer or its product changes or goes.

use super::shop::{order, out_of_stock, product};
use super::{Fixture, Outcome, at_once, came_to, changed, same, user};
use crate::domain::{Product, User};

pub(super) async fn of_deleting_a_user_and_placing_its_order_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    let mut taken = 0;
    for round in 1..=20 {
        let customer = user(round);
        fixture.given(std::slice::from_ref(&customer)).await?;
        let placed = order(round, &customer, &[(&product(1), 1)]);
        let words = at_once(2, |number| {
            let (fixture, customer, placed) = (fixture.clone(), customer.clone(), placed.clone());
            async move { if number == 0 { fixture.place(&placed).await } else { fixture.delete(customer.id, 1).await } }
        });
        let words = words.await?;
        let won = words.first().is_some_and(|word| word == "Ok");
        let expected = if won { ["Ok", "HasOrders"] } else { ["CustomerGone", "Ok"] };
        same("place and delete", words, expected.map(str::to_owned).to_vec())?;
        same("the user", fixture.find(customer.id).await?, won.then(|| customer.clone()))?;
        same("the order", fixture.find_order(placed.id).await?, won.then(|| placed.clone()))?;
        same("its orders", fixture.orders_of(&customer).await?, won.then_some(placed).into_iter().collect())?;
        taken += i64::from(won);
        fixture.taken(&product(1), taken, taken).await?;
    }
    Ok(())
}

pub(super) async fn renaming_a_user_and_placing_its_orders_at_once_succeed(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    for round in 0..10 {
        let before = User { version: 1 + i64::try_from(round).unwrap_or_default(), ..user(1) };
        let renamed = changed(&before, |user| user.name = format!("Name {round}"));
        let words = at_once(5, |number| {
            let (fixture, renamed) = (fixture.clone(), renamed.clone());
            let placed = order(round * 5 + number, &before, &[(&product(1), 1)]);
            async move {
                if number == 0 {
                    fixture.update(&renamed, renamed.version - 1).await
                } else {
                    fixture.place(&placed).await
                }
            }
        });
        same("all", words.await?, vec!["Ok".to_owned(); 5])?;
        same("the user", fixture.find(before.id).await?, Some(renamed.clone()))?;
        let names: Vec<_> = fixture.orders_of(&before).await?.into_iter().map(|order| order.customer.name).collect();
        same("the orders' names", names.iter().all(|name| *name == renamed.name), true)?;
    }
    fixture.taken(&product(1), 40, 40).await
}

pub(super) async fn of_deleting_a_product_and_placing_an_order_of_it_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(0)]).await?;
    let mut taken = 0;
    for round in 1..=20 {
        fixture.given_products(&[product(round)]).await?;
        let placed = order(round, &user(1), &[(&product(0), 1), (&product(round), 2)]);
        let words = at_once(2, |number| {
            let (fixture, placed) = (fixture.clone(), placed.clone());
            async move {
                if number == 0 {
                    fixture.place(&placed).await
                } else {
                    fixture.delete_product(product(round).id, 1).await
                }
            }
        });
        let words = words.await?;
        let won = words.first().is_some_and(|word| word == "Ok");
        let gone = out_of_stock(&[(&product(round), None)]);
        let expected = if won { ["Ok", "VersionConflict"] } else { [gone.as_str(), "Ok"] };
        same("place and delete", words, expected.map(str::to_owned).to_vec())?;
        let left = Product { stock: 98, version: 2, ..product(round) };
        same("the product", fixture.find_product(left.id).await?, won.then_some(left))?;
        same("the order", fixture.find_order(placed.id).await?, won.then_some(placed))?;
        taken += i64::from(won);
        fixture.taken(&product(0), taken, taken).await?;
    }
    Ok(())
}

/// An admin restocks while customers order: reads, adds, and writes if the version is still the same.
pub(super) async fn no_order_is_lost_in_an_update_of_its_product(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    let words = at_once(32, |number| {
        let (fixture, placed) = (fixture.clone(), order(number, &user(1), &[(&product(1), 2)]));
        async move {
            if number >= 2 {
                return fixture.place(&placed).await;
            }
            let mut words = Vec::new();
            for _ in 0..5 {
                words.push(restocked(&fixture).await.unwrap_or_else(|told| told));
            }
            words.into_iter().find(|word| word != "Ok").unwrap_or_else(|| "Ok".to_owned())
        }
    });
    same("all", words.await?, vec!["Ok".to_owned(); 32])?;
    let expected = Product { stock: 100 + 2 * 5 * 10 - 30 * 2, version: 1 + 10 + 30, ..product(1) };
    same("the product", fixture.find_product(product(1).id).await?, Some(expected))
}

/// Ten more of product 1, tried until nobody was faster: each try that fails is an order or an update that succeeded.
async fn restocked(fixture: &Fixture) -> Result<String, String> {
    for _ in 0..100 {
        let read = fixture.find_product(product(1).id).await?.ok_or("the product is gone")?;
        let after = Product { stock: read.stock + 10, version: read.version + 1, ..read.clone() };
        match fixture.update_product(&after, read.version).await {
            word if word == "VersionConflict" => {}
            word => return Ok(word),
        }
    }
    Err("a hundred conflicts, of forty writes".to_owned())
}

/// The price that an order was made with stands, whatever an admin does at the same time.
pub(super) async fn of_20_changes_of_price_none_changes_an_order(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    fixture.given_products(&[product(1)]).await?;
    for round in 0..20 {
        let read = fixture.find_product(product(1).id).await?.ok_or("the product is gone")?;
        let dearer = Product { price_cents: read.price_cents + 1, version: read.version + 1, ..read.clone() };
        let placed = order(round, &user(1), &[(&read, 1)]);
        let words = at_once(2, |number| {
            let (fixture, dearer, placed) = (fixture.clone(), dearer.clone(), placed.clone());
            async move {
                if number == 0 {
                    fixture.place(&placed).await
                } else {
                    fixture.update_product(&dearer, dearer.version - 1).await
                }
            }
        });
        let words = words.await?;
        came_to("place", words.first().cloned().unwrap_or_default(), "Ok")?;
        same("the order", fixture.find_order(placed.id).await?, Some(placed))?;
        // Whichever was first: an update that was late has changed nothing, one that was early was ordered of.
        let updated = words.get(1).is_some_and(|word| word == "Ok");
        let expected = if updated {
            Product { stock: dearer.stock - 1, version: dearer.version + 1, ..dearer }
        } else {
            Product { stock: read.stock - 1, version: read.version + 1, ..read }
        };
        same("the product", fixture.find_product(product(1).id).await?, Some(expected))?;
    }
    Ok(())
}
