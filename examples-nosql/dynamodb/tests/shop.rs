//! What the store makes of DynamoDB for products, orders and reports: the requests it sends, and what happens when
//! transactions meet or their answers do not come.
//!
//! Longer than 400 lines because they share the shop that they begin with, and a proxy.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod inside;

use aws_sdk_dynamodb::types::AttributeValue;
use inside::proxy::{Proxy, cancellation};
use inside::{Table, context, moved, order, orders_of, product, stock, traced, user, within};
use serde_json::json;
use shared::domain::{Day, Order, OrderStatus, Product, User};
use shared::repository::{OrderQuery, ProductQuery, Repositories, SalesQuery, Shortage, StoreError};
use shared::store_contract::options;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A table with users and products, and a store that reaches it through a proxy.
async fn a_shop(connections: usize, users: &[User], products: &[Product]) -> (Table, Proxy, Repositories) {
    let table = Table::new();
    let proxy = Proxy::to(table.server()).await;
    let store = store_dynamodb::open(&table.through(proxy.address), within(30, connections)).await.unwrap();
    for user in users {
        store.users.insert(&context(), user).await.unwrap();
    }
    for product in products {
        store.products.insert(&context(), product).await.unwrap();
    }
    (table, proxy, store)
}

fn all_sales() -> SalesQuery {
    SalesQuery { from: None, to: None }
}

#[tokio::test]
async fn each_operation_sends_as_many_requests_for_much_as_for_little() {
    let products: Vec<_> = (0..20).map(|number| product(number, 1_000)).collect();
    let (table, _proxy, store) = a_shop(2, &[user(1)], &products[1..]).await;
    let log = traced();
    let mut expected = Vec::new();
    store.products.insert(&log, &products[0]).await.unwrap();
    expected.push("TransactWriteItems");
    for category in [None, Some(products[0].category.clone())] {
        for limit in [1, 20] {
            let query = ProductQuery { category: category.clone(), after: None, limit };
            store.products.list(&log, &query).await.unwrap();
            expected.push("Query");
        }
    }
    store.products.find(&log, products[0].id).await.unwrap().unwrap();
    expected.push("GetItem");
    let ids: Vec<_> = products.iter().map(|product| product.id).collect();
    for ids in [&ids[..1], &ids[..], &[ids[0], ids[0]]] {
        let found = store.products.find_many(&log, ids).await.unwrap();
        assert_eq!(found.len(), ids.iter().collect::<BTreeSet<_>>().len());
        expected.push("BatchGetItem");
    }
    assert_eq!(store.products.find_many(&log, &[]).await.unwrap(), []);
    let dearer = Product { price_cents: 5, version: 2, ..products[0].clone() };
    store.products.update(&log, &dearer, 1).await.unwrap();
    expected.push("PutItem");
    let renamed = Product { sku: "OTHER".to_owned(), version: 3, ..dearer };
    store.products.update(&log, &renamed, 2).await.unwrap();
    expected.extend(["PutItem", "TransactWriteItems"]);

    let lines: Vec<_> = products.iter().map(|product| (product, 10)).collect();
    let (small, large) = (order(1, &user(1), &lines[..1]), order(2, &user(1), &lines));
    for order in [&small, &large] {
        store.orders.place(&log, order).await.unwrap();
        expected.push("TransactWriteItems");
        store.orders.find(&log, order.id).await.unwrap().unwrap();
        expected.extend(["GetItem", "BatchGetItem"]);
        let key = order.idempotency_key.as_deref().unwrap();
        assert_eq!(store.orders.find_by_key(&log, user(1).id, key).await.unwrap().as_ref(), Some(order));
        expected.extend(["GetItem", "BatchGetItem"]);
    }
    for status in [None, Some(OrderStatus::Pending)] {
        for limit in [1, 2] {
            let query = OrderQuery { customer: user(1).id, status, after: None, limit };
            let listed = store.orders.list(&log, &query).await.unwrap();
            assert_eq!(listed, [small.clone(), large.clone()][..usize::try_from(limit).unwrap()]);
            expected.extend(["Query", "GetItem"]);
        }
    }
    let nobodys = OrderQuery { customer: user(2).id, status: None, after: None, limit: 10 };
    assert_eq!(store.orders.list(&log, &nobodys).await.unwrap(), []);
    expected.push("Query");
    let paid = moved(&large, OrderStatus::Paid);
    store.orders.update(&log, &large, &paid).await.unwrap();
    expected.push("TransactWriteItems");
    assert!(!store.reports.sales(&log, &all_sales()).await.unwrap().is_empty());
    expected.push("Query");
    // The product that is gone is found out by asking for it.
    store.products.delete(&log, products[3].id, 2).await.unwrap();
    expected.extend(["GetItem", "TransactWriteItems"]);
    store.orders.update(&log, &paid, &moved(&paid, OrderStatus::Cancelled)).await.unwrap();
    expected.extend(["TransactWriteItems", "TransactWriteItems"]);
    assert_eq!(store.reports.sales(&log, &all_sales()).await.unwrap(), []);
    expected.push("Query");
    store.users.delete(&log, user(1).id, 1).await.unwrap_err();
    expected.extend(["GetItem", "TransactWriteItems"]);

    let statements = log.statements();
    let operations: Vec<_> = statements.iter().map(|one| one.statement.split(' ').next().unwrap()).collect();
    assert_eq!(operations, expected);
    for one in &statements {
        let shown = format!("{one:?}");
        let values = ["SKU-", "Product ", "key-", "0194", &products[0].category, "2025-"];
        assert!(!values.iter().any(|value| shown.contains(value)), "{shown}");
        for name in products.iter().flat_map(|product| product.attributes.0.keys()) {
            assert!(!shown.contains(&format!("\"{name}\"")), "{shown}");
        }
    }
    table.remove().await;
}

/// As three processes do, each of which has its own turns.
#[tokio::test(flavor = "multi_thread")]
async fn of_200_orders_in_three_processes_for_the_last_50_units_50_are_placed_though_transactions_meet() {
    let last = product(0, 50);
    let customers: Vec<_> = (0..10).map(user).collect();
    let (table, proxy, store) = a_shop(8, &customers, std::slice::from_ref(&last)).await;
    let mut stores = vec![store.clone()];
    for _ in 0..2 {
        stores.push(store_dynamodb::open(&table.through(proxy.address), within(30, 8)).await.unwrap());
    }
    proxy.let_transactions_meet(Duration::from_millis(5));
    let started = Instant::now();
    let place = |number: u64| {
        let store = stores[usize::try_from(number % 3).unwrap()].clone();
        let order = order(number, &customers[usize::try_from(number % 10).unwrap()], &[(&last, 1)]);
        tokio::spawn(async move { store.orders.place(&context(), &order).await })
    };
    let mut placed = 0;
    for running in (0..200).map(place).collect::<Vec<_>>() {
        match running.await.unwrap() {
            Ok(()) => placed += 1,
            Err(StoreError::OutOfStock(short)) => {
                assert_eq!(short, [Shortage { product_id: last.id, left: Some(0) }]);
            }
            Err(other) => panic!("{other:?} after {:?}", started.elapsed()),
        }
    }
    assert!(proxy.cancelled() > 0, "no transactions met");
    let mut kept = 0;
    for customer in &customers {
        kept += orders_of(&store, customer).await.len();
    }
    assert_eq!((placed, kept, stock(&store, &last).await), (50, 50, 0));
    table.remove().await;
}

#[tokio::test]
async fn a_placing_that_meets_others_is_sent_again_and_a_shortage_is_told_when_all_are_known() {
    let (much, little, none) = (product(0, 50), product(1, 1), product(2, 0));
    let (table, proxy, store) = a_shop(2, &[user(1)], &[much.clone(), little.clone(), none.clone()]).await;
    let nothing = json!({"Code": "None"});
    let conflict = json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
    let short = json!({"Code": "ConditionalCheckFailed", "Item": {"stock": {"N": "1"}}});
    let first = order(1, &user(1), &[(&much, 1)]);
    for _ in 0..3 {
        let mut reasons = vec![nothing.clone(); 6];
        reasons[3] = conflict.clone();
        proxy.answer("TransactWriteItems", 400, &cancellation(&reasons));
    }
    let log = traced();
    store.orders.place(&log, &first).await.unwrap();
    assert_eq!(log.statements().len(), 4);

    let mut reasons = vec![nothing.clone(); 8];
    (reasons[6], reasons[7]) = (short, conflict.clone());
    proxy.answer("TransactWriteItems", 400, &cancellation(&reasons));
    let second = order(2, &user(1), &[(&much, 1), (&little, 2), (&none, 1)]);
    let Err(StoreError::OutOfStock(shortages)) = store.orders.place(&context(), &second).await else {
        panic!("it was placed, or refused for another reason");
    };
    let shortage = |product: &Product, left| Shortage { product_id: product.id, left: Some(left) };
    assert_eq!(shortages, [shortage(&little, 1), shortage(&none, 0)]);

    // Whatever the others do, a key that is used is used.
    let mut reasons = vec![conflict; 6];
    reasons[0] = json!({"Code": "ConditionalCheckFailed"});
    proxy.answer("TransactWriteItems", 400, &cancellation(&reasons));
    let third = Order { idempotency_key: first.idempotency_key.clone(), ..order(3, &user(1), &[(&much, 1)]) };
    let log = traced();
    assert!(matches!(store.orders.place(&log, &third).await, Err(StoreError::KeyTaken)));
    assert_eq!(log.statements().len(), 1);
    assert_eq!(stock(&store, &much).await, 49);
    table.remove().await;
}

#[tokio::test]
async fn a_placing_or_a_cancellation_whose_answer_is_lost_is_sent_again_and_done_once() {
    let product = product(0, 10);
    let (table, proxy, store) = a_shop(2, &[user(1)], std::slice::from_ref(&product)).await;
    let placed = order(1, &user(1), &[(&product, 3)]);
    let log = traced();
    proxy.lose_answer_to("TransactWriteItems");
    store.orders.place(&log, &placed).await.unwrap();
    assert_eq!((log.statements().len(), stock(&store, &product).await), (2, 7));
    let cancelled = moved(&placed, OrderStatus::Cancelled);
    proxy.lose_answer_to("TransactWriteItems");
    store.orders.update(&context(), &placed, &cancelled).await.unwrap();
    assert_eq!(stock(&store, &product).await, 10);
    assert_eq!(orders_of(&store, &user(1)).await, [cancelled]);
    table.remove().await;
}

#[tokio::test]
async fn keys_that_a_batch_leaves_over_are_asked_for_again() {
    let product = product(0, 10);
    let (table, proxy, store) = a_shop(2, &[], std::slice::from_ref(&product)).await;
    let key = json!({"pk": {"S": "PRODUCTS"}, "sk": {"S": product.id.to_string()}});
    let left_over = json!({table.name(): {"Keys": [key], "ConsistentRead": true}});
    let answer = json!({"Responses": {table.name(): []}, "UnprocessedKeys": left_over});
    proxy.answer("BatchGetItem", 200, &answer);
    let log = traced();
    assert_eq!(store.products.find_many(&log, &[product.id]).await.unwrap(), [product]);
    assert_eq!(log.statements().len(), 2);
    table.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placing_that_is_given_up_anywhere_happens_as_a_whole_or_not_at_all() {
    let (first, second) = (product(0, 1_000), product(1, 1_000));
    let table = Table::new();
    let store = store_dynamodb::open(&table.url, options(2)).await.unwrap();
    store.users.insert(&context(), &user(1)).await.unwrap();
    for product in [&first, &second] {
        store.products.insert(&context(), product).await.unwrap();
    }
    for number in 0..60 {
        let order = order(number, &user(1), &[(&first, 1), (&second, 2)]);
        let limit = Duration::from_micros(200 * number);
        let _ = tokio::time::timeout(limit, store.orders.place(&context(), &order)).await;
    }
    // Nobody waits for a turn that was given up.
    let last = order(100, &user(1), &[(&first, 1), (&second, 2)]);
    store.orders.place(&context(), &last).await.unwrap();
    let pool = store.store.pool();
    assert_eq!((pool.in_use, pool.waiting), (0, 0));
    let started = Instant::now();
    // What was sent is carried out, and may be so while this looks.
    let (placed, left) = loop {
        let before = (stock(&store, &first).await, stock(&store, &second).await);
        let placed = orders_of(&store, &user(1)).await;
        if before == (stock(&store, &first).await, stock(&store, &second).await) {
            break (placed, before);
        }
        assert!(started.elapsed() < Duration::from_secs(10), "there is no end of it");
    };
    let units = i64::try_from(placed.len()).unwrap();
    assert!((1..=61).contains(&units));
    assert_eq!(left, (1_000 - units, 1_000 - 2 * units));
    for order in placed {
        let key = order.idempotency_key.clone().unwrap();
        assert_eq!(store.orders.find_by_key(&context(), user(1).id, &key).await.unwrap().as_ref(), Some(&order));
        assert_eq!(store.orders.find(&context(), order.id).await.unwrap(), Some(order));
    }
    table.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_their_turn_take_no_connection_and_are_finished_by_the_end_of_the_store() {
    let product = product(0, 100);
    let (table, proxy, store) = a_shop(2, &[user(1)], std::slice::from_ref(&product)).await;
    proxy.let_transactions_meet(Duration::from_millis(100));
    let place = |number| {
        let (store, order) = (store.clone(), order(number, &user(1), &[(&product, 1)]));
        tokio::spawn(async move { store.orders.place(&context(), &order).await })
    };
    let running: Vec<_> = (0..10).map(place).collect();
    let started = Instant::now();
    while store.store.pool().waiting < 9 {
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", store.store.pool());
        tokio::task::yield_now().await;
    }
    // Whose turn it is may just be between two requests.
    assert!(store.store.pool().in_use <= 1, "{:?}", store.store.pool());
    // There is a connection for those who read.
    store.products.find(&context(), product.id).await.unwrap().unwrap();
    assert!(store.store.pool().waiting > 0);
    store.store.close().await;
    for running in running {
        running.await.unwrap().unwrap();
    }
    let refused = store.orders.place(&context(), &order(20, &user(1), &[(&product, 1)])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!((proxy.cancelled(), stock(&table.open().await, &product).await), (0, 90));
    table.remove().await;
}

#[tokio::test]
async fn a_report_reads_the_days_that_were_asked_for_and_no_range_that_ends_before_it_begins() {
    let product = product(0, 100);
    let (table, _proxy, store) = a_shop(2, &[user(1)], std::slice::from_ref(&product)).await;
    let order = order(1, &user(1), &[(&product, 2)]);
    store.orders.place(&context(), &order).await.unwrap();
    store.orders.update(&context(), &order, &moved(&order, OrderStatus::Paid)).await.unwrap();
    let today = order.created_at.day();
    let (before, after) = (Day::parse("2000-01-01").unwrap(), Day::parse("2999-12-31").unwrap());
    for (from, to, is_found) in [
        (None, None, true),
        (Some(today), Some(today), true),
        (Some(today), None, true),
        (None, Some(today), true),
        (Some(before), Some(after), true),
        (None, Some(before), false),
        (Some(after), None, false),
        (Some(after), Some(before), false),
    ] {
        let sales = store.reports.sales(&context(), &SalesQuery { from, to }).await.unwrap();
        let units: Vec<_> = sales.iter().map(|sales| (sales.orders, sales.units, sales.revenue_cents)).collect();
        let expected = [(1, 2, order.total_cents)];
        assert_eq!(units, expected[..usize::from(is_found)], "{from:?} to {to:?}");
    }
    table.remove().await;
}

#[tokio::test]
async fn items_of_products_and_orders_that_this_program_does_not_write_are_an_internal_error() {
    let (table, _proxy, store) = a_shop(2, &[user(1)], &[]).await;
    let client = table.client();
    let (text, number) =
        (|text: &str| AttributeValue::S(text.to_owned()), |text: &str| AttributeValue::N(text.to_owned()));
    let product = product(0, 100);
    let order = order(1, &user(1), &[(&product, 1)]);
    for (name, value) in [
        ("stock", number("1.5")),
        ("attributes", text("{}")),
        ("attributes", AttributeValue::M([("x".to_owned(), AttributeValue::Null(true))].into())),
        ("category", text("hidden")),
        ("lines", AttributeValue::L(vec![text("hidden")])),
        ("status", text("hidden")),
        ("idempotency_key", number("1")),
    ] {
        let is_of_order = matches!(name, "lines" | "status" | "idempotency_key");
        store.products.insert(&context(), &product).await.unwrap();
        store.orders.place(&context(), &order).await.unwrap();
        let key = match is_of_order {
            true => (format!("ORDERS#{}", user(1).id), order.id.to_string()),
            false => ("PRODUCTS".to_owned(), product.id.to_string()),
        };
        let update = client.update_item().table_name(table.name());
        let update = update.key("pk", text(&key.0)).key("sk", text(&key.1));
        let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
        update.expression_attribute_values(":value", value).send().await.unwrap();
        let found = match is_of_order {
            true => store.orders.find(&context(), order.id).await.map(drop),
            false => store.products.find(&context(), product.id).await.map(drop),
        };
        let Err(StoreError::Internal(source)) = found else { panic!("{name}: {found:?}") };
        assert!(!source.to_string().contains("hidden"), "{source}");
        store_dynamodb::remove(&table.url, options(1)).await.unwrap();
        table.open().await.users.insert(&context(), &user(1)).await.unwrap();
    }
    table.remove().await;
}

/// Made by hand as that version made it: a table, and a user in it.
#[tokio::test]
async fn a_table_of_the_version_that_knew_only_users_takes_products_and_orders() {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection, ProjectionType,
        ScalarAttributeType,
    };
    let table = Table::new();
    let client = table.client();
    let attribute = |name| {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().unwrap()
    };
    let keys = |sort_key| {
        let key = |name, of| KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap();
        Some(vec![key("pk", KeyType::Hash), key(sort_key, KeyType::Range)])
    };
    let index = |name, sort_key| {
        let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        LocalSecondaryIndex::builder().index_name(name).set_key_schema(keys(sort_key)).projection(projection).build()
    };
    let creation = client.create_table().table_name(table.name()).billing_mode(BillingMode::PayPerRequest);
    let creation = creation.set_key_schema(keys("sk"));
    let creation =
        creation.set_attribute_definitions(Some(["pk", "sk", "email_key", "role_id"].map(attribute).to_vec()));
    let creation = creation.local_secondary_indexes(index("by_email", "email_key").unwrap());
    creation.local_secondary_indexes(index("by_role", "role_id").unwrap()).send().await.unwrap();
    let kept = user(1);
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let number = |value: i64| AttributeValue::N(value.to_string());
    let id = kept.id.to_string();
    let attributes = [
        ("pk", text("USERS")),
        ("sk", text(&id)),
        ("name", text(&kept.name)),
        ("email", text(&kept.email)),
        ("email_key", text(&kept.email)),
        ("password_hash", text(kept.password_hash.as_phc())),
        ("role", text("user")),
        ("role_id", text(&format!("user#{id}"))),
        ("version", number(1)),
        ("credentials_version", number(1)),
        ("created_at", number(kept.created_at.as_millis())),
        ("updated_at", number(kept.updated_at.as_millis())),
    ];
    let put = attributes
        .into_iter()
        .fold(client.put_item().table_name(table.name()), |put, (name, value)| put.item(name, value));
    put.send().await.unwrap();
    let claim = client.put_item().table_name(table.name()).item("pk", text(&format!("EMAIL#{}", kept.email)));
    claim.item("sk", text("EMAIL")).item("user_id", text(&id)).send().await.unwrap();

    let store = table.open().await;
    let product = product(0, 10);
    store.products.insert(&context(), &product).await.unwrap();
    let order = order(1, &kept, &[(&product, 1)]);
    store.orders.place(&context(), &order).await.unwrap();
    assert_eq!(orders_of(&store, &kept).await, [order]);
    assert!(matches!(store.users.delete(&context(), kept.id, 1).await, Err(StoreError::HasOrders)));
    assert_eq!(store.users.find(&context(), kept.id).await.unwrap(), Some(kept));
    table.remove().await;
}
