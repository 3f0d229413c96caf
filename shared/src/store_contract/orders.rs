//! Orders that are read are those that were placed, with the customer's name of today, in the order that a listing promises.

use super::shop::{keyed, moved, order, product};
use super::{Fixture, Outcome, at_once, came_to, changed, same, user};
use crate::domain::OrderStatus::{Cancelled, Paid, Pending, Shipped};
use crate::domain::{Customer, Order, OrderId, OrderStatus, Product, Timestamp, User};

/// Users 1 and 2, and a product of which there is enough for all.
pub(super) async fn given_shop(fixture: &Fixture) -> Result<Product, String> {
    let product = Product { stock: 1_000_000, ..product(1) };
    fixture.given(&[user(1), user(2)]).await?;
    fixture.given_products(std::slice::from_ref(&product)).await?;
    Ok(product)
}

/// The order is read in each way there is.
pub(super) async fn comes_back(fixture: &Fixture, customer: &User, order: &Order) -> Outcome {
    same("by id", fixture.find_order(order.id).await?, Some(order.clone()))?;
    let listed = fixture.list_orders(customer.id, None, None, 1_000).await?;
    same("listed", listed.into_iter().find(|listed| listed.id == order.id), Some(order.clone()))?;
    let listed = fixture.list_orders(customer.id, Some(order.status), None, 1_000).await?;
    same("by status", listed.into_iter().find(|listed| listed.id == order.id), Some(order.clone()))?;
    match &order.idempotency_key {
        Some(key) => same("by key", fixture.find_by_key(customer, key).await?, Some(order.clone())),
        None => Ok(()),
    }
}

pub(super) async fn an_empty_store_has_no_orders(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    for nobody in [user(1), user(2)] {
        same("all", fixture.orders_of(&nobody).await?, vec![])?;
        same("paid", fixture.list_orders(nobody.id, Some(Paid), None, 10).await?, vec![])?;
        same("by key", fixture.find_by_key(&nobody, "key").await?, None)?;
    }
    same("by id", fixture.find_order(OrderId::from_bytes([7; 16])).await?, None)
}

pub(super) async fn orders_come_back_as_they_were_placed(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let of = |number: u64| Product {
        category: format!("Category {}", number % 3),
        price_cents: 99 + 1_000 * i64::try_from(number).unwrap_or_default(),
        ..product(number)
    };
    let products: Vec<_> = (0..20).map(of).collect();
    fixture.given_products(&products).await?;
    // 7 and 20 have no divisor in common: each product once, in no order.
    let shuffled = (0..20).filter_map(|place| products.get(place * 7 % 20)).zip((1..=4).cycle()).collect::<Vec<_>>();
    let twenty = order(1, &user(1), &shuffled);
    let many = keyed(order(2, &user(2), &shuffled.iter().map(|(line, _)| (*line, 13)).collect::<Vec<_>>()), "key");
    let one = order(3, &user(1), shuffled.get(..1).unwrap_or_default());
    fixture.given_orders(&[twenty.clone(), many.clone(), one.clone()]).await?;
    comes_back(&fixture, &user(1), &twenty).await?;
    comes_back(&fixture, &user(2), &many).await?;
    comes_back(&fixture, &user(1), &one).await
}

pub(super) async fn limits_of_orders_come_back_exactly(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let dear = |number: u64| Product { price_cents: 100_000_000, stock: 1_000_000, ..product(number) };
    let free = Product { price_cents: 0, stock: 1_000_000, ..product(20) };
    let products: Vec<_> = (0..20).map(dear).chain([free.clone()]).collect();
    fixture.given_products(&products).await?;
    let dearest: Vec<_> = products.iter().take(20).map(|product| (product, 1_000)).collect();
    let visible: String = ('!'..='~').collect();
    let keys = [visible.get(..64), visible.get(30..), Some("a"), Some("0"), Some("null")];
    let times = [0, 1, 999, 1_700_000_000_123, 253_402_300_799_999];
    for ((number, key), millis) in (1..).zip(keys).zip(times) {
        let created_at = Timestamp::from_millis(millis).ok_or("no such time")?;
        let lines = if number % 2 == 0 { vec![(&free, 1)] } else { dearest.clone() };
        let placed = Order { created_at, updated_at: created_at, ..order(number, &user(1), &lines) };
        let placed = keyed(placed, key.ok_or("no such key")?);
        fixture.given_orders(std::slice::from_ref(&placed)).await?;
        comes_back(&fixture, &user(1), &placed).await?;
        let updated_at = Timestamp::from_millis(millis + 1).unwrap_or(created_at);
        let paid = Order { updated_at, ..moved(&placed, Paid) };
        came_to("pay", fixture.update_order(&placed, &paid).await, "Ok")?;
        comes_back(&fixture, &user(1), &paid).await?;
    }
    Ok(())
}

pub(super) async fn texts_of_orders_come_back_exactly(fixture: Fixture) -> Outcome {
    let texts = [
        "O'Brien's".to_owned(),
        "Robert\"); DROP TABLE orders; --".to_owned(),
        "back\\slash %like_ $1 ? :name ${x} {{y}}".to_owned(),
        "{\"a\":[1,null]} ]] -- %s ARGV[1]".to_owned(),
        "e\u{301} is not \u{e9}".to_owned(),
        "\u{1f468}\u{200d}\u{1f469}\u{fe0f}\u{feff}\u{10ffff}\u{2028}".to_owned(),
        "\u{1d11e}".repeat(50),
        "null".to_owned(),
        "1e3".to_owned(),
    ];
    let of = |(number, text): (u64, String)| Product { name: text.clone(), category: text, ..product(number) };
    let products: Vec<_> = (1..).zip(texts).map(of).collect();
    fixture.given_products(&products).await?;
    let lines: Vec<_> = products.iter().map(|product| (product, 1)).collect();
    for (number, product) in (1..).zip(&products) {
        let customer = User { name: product.name.clone(), ..user(number) };
        fixture.given(std::slice::from_ref(&customer)).await?;
        let placed = order(number, &customer, &lines);
        fixture.given_orders(std::slice::from_ref(&placed)).await?;
        comes_back(&fixture, &customer, &placed).await?;
    }
    Ok(())
}

pub(super) async fn an_order_has_its_customers_name_of_today(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let placed = keyed(order(1, &user(1), &[(&product, 1)]), "key");
    let others = order(2, &user(2), &[(&product, 1)]);
    // Whatever name the order is placed with: the user's is told.
    let wrong = Customer { id: user(1).id, name: "Wrong".to_owned() };
    fixture.given_orders(&[Order { customer: wrong, ..placed.clone() }, others.clone()]).await?;
    comes_back(&fixture, &user(1), &placed).await?;
    let renamed = changed(&user(1), |user| "Another".clone_into(&mut user.name));
    came_to("rename", fixture.update(&renamed, 1).await, "Ok")?;
    let customer = Customer { id: renamed.id, name: "Another".to_owned() };
    let told = Order { customer, ..placed.clone() };
    comes_back(&fixture, &renamed, &told).await?;
    comes_back(&fixture, &user(2), &others).await?;
    // Neither does a move, with the order as it was read before, bring the old name back.
    fixture.given_moved(&placed, Paid).await?;
    comes_back(&fixture, &renamed, &moved(&told, Paid)).await
}

pub(super) async fn orders_of_a_customer_are_listed_in_the_order_of_ids(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let of = |number: u64| order(number, &user(1 + number % 2), &[(&product, 1)]);
    fixture.given_orders(&(0..30).map(|number| of(number * 7 % 30)).collect::<Vec<_>>()).await?;
    same("of the first", fixture.orders_of(&user(1)).await?, (0..30).step_by(2).map(of).collect())?;
    same("of the second", fixture.orders_of(&user(2)).await?, (1..30).step_by(2).map(of).collect())?;
    same("of nobody", fixture.orders_of(&user(3)).await?, vec![])
}

pub(super) async fn orders_are_listed_after_an_id_up_to_the_limit(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let of = |number: u64| order(number, &user(1 + number % 2), &[(&product, 1)]);
    fixture.given_orders(&(0..10).map(of).collect::<Vec<_>>()).await?;
    let check = async |after: Option<OrderId>, limit: u32, expected: &[u64]| {
        let expected: Vec<_> = expected.iter().map(|number| of(*number)).collect();
        same("all", fixture.list_orders(user(1).id, None, after, limit).await?, expected.clone())?;
        same("pending", fixture.list_orders(user(1).id, Some(Pending), after, limit).await?, expected)
    };
    for (limit, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (101, 5)] {
        check(None, limit, [0, 2, 4, 6, 8].get(..expected).unwrap_or_default()).await?;
    }
    check(Some(of(0).id), 2, &[2, 4]).await?;
    check(Some(of(4).id), 10, &[6, 8]).await?;
    // The id of a cursor may be another customer's, or never have been there.
    check(Some(of(5).id), 10, &[6, 8]).await?;
    check(Some(OrderId::from_bytes([0; 16])), 1, &[0]).await?;
    check(Some(of(8).id), 10, &[]).await?;
    check(Some(OrderId::from_bytes([0xff; 16])), 10, &[]).await
}

pub(super) async fn orders_are_listed_by_the_status_they_have_come_to(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let mut expected = Vec::new();
    for number in 0..12 {
        let placed = order(number, &user(1), &[(&product, 1)]);
        fixture.given_orders(std::slice::from_ref(&placed)).await?;
        expected.push(match number % 4 {
            0 => placed,
            1 => fixture.given_moved(&placed, Paid).await?,
            2 => fixture.given_moved(&fixture.given_moved(&placed, Paid).await?, Shipped).await?,
            _ => fixture.given_moved(&placed, Cancelled).await?,
        });
    }
    fixture.given_orders(&[order(20, &user(2), &[(&product, 1)])]).await?;
    same("all", fixture.orders_of(&user(1)).await?, expected.clone())?;
    for status in OrderStatus::ALL {
        let expected: Vec<_> = expected.iter().filter(|order| order.status == status).cloned().collect();
        let list = async |after, limit| fixture.list_orders(user(1).id, Some(status), after, limit).await;
        same(status.as_str(), list(None, 10).await?, expected.clone())?;
        same(status.as_str(), list(None, 2).await?, expected.iter().take(2).cloned().collect())?;
        let first = expected.first().map(|order| order.id);
        same(status.as_str(), list(first, 1).await?, expected.iter().skip(1).take(1).cloned().collect())?;
    }
    Ok(())
}

pub(super) async fn pages_of_orders_join_up_while_others_are_placed(fixture: Fixture) -> Outcome {
    let product = given_shop(&fixture).await?;
    let of = |number: u64| order(number, &user(1), &[(&product, 1)]);
    fixture.given_orders(&(0..30).map(|number| of(number * 2)).collect::<Vec<_>>()).await?;
    let writers = at_once(30, |number| {
        let (fixture, order) = (fixture.clone(), of(number * 2 + 1));
        async move { fixture.place(&order).await }
    });
    let reader = async {
        let mut listed: Vec<Order> = Vec::new();
        loop {
            let page = fixture.list_orders(user(1).id, None, listed.last().map(|order| order.id), 3).await?;
            if page.is_empty() {
                return Ok::<_, String>(listed);
            }
            listed.extend(page);
            tokio::task::yield_now().await;
        }
    };
    let (written, listed) = tokio::join!(writers, reader);
    same("writers", written?, vec!["Ok".to_owned(); 30])?;
    let listed = listed?;
    if !listed.is_sorted_by(|one, next| one.id < next.id) {
        return Err("an order was listed twice, or out of order".to_owned());
    }
    // Whole ones only: nobody sees an order without its lines.
    same(
        "what was listed",
        listed.iter().filter(|listed| (0..60).map(of).any(|order| order == **listed)).count(),
        listed.len(),
    )?;
    same(
        "orders that were there before",
        listed.iter().filter(|listed| (0..30).any(|number| of(number * 2).id == listed.id)).count(),
        30,
    )?;
    same("orders afterwards", fixture.orders_of(&user(1)).await?, (0..60).map(of).collect())
}
