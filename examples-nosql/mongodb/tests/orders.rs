//! Products, orders and reports as MongoDB keeps them: documents, plans, commands, and transactions that meet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fixtures;

use fixtures::{
    TestDatabase, admin, balances, context, documents, given, moved, order, orders_of, product, sent, somebody, traced,
    with_key, word,
};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use shared::context::RequestContext;
use shared::domain::{AttributeValue, Attributes, Number, Order, OrderId, OrderStatus, Product, Timestamp, User};
use shared::repository::{OrderQuery, ProductQuery, Repositories, SalesQuery, Shortage, StoreError};
use std::collections::BTreeMap;

fn uuid(bytes: &[u8; 16]) -> Bson {
    Binary { subtype: BinarySubtype::Uuid, bytes: bytes.to_vec() }.into()
}

fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}

#[tokio::test]
async fn a_product_and_an_order_are_one_document_each() {
    let database = TestDatabase::new();
    let (store, raw, customer) = (database.open().await, database.raw().await, somebody(1));
    let attributes = [
        ("colour", AttributeValue::Text("red".into())),
        ("size", AttributeValue::Number(Number::new(3.0))),
        ("washable", AttributeValue::Flag(true)),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    let lamp = Product { attributes: Attributes(BTreeMap::from(attributes)), ..product("LAMP-1", 20) };
    given(&store, &customer, &[&lamp]).await;
    let expected = doc! {
        "_id": uuid(lamp.id.as_bytes()),
        "sku": "LAMP-1",
        "name": "Product LAMP-1",
        "category": "Things",
        "priceCents": 250_i64,
        "stock": 20_i64,
        "attributes": { "colour": "red", "size": 3.0, "washable": true },
        "version": 1_i64,
        "createdAt": date(lamp.created_at),
        "updatedAt": date(lamp.updated_at),
    };
    assert_eq!(documents(&raw, "products").await, std::slice::from_ref(&expected));
    assert!(!documents(&raw, "users").await[0].contains_key("hasOrders"));

    let order = with_key("key", order(&customer, &[(&lamp, 12)]));
    store.orders.place(&context(), &order).await.unwrap();
    let line = doc! {
        "productId": uuid(lamp.id.as_bytes()),
        "name": "Product LAMP-1",
        "category": "Things",
        "unitPriceCents": 250_i64,
        "quantity": 12_i64,
        "totalCents": 3_000_i64,
        "revenueCents": 2_700_i64,
    };
    let kept = doc! {
        "_id": uuid(order.id.as_bytes()),
        "customerId": uuid(customer.id.as_bytes()),
        "status": "pending",
        "lines": [line],
        "subtotalCents": 3_000_i64,
        "discountCents": 300_i64,
        "totalCents": 2_700_i64,
        "idempotencyKey": "key",
        "version": 1_i64,
        "createdAt": date(order.created_at),
        "updatedAt": date(order.updated_at),
    };
    assert_eq!(documents(&raw, "orders").await, [kept]);
    let taken = Document::from_iter(expected.into_iter().map(|(field, value)| match field.as_str() {
        "stock" => (field, Bson::Int64(8)),
        "version" => (field, Bson::Int64(2)),
        _ => (field, value),
    }));
    assert_eq!(documents(&raw, "products").await, [taken]);
    assert_eq!(documents(&raw, "users").await[0].get("hasOrders"), Some(&Bson::Boolean(true)));

    // A change of the user keeps what says that there are orders.
    let renamed = User { name: "Another".into(), version: 2, ..customer.clone() };
    store.users.update(&context(), &renamed, 1).await.unwrap();
    assert_eq!(word(store.users.delete(&context(), customer.id, 2).await), "HasOrders");
    assert_eq!(orders_of(&store, &customer).await[0].customer.name, "Another");
}

#[tokio::test]
async fn each_listing_is_a_range_of_an_index() {
    let database = TestDatabase::new();
    let (store, raw, customer) = (database.open().await, database.raw().await, somebody(1));
    let products: Vec<_> = (0..30).map(|number| product(&format!("P-{number}"), 100)).collect();
    given(&store, &customer, &products.iter().collect::<Vec<_>>()).await;
    let mut orders = Vec::new();
    for product in &products {
        let order = with_key(&product.sku, order(&customer, &[(product, 1)]));
        store.orders.place(&context(), &order).await.unwrap();
        store.orders.update(&context(), &order, &moved(&order, OrderStatus::Paid)).await.unwrap();
        orders.push(order);
    }
    raw.run_command(doc! { "profile": 2 }).await.unwrap();
    let of_category = ProductQuery { category: Some("Things".into()), after: Some(products[9].id), limit: 5 };
    assert_eq!(store.products.list(&context(), &of_category).await.unwrap().len(), 5);
    let of_any = ProductQuery { category: None, ..of_category };
    assert_eq!(store.products.list(&context(), &of_any).await.unwrap().len(), 5);
    let paid =
        OrderQuery { customer: customer.id, status: Some(OrderStatus::Paid), after: Some(orders[9].id), limit: 5 };
    assert_eq!(store.orders.list(&context(), &paid).await.unwrap().len(), 5);
    assert_eq!(store.orders.list(&context(), &OrderQuery { status: None, ..paid }).await.unwrap().len(), 5);
    store.orders.find(&context(), orders[20].id).await.unwrap().unwrap();
    store.orders.find_by_key(&context(), customer.id, "P-20").await.unwrap().unwrap();
    let day = orders[0].created_at.day();
    let query = SalesQuery { from: Some(day), to: Some(day) };
    assert_eq!(store.reports.sales(&context(), &query).await.unwrap()[0].orders, 30);
    raw.run_command(doc! { "profile": 0 }).await.unwrap();

    let profile = raw.collection::<Document>("system.profile");
    let of_ours = doc! { "$or": [{ "command.find": "products" }, { "command.aggregate": "orders" }] };
    let profile: Vec<Document> =
        profile.find(of_ours).sort(doc! { "ts": 1 }).await.unwrap().try_collect().await.unwrap();
    let plans: Vec<_> = profile.iter().map(|entry| entry.get_str("planSummary").unwrap()).collect();
    let expected = [
        "IXSCAN { category: 1, _id: 1 }",
        "IXSCAN { _id: 1 }",
        "IXSCAN { customerId: 1, status: 1, _id: 1 }",
        "IXSCAN { customerId: 1, _id: 1 }",
        "IXSCAN { _id: 1 }",
        "IXSCAN { customerId: 1, idempotencyKey: 1 }",
        "IXSCAN { status: 1, createdAt: 1 }",
    ];
    assert_eq!(plans, expected);
    let examined: Vec<_> = profile.iter().map(|entry| entry.get_i32("docsExamined").unwrap()).collect();
    // Of orders, each with its customer.
    assert_eq!(examined, [5, 5, 10, 10, 2, 2, 30], "no document is looked at in vain");
    let is_sorted = |entry: &Document| entry.get_bool("hasSortStage").unwrap_or(false);
    assert!(!profile[..4].iter().any(is_sorted), "the index has the order of a page");
}

#[tokio::test]
async fn a_call_takes_as_many_round_trips_as_are_told() {
    let database = TestDatabase::new();
    let (store, customer) = (database.open().await, somebody(1));
    let products: Vec<_> = (0..150).map(|number| product(&format!("P-{number}"), 100)).collect();
    given(&store, &customer, &products.iter().collect::<Vec<_>>()).await;
    let listing = ProductQuery { category: None, after: None, limit: 1_000 };
    let calls = traced();
    assert_eq!(store.products.list(&calls, &listing).await.unwrap().len(), 150);
    let ids: Vec<_> = products[..20].iter().map(|product| product.id).collect();
    assert_eq!(store.products.find_many(&calls, &ids).await.unwrap().len(), 20);
    store.products.find(&calls, products[0].id).await.unwrap().unwrap();
    let dearer = Product { price_cents: 300, version: 2, ..products[140].clone() };
    store.products.update(&calls, &dearer, 1).await.unwrap();
    assert_eq!(word(store.products.update(&calls, &dearer, 1).await), "VersionConflict");
    store.products.delete(&calls, dearer.id, 2).await.unwrap();
    store.products.insert(&calls, &dearer).await.unwrap();
    assert_eq!(sent(&calls), ["find", "find", "find", "update", "update", "delete", "insert"]);

    let check = async |expected: &[&str], context: RequestContext, found: String, outcome: &str| {
        assert_eq!(
            (found.as_str(), sent(&context)),
            (outcome, expected.iter().map(|name| (*name).to_owned()).collect())
        );
    };
    let lines: Vec<_> = products[..20].iter().map(|product| (product, 1)).collect();
    let first = with_key("key", order(&customer, &lines));
    let calls = traced();
    let placed = word(store.orders.place(&calls, &first).await);
    check(&["update", "update", "insert", "commitTransaction"], calls, placed, "Ok").await;
    let calls = traced();
    let again = word(store.orders.place(&calls, &Order { id: OrderId::generate(), ..first.clone() }).await);
    check(&["update", "update", "insert", "abortTransaction"], calls, again, "KeyTaken").await;
    let calls = traced();
    let too_many = store.orders.place(&calls, &order(&customer, &[(&products[0], 1), (&products[1], 100)])).await;
    let Err(StoreError::OutOfStock(shortages)) = too_many else { panic!("{too_many:?}") };
    assert_eq!(shortages, [Shortage { product_id: products[1].id, left: Some(99) }]);
    assert_eq!(sent(&calls), ["update", "abortTransaction", "find"]);
    let calls = traced();
    let nobody = word(store.orders.place(&calls, &order(&somebody(2), &lines)).await);
    check(&["update", "update", "abortTransaction"], calls, nobody, "CustomerGone").await;

    let second = order(&customer, &lines);
    store.orders.place(&context(), &second).await.unwrap();
    let calls = traced();
    let query = OrderQuery { customer: customer.id, status: None, after: None, limit: 1_000 };
    assert_eq!(store.orders.list(&calls, &query).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.orders.find(&calls, first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.orders.find_by_key(&calls, customer.id, "key").await.unwrap().as_ref(), Some(&first));
    assert_eq!(sent(&calls), ["aggregate", "aggregate", "aggregate"]);
    let calls = traced();
    let paid = word(store.orders.update(&calls, &first, &moved(&first, OrderStatus::Paid)).await);
    check(&["update"], calls, paid, "Ok").await;
    let calls = traced();
    let sales = store.reports.sales(&calls, &SalesQuery { from: None, to: None }).await.unwrap();
    assert_eq!((sales[0].orders, sales[0].units, sales[0].revenue_cents), (1, 20, first.total_cents));
    assert_eq!(sent(&calls), ["aggregate"]);
    let calls = traced();
    let lost = word(store.orders.update(&calls, &first, &moved(&first, OrderStatus::Cancelled)).await);
    check(&["update", "abortTransaction"], calls, lost, "VersionConflict").await;
    let calls = traced();
    let cancelled = word(store.orders.update(&calls, &second, &moved(&second, OrderStatus::Cancelled)).await);
    check(&["update", "update", "commitTransaction"], calls, cancelled, "Ok").await;

    let calls = traced();
    let has_orders = word(store.users.delete(&calls, customer.id, 1).await);
    check(&["delete", "find"], calls, has_orders, "HasOrders").await;
    balances(&store, &customer, &products[..20].iter().collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn commands_are_recorded_without_values() {
    let database = TestDatabase::new();
    let (store, customer, lamp) = (database.open().await, somebody(1), product("LAMP-1", 20));
    given(&store, &customer, &[&lamp]).await;
    let calls = traced();
    let order = with_key("sesame", order(&customer, &[(&lamp, 12)]));
    store.orders.place(&calls, &order).await.unwrap();
    store.orders.find_by_key(&calls, customer.id, "sesame").await.unwrap().unwrap();
    let statements = calls.statements();
    let updates = concat!(
        r#""updates": [{ "q": { "_id": "uuid", "stock": { "$gte": "long" } }, "#,
        r#""u": { "$inc": { "stock": "long", "version": "long" } } }]"#
    );
    assert!(statements[0].statement.contains(updates), "{}", statements[0].statement);
    assert_eq!(statements[0].parameters, ["uuid", "long", "long", "long"]);
    let matching = r#"{ "$match": { "customerId": "uuid", "idempotencyKey": "string" } }"#;
    assert!(statements[4].statement.contains(matching), "{}", statements[4].statement);
    assert!(statements[4].statement.contains(r#""$lookup": { "from": "users""#), "{}", statements[4].statement);
    for statement in statements {
        for value in ["sesame", "LAMP", "12", "Things", &customer.name] {
            assert!(!statement.statement.contains(value), "{}", statement.statement);
        }
    }
}

/// Three stores, as three processes have them: they share no queue.
async fn three(database: &TestDatabase) -> [Repositories; 3] {
    [database.open().await, database.open().await, database.open().await]
}

/// Places these orders at once, one after another through the stores, and counts what each came to.
async fn place_at_once(stores: &[Repositories], orders: Vec<Order>) -> BTreeMap<String, usize> {
    let place = |(number, order): (usize, Order)| {
        let orders = stores[number % stores.len()].orders.clone();
        tokio::spawn(async move { word(orders.place(&context(), &order).await) })
    };
    let mut words = BTreeMap::new();
    for placed in orders.into_iter().enumerate().map(place).collect::<Vec<_>>() {
        *words.entry(placed.await.unwrap()).or_default() += 1;
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_orders_for_the_last_50_units_50_are_placed_by_one_store_and_by_three() {
    let database = TestDatabase::new();
    let (stores, customer) = (three(&database).await, somebody(1));
    given(&stores[0], &customer, &[]).await;
    for (sku, stores) in [("ONE", &stores[..1]), ("THREE", &stores[..])] {
        let lamp = product(sku, 50);
        stores[0].products.insert(&context(), &lamp).await.unwrap();
        let started = std::time::Instant::now();
        let words = place_at_once(stores, (0..200).map(|_| order(&customer, &[(&lamp, 1)])).collect()).await;
        println!("{sku}: {:?}", started.elapsed());
        let refused = format!("OutOfStock([Shortage {{ product_id: {}, left: Some(0) }}])", lamp.id);
        assert_eq!(words, BTreeMap::from([("Ok".to_owned(), 50), (refused, 150)]));
        assert_eq!(stores[0].products.find(&context(), lamp.id).await.unwrap().unwrap().stock, 0);
        balances(&stores[0], &customer, &[&lamp]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_the_same_products_in_opposite_order_all_succeed() {
    let database = TestDatabase::new();
    let (stores, customer) = (three(&database).await, somebody(1));
    let products: Vec<_> = (0..5).map(|number| product(&format!("P-{number}"), 1_000)).collect();
    let products: Vec<_> = products.iter().collect();
    given(&stores[0], &customer, &products).await;
    let one_way: Vec<_> = products.iter().map(|product| (*product, 2)).collect();
    let other_way: Vec<_> = one_way.iter().rev().copied().collect();
    let orders = (0..120).map(|number| order(&customer, if number % 2 == 0 { &one_way } else { &other_way }));
    assert_eq!(place_at_once(&stores, orders.collect()).await, BTreeMap::from([("Ok".to_owned(), 120)]));
    assert_eq!(orders_of(&stores[0], &customer).await.len(), 120);
    balances(&stores[0], &customer, &products).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_places_one_order() {
    let database = TestDatabase::new();
    let (stores, customer, lamp) = (three(&database).await, somebody(1), product("LAMP-1", 100));
    given(&stores[0], &customer, &[&lamp]).await;
    let orders = (0..50).map(|_| with_key("key", order(&customer, &[(&lamp, 1)]))).collect();
    let words = place_at_once(&stores, orders).await;
    assert_eq!(words, BTreeMap::from([("Ok".to_owned(), 1), ("KeyTaken".to_owned(), 49)]));
    balances(&stores[0], &customer, &[&lamp]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_moves_of_one_order_one_wins_and_stock_is_given_back_once() {
    let database = TestDatabase::new();
    let (stores, customer, lamp) = (three(&database).await, somebody(1), product("LAMP-1", 100));
    given(&stores[0], &customer, &[&lamp]).await;
    for _ in 0..10 {
        let placed = order(&customer, &[(&lamp, 3)]);
        stores[0].orders.place(&context(), &placed).await.unwrap();
        let update = |number: usize| {
            let status = [OrderStatus::Paid, OrderStatus::Cancelled][number % 2];
            let (orders, before, after) = (stores[number % 3].orders.clone(), placed.clone(), moved(&placed, status));
            tokio::spawn(async move { word(orders.update(&context(), &before, &after).await) })
        };
        let mut won = 0;
        for updated in (0..9).map(update).collect::<Vec<_>>() {
            match updated.await.unwrap().as_str() {
                "Ok" => won += 1,
                other => assert_eq!(other, "VersionConflict"),
            }
        }
        assert_eq!(won, 1);
    }
    balances(&stores[0], &customer, &[&lamp]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_never_an_order_of_nobody() {
    let database = TestDatabase::new();
    let (stores, lamp) = (three(&database).await, product("LAMP-1", 1_000));
    given(&stores[0], &admin(0), &[&lamp]).await;
    let (mut placed, mut deleted) = (0, 0);
    for number in 1..=60 {
        // Of every third user, an admin, the delete is a transaction, too.
        let customer = if number % 3 == 0 { admin(number) } else { somebody(number) };
        stores[0].users.insert(&context(), &customer).await.unwrap();
        let (orders, users, order) =
            (stores[1].orders.clone(), stores[2].users.clone(), order(&customer, &[(&lamp, 1)]));
        let placing = tokio::spawn(async move { word(orders.place(&context(), &order).await) });
        tokio::time::sleep(std::time::Duration::from_micros(number % 20 * 150)).await;
        let gone = word(users.delete(&context(), customer.id, 1).await);
        let left = orders_of(&stores[0], &customer).await.len();
        match (placing.await.unwrap().as_str(), gone.as_str()) {
            ("Ok", "HasOrders") => placed += 1,
            ("CustomerGone", "Ok") => deleted += 1,
            other => panic!("{other:?}, {left} orders"),
        }
        let left = orders_of(&stores[0], &customer).await.len();
        let is_there = stores[0].users.find(&context(), customer.id).await.unwrap().is_some();
        assert_eq!(is_there, left == 1);
    }
    println!("{placed} placed, {deleted} deleted");
    assert_eq!(stores[0].products.find(&context(), lamp.id).await.unwrap().unwrap().stock, 1_000 - placed);
}

#[tokio::test]
async fn the_server_itself_keeps_stock_and_lines_within_their_bounds() {
    let database = TestDatabase::new();
    let (store, raw, customer, lamp) =
        (database.open().await, database.raw().await, somebody(1), product("LAMP-1", 20));
    given(&store, &customer, &[&lamp]).await;
    store.orders.place(&context(), &order(&customer, &[(&lamp, 1)])).await.unwrap();
    for (collection, change) in [
        ("products", doc! { "$inc": { "stock": -20_i64 } }),
        ("products", doc! { "$set": { "attributes.size": 3_i64 } }),
        ("products", doc! { "$set": { "attributes.size": { "of": 3.0 } } }),
        ("orders", doc! { "$set": { "status": "lost" } }),
        ("orders", doc! { "$set": { "lines": [] } }),
        ("orders", doc! { "$unset": { "lines.0.revenueCents": 1 } }),
        ("orders", doc! { "$set": { "customerName": "Ada" } }),
        ("users", doc! { "$set": { "hasOrders": false } }),
    ] {
        let refused = raw.collection::<Document>(collection).update_one(doc! {}, change.clone()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("121")), "{collection}: {change}");
    }
}

#[tokio::test]
async fn an_order_that_this_program_cannot_have_written_is_an_internal_fault() {
    let database = TestDatabase::new();
    let (store, raw, customer, lamp) =
        (database.open().await, database.raw().await, somebody(1), product("LAMP-1", 20));
    given(&store, &customer, &[&lamp]).await;
    let placed = order(&customer, &[(&lamp, 1)]);
    store.orders.place(&context(), &placed).await.unwrap();
    raw.collection::<Document>("users").delete_many(doc! {}).await.unwrap();
    let found = store.orders.find(&context(), placed.id).await;
    let Err(StoreError::Internal(source)) = found else { panic!("{found:?}") };
    assert!(source.to_string().starts_with("orders.customerId holds"), "{source}");
    let orders = raw.collection::<Document>("orders");
    let change = orders.update_one(doc! {}, doc! { "$set": { "status": "sesame" } });
    change.bypass_document_validation(true).await.unwrap();
    let found = store.orders.find(&context(), placed.id).await;
    let Err(StoreError::Internal(source)) = found else { panic!("{found:?}") };
    assert!(source.to_string().starts_with("orders.status holds"), "{source}");
    assert!(!format!("{source:?}").contains("sesame"), "{source:?}");
}
