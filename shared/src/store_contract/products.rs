//! Products are found and listed, in the order that a listing promises.

use super::shop::product;
use super::{Fixture, Outcome, at_once, same};
use crate::domain::{Product, ProductId};

pub(super) async fn an_empty_store_has_no_products(fixture: Fixture) -> Outcome {
    same("all", fixture.all_products().await?, vec![])?;
    same("of a category", fixture.list_products(Some("Tools"), None, 10).await?, vec![])?;
    same("by id", fixture.find_product(product(1).id).await?, None)?;
    same("by ids", fixture.find_products(&[product(1).id, product(2).id]).await?, vec![])
}

pub(super) async fn products_are_listed_in_the_order_of_ids(fixture: Fixture) -> Outcome {
    // 7 and 30 have no divisor in common: each number once, in no order.
    fixture.given_products(&(0..30).map(|number| product(number * 7 % 30)).collect::<Vec<_>>()).await?;
    same("all", fixture.all_products().await?, (0..30).map(product).collect())
}

pub(super) async fn products_are_listed_up_to_the_limit(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..5).map(product).collect::<Vec<_>>()).await?;
    for (limit, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (101, 5)] {
        let expected: Vec<_> = (0..expected).map(product).collect();
        same("all", fixture.list_products(None, None, limit).await?, expected.clone())?;
        same("of a category", fixture.list_products(Some("Tools"), None, limit).await?, expected)?;
    }
    Ok(())
}

pub(super) async fn products_are_listed_after_an_id(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..5).map(|number| product(number * 2)).collect::<Vec<_>>()).await?;
    let check = async |after: ProductId, limit: u32, expected: &[u64]| {
        let expected: Vec<_> = expected.iter().map(|number| product(*number)).collect();
        same("all", fixture.list_products(None, Some(after), limit).await?, expected.clone())?;
        same("of a category", fixture.list_products(Some("Tools"), Some(after), limit).await?, expected)
    };
    check(product(0).id, 2, &[2, 4]).await?;
    check(product(4).id, 10, &[6, 8]).await?;
    // The id of a cursor may have been deleted meanwhile, or never have been there.
    check(product(5).id, 10, &[6, 8]).await?;
    check(ProductId::from_bytes([0; 16]), 1, &[0]).await?;
    check(product(8).id, 10, &[]).await?;
    check(ProductId::from_bytes([0xff; 16]), 10, &[]).await
}

/// Each of these is a category of its own, also for a database that compares texts as people do.
pub(super) async fn products_are_listed_by_the_bytes_of_their_category(fixture: Fixture) -> Outcome {
    let longest = "\u{1f6e0}".repeat(50);
    let categories = [
        "Tools",
        "tools",
        "TOOLS",
        "T\u{f6}ols",
        "To\u{308}ols",
        "Tools\u{200b}",
        "Tools!",
        "Tool",
        "Too%",
        "Tool_",
        "%",
        "*",
        "Tools: a|b#c/d",
        "Tools'\"\\;--",
        "Stra\u{df}e",
        "Strasse",
        "\u{fb01}le",
        "file",
        "Tools and  toys",
        "Tools and toys",
        "0",
        "null",
        longest.as_str(),
    ];
    let of = |number: u64, category: &str| Product { category: category.to_owned(), ..product(number) };
    let products: Vec<_> = (0..).zip(categories).map(|(number, category)| of(number, category)).collect();
    let twins: Vec<_> = (100..).zip(categories).map(|(number, category)| of(number, category)).collect();
    fixture.given_products(&products).await?;
    fixture.given_products(&twins).await?;
    for (product, twin) in products.into_iter().zip(twins) {
        let category = Some(product.category.as_str());
        same(&product.category, fixture.list_products(category, None, 1).await?, vec![product.clone()])?;
        let after = Some(product.id);
        same(&product.category, fixture.list_products(category, after, 10).await?, vec![twin.clone()])?;
        same(&product.category, fixture.list_products(category, None, 10).await?, vec![product.clone(), twin])?;
    }
    for nothing in ["Too", "?", "Tools!!", "T.ols", "tOOLS"] {
        same(nothing, fixture.list_products(Some(nothing), None, 10).await?, vec![])?;
    }
    Ok(())
}

pub(super) async fn pages_of_products_join_up_while_others_insert(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..40).map(|number| product(number * 2)).collect::<Vec<_>>()).await?;
    let writers = at_once(40, |number| {
        let fixture = fixture.clone();
        async move { fixture.insert_product(&product(number * 2 + 1)).await }
    });
    let reader = async {
        let mut listed: Vec<Product> = Vec::new();
        loop {
            let page = fixture.list_products(Some("Tools"), listed.last().map(|product| product.id), 3).await?;
            if page.is_empty() {
                return Ok::<_, String>(listed);
            }
            listed.extend(page);
            tokio::task::yield_now().await;
        }
    };
    let (written, listed) = tokio::join!(writers, reader);
    same("writers", written?, vec!["Ok".to_owned(); 40])?;
    let listed = listed?;
    if !listed.is_sorted_by(|one, next| one.id < next.id) {
        return Err("a product was listed twice, or out of order".to_owned());
    }
    let there_before = (0..40).map(|number| product(number * 2)).filter(|product| listed.contains(product));
    same("products that were there before", there_before.count(), 40)?;
    same("products afterwards", fixture.all_products().await?, (0..80).map(product).collect())
}

pub(super) async fn products_are_found_by_their_ids(fixture: Fixture) -> Outcome {
    fixture.given_products(&(0..30).map(product).collect::<Vec<_>>()).await?;
    same("the first", fixture.find_product(product(0).id).await?, Some(product(0)))?;
    same("the last", fixture.find_product(product(29).id).await?, Some(product(29)))?;
    same("none", fixture.find_product(product(30).id).await?, None)?;
    let check = async |asked: &[u64], expected: &[u64]| {
        let ids: Vec<_> = asked.iter().map(|number| product(*number).id).collect();
        let expected = expected.iter().map(|number| product(*number)).collect();
        same(&format!("{asked:?}"), fixture.find_products(&ids).await?, expected)
    };
    check(&[], &[]).await?;
    check(&[7], &[7]).await?;
    check(&[99], &[]).await?;
    check(&[5, 99, 3, 98, 4], &[3, 4, 5]).await?;
    check(&(0..20).rev().collect::<Vec<_>>(), &(0..20).collect::<Vec<_>>()).await?;
    check(&(20..40).collect::<Vec<_>>(), &(20..30).collect::<Vec<_>>()).await
}
