//! Unique SKUs, compare-and-swap of products, and what is left after a refusal.

use super::shop::{attributes_of, product};
use super::{Fixture, Outcome, at_once, came_to, one_succeeded, same};
use crate::domain::{AttributeValue, Attributes, Product, Timestamp};

/// The product as an admin's change leaves it: with the next version.
fn replaced(product: &Product, change: impl FnOnce(&mut Product)) -> Product {
    let mut product = product.clone();
    product.version += 1;
    change(&mut product);
    product
}

pub(super) async fn insert_refuses_a_taken_sku(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    let second = Product { sku: product(1).sku, ..product(2) };
    came_to("insert", fixture.insert_product(&second).await, "SkuTaken")?;
    same("all", fixture.all_products().await?, vec![product(1)])?;
    same("by id", fixture.find_product(product(2).id).await?, None)?;
    came_to("the same with its own", fixture.insert_product(&product(2)).await, "Ok")
}

pub(super) async fn insert_refuses_the_same_product_again(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    came_to("the same product", fixture.insert_product(&product(1)).await, "SkuTaken")?;
    // Demo data is inserted again at each start, also of a product that has another SKU by now.
    let moved = Product { sku: "MOVED".to_owned(), stock: 1, ..product(1) };
    came_to("the same id", fixture.insert_product(&moved).await, "SkuTaken")?;
    same("all", fixture.all_products().await?, vec![product(1)])?;
    // The SKU that was refused is nobody's.
    came_to("another product", fixture.insert_product(&Product { sku: moved.sku, ..product(2) }).await, "Ok")
}

pub(super) async fn of_50_inserts_of_one_sku_one_succeeds(fixture: Fixture) -> Outcome {
    let words = at_once(50, |number| {
        let fixture = fixture.clone();
        async move { fixture.insert_product(&Product { sku: "WANTED".to_owned(), ..product(number) }).await }
    });
    one_succeeded(&words.await?, "SkuTaken")?;
    same("how many are there", fixture.all_products().await?.len(), 1)
}

pub(super) async fn update_writes_every_field_of_a_product(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1), product(2)]).await?;
    let after = Product {
        id: product(1).id,
        sku: "ANOTHER".to_owned(),
        name: "Another".to_owned(),
        category: "Toys".to_owned(),
        price_cents: 0,
        stock: 0,
        attributes: attributes_of([("size", AttributeValue::Text("XL".to_owned()))]),
        version: 2,
        created_at: Timestamp::from_millis(1).ok_or("no such time")?,
        updated_at: Timestamp::from_millis(2).ok_or("no such time")?,
    };
    came_to("update", fixture.update_product(&after, 1).await, "Ok")?;
    same("by id", fixture.find_product(after.id).await?, Some(after.clone()))?;
    same("by ids", fixture.find_products(&[after.id]).await?, vec![after.clone()])?;
    same("of the new category", fixture.list_products(Some("Toys"), None, 10).await?, vec![after.clone()])?;
    same("of the old category", fixture.list_products(Some("Tools"), None, 10).await?, vec![product(2)])?;
    let bare = replaced(&after, |product| product.attributes = Attributes::default());
    came_to("update", fixture.update_product(&bare, 2).await, "Ok")?;
    same("all", fixture.all_products().await?, vec![bare, product(2)])
}

pub(super) async fn update_of_a_product_with_another_version_changes_nothing(fixture: Fixture) -> Outcome {
    let stored = Product { version: 5, ..product(1) };
    fixture.given_products(std::slice::from_ref(&stored)).await?;
    let after = replaced(&stored, |product| "ANOTHER".clone_into(&mut product.sku));
    for expected_version in [4, 6, 0, -1, i64::MAX] {
        came_to("update", fixture.update_product(&after, expected_version).await, "VersionConflict")?;
    }
    same("all", fixture.all_products().await?, vec![stored])?;
    came_to("the SKU refused", fixture.insert_product(&Product { sku: after.sku, ..product(2) }).await, "Ok")
}

pub(super) async fn update_of_an_unknown_product_is_a_conflict(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    came_to("update", fixture.update_product(&product(2), 1).await, "VersionConflict")?;
    same("all", fixture.all_products().await?, vec![product(1)])
}

pub(super) async fn of_50_updates_of_one_version_of_a_product_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    let update = |number: u64| {
        replaced(&product(1), |product| {
            product.sku = format!("CHANGE-{number}");
            product.category = format!("Change {number}");
        })
    };
    let words = at_once(50, |number| {
        let fixture = fixture.clone();
        async move { fixture.update_product(&update(number), 1).await }
    });
    let words = words.await?;
    one_succeeded(&words, "VersionConflict")?;
    let winner = (0..).zip(&words).find(|(_, word)| *word == "Ok").map(|(number, _)| update(number));
    let winner = winner.ok_or("nobody won")?;
    same("by id", fixture.find_product(product(1).id).await?, Some(winner.clone()))?;
    same("of its category", fixture.list_products(Some(&winner.category), None, 10).await?, vec![winner.clone()])?;
    same("all", fixture.all_products().await?, vec![winner])
}

pub(super) async fn update_refuses_a_taken_sku(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1), product(2)]).await?;
    let after = replaced(&product(2), |second| second.sku = product(1).sku);
    came_to("update", fixture.update_product(&after, 1).await, "SkuTaken")?;
    same("all", fixture.all_products().await?, vec![product(1), product(2)])?;
    // Its own is still its own.
    let third = Product { sku: product(2).sku, ..product(3) };
    came_to("insert", fixture.insert_product(&third).await, "SkuTaken")
}

pub(super) async fn update_keeps_its_own_sku(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1), product(2)]).await?;
    let after = replaced(&product(1), |product| product.price_cents = 5);
    came_to("update", fixture.update_product(&after, 1).await, "Ok")?;
    let third = Product { sku: product(1).sku, ..product(3) };
    came_to("insert", fixture.insert_product(&third).await, "SkuTaken")?;
    same("all", fixture.all_products().await?, vec![after, product(2)])
}

pub(super) async fn update_gives_the_old_sku_free(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    let after = replaced(&product(1), |product| "NEW".clone_into(&mut product.sku));
    came_to("update", fixture.update_product(&after, 1).await, "Ok")?;
    let second = Product { sku: product(1).sku, ..product(2) };
    came_to("insert", fixture.insert_product(&second).await, "Ok")?;
    same("all", fixture.all_products().await?, vec![after, second])
}

pub(super) async fn of_20_products_that_take_one_sku_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..20).map(product).collect::<Vec<_>>()).await?;
    let words = at_once(20, |number| {
        let fixture = fixture.clone();
        let after = replaced(&product(number), |product| "WANTED".clone_into(&mut product.sku));
        async move { fixture.update_product(&after, 1).await }
    });
    one_succeeded(&words.await?, "SkuTaken")?;
    let changed = fixture.all_products().await?.into_iter().filter(|product| product.version == 2);
    same("those changed", changed.map(|product| product.sku).collect(), vec!["WANTED".to_owned()])
}

pub(super) async fn delete_removes_the_product_and_gives_its_sku_free(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1), product(2)]).await?;
    came_to("delete", fixture.delete_product(product(1).id, 1).await, "Ok")?;
    same("by id", fixture.find_product(product(1).id).await?, None)?;
    same("by ids", fixture.find_products(&[product(1).id, product(2).id]).await?, vec![product(2)])?;
    same("of the category", fixture.list_products(Some("Tools"), None, 10).await?, vec![product(2)])?;
    same("all", fixture.all_products().await?, vec![product(2)])?;
    came_to("insert", fixture.insert_product(&Product { sku: product(1).sku, ..product(3) }).await, "Ok")
}

pub(super) async fn delete_of_a_product_with_another_version_changes_nothing(fixture: Fixture) -> Outcome {
    let stored = Product { version: 5, ..product(1) };
    fixture.given_products(std::slice::from_ref(&stored)).await?;
    for expected_version in [4, 6, 0] {
        came_to("delete", fixture.delete_product(stored.id, expected_version).await, "VersionConflict")?;
    }
    same("all", fixture.all_products().await?, vec![stored])?;
    came_to("its SKU", fixture.insert_product(&Product { sku: product(1).sku, ..product(2) }).await, "SkuTaken")
}

pub(super) async fn delete_of_an_unknown_product_is_a_conflict(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1)]).await?;
    came_to("delete", fixture.delete_product(product(2).id, 1).await, "VersionConflict")?;
    same("all", fixture.all_products().await?, vec![product(1)])
}

pub(super) async fn of_50_deletes_of_one_product_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given_products(&[product(1), product(2)]).await?;
    let words = at_once(50, |_| {
        let fixture = fixture.clone();
        async move { fixture.delete_product(product(1).id, 1).await }
    });
    one_succeeded(&words.await?, "VersionConflict")?;
    same("all", fixture.all_products().await?, vec![product(2)])
}

pub(super) async fn of_an_update_and_a_delete_of_a_product_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    for round in 0..20 {
        fixture.given_products(&[product(round)]).await?;
        let after = replaced(&product(round), |product| product.sku = format!("ANOTHER-{round}"));
        let words = at_once(2, |number| {
            let (fixture, after) = (fixture.clone(), after.clone());
            async move {
                if number == 0 {
                    fixture.update_product(&after, 1).await
                } else {
                    fixture.delete_product(after.id, 1).await
                }
            }
        });
        let words = words.await?;
        one_succeeded(&words, "VersionConflict")?;
        let updated = words.first().is_some_and(|word| word == "Ok");
        same("what is left", fixture.find_product(after.id).await?, updated.then_some(after.clone()))?;
        // The SKUs are taken, or free, as the product is there or not.
        let second = Product { sku: product(round).sku, ..product(100 + round) };
        came_to("its old SKU", fixture.insert_product(&second).await, "Ok")?;
        let third = Product { sku: after.sku, ..product(200 + round) };
        came_to("its new SKU", fixture.insert_product(&third).await, if updated { "SkuTaken" } else { "Ok" })?;
    }
    Ok(())
}
