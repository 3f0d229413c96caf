//! What is Redis' own about products, orders and reports: their keys, the query log, the layout without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use redis::AsyncCommands as _;
use shared::domain::{Day, Order, OrderStatus, Product};
use shared::repository::{OrderQuery, ProductQuery, Repositories, SalesQuery, StoreError};
use std::time::Duration;
use support::{
    DEBUG, DURABLE, Server, balance, context, digest, moved, open, order, orders_of, product, products, somebody,
    traced, try_open,
};

const EVER: SalesQuery = SalesQuery { from: None, to: None };

/// Two products of ten each and a customer.
async fn a_shop(store: &Repositories) -> (Product, Product) {
    let (one, other) = (product(1, 10), product(2, 10));
    store.products.insert(&context(), &one).await.unwrap();
    store.products.insert(&context(), &other).await.unwrap();
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_layout_1_is_brought_up_to_date_by_however_many_at_once() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    for number in 0..3 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    store.store.close().await;
    // Users were kept in layout 1 as they are now.
    server.command("SET {stackdiff}:layout 1").await;
    let openings: Vec<_> = (0..8).map(|_| tokio::spawn(open_url(server.url()))).collect();
    for opening in openings {
        opening.await.unwrap();
    }
    let layout: String = server.raw().await.get("{stackdiff}:layout").await.unwrap();
    assert_eq!(layout, "2");
    let store = open(&server.url(), 1, 5_000).await;
    let tool = product(1, 10);
    store.products.insert(&context(), &tool).await.unwrap();
    let placed = order(1, &somebody(1), &[(&tool, 10)]);
    store.orders.place(&context(), &placed).await.unwrap();
    assert_eq!(balance(&store, &[somebody(0), somebody(1), somebody(2)], 10).await, [placed]);
    // A later one is left as it is.
    server.command("SET {stackdiff}:layout 3").await;
    assert!(try_open(&server.url(), 1, 5_000).await.is_err_and(|error| error.to_string().contains("another layout")));
    let layout: String = server.raw().await.get("{stackdiff}:layout").await.unwrap();
    assert_eq!(layout, "3");
}

async fn open_url(url: String) {
    open(&url, 1, 5_000).await.store.ping(&context()).await.unwrap();
}

#[tokio::test]
async fn each_operation_is_one_round_trip_however_many_lines_and_the_log_names_no_values() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let (one, other) = a_shop(&store).await;
    let third = product(3, 10);
    let renamed = Product { name: "Hammer".to_owned(), version: 2, ..third.clone() };
    let customer = somebody(1);
    let placed = order(1, &customer, &[(&one, 2), (&other, 3)]);
    let paid = moved(&placed, OrderStatus::Paid);

    let context = traced();
    let of_category = ProductQuery { category: Some(one.category.clone()), after: Some(one.id), limit: 10 };
    store.products.list(&context, &of_category).await.unwrap();
    store.products.insert(&context, &third).await.unwrap();
    store.products.find(&context, third.id).await.unwrap().unwrap();
    assert_eq!(store.products.find_many(&context, &[one.id, other.id]).await.unwrap().len(), 2);
    store.products.update(&context, &renamed, 1).await.unwrap();
    store.products.delete(&context, third.id, 2).await.unwrap();
    store.orders.place(&context, &placed).await.unwrap();
    store.orders.place(&context, &placed).await.unwrap_err();
    for status in [None, Some(OrderStatus::Pending)] {
        let query = OrderQuery { customer: customer.id, status, after: None, limit: 10 };
        assert_eq!(store.orders.list(&context, &query).await.unwrap().len(), 1);
    }
    store.orders.find(&context, placed.id).await.unwrap().unwrap();
    store.orders.find_by_key(&context, customer.id, "key-1").await.unwrap().unwrap();
    store.orders.update(&context, &placed, &paid).await.unwrap();
    store.orders.update(&context, &placed, &paid).await.unwrap_err();
    assert_eq!(store.reports.sales(&context, &EVER).await.unwrap().len(), 2);

    let product = "{stackdiff}:product:<id>";
    let changed =
        format!("4 {product} {{stackdiff}}:products {{stackdiff}}:products:by-category {{stackdiff}}:products:by-sku");
    let of_user = "{stackdiff}:user:<id>";
    let place = format!(
        "EVALSHA place_order.lua 7 {{stackdiff}}:order:<id> {of_user} {of_user}:orders {of_user}:orders:pending \
         {of_user}:orders:by-key {product} {product}{}",
        " ?".repeat(13)
    );
    let update = format!(
        "EVALSHA update_order.lua 7 {{stackdiff}}:order:<id> {of_user}:orders:pending {of_user}:orders:paid \
         {{stackdiff}}:sales {{stackdiff}}:sales:<day> {product} {product}{}",
        " ?".repeat(18)
    );
    let expected = [
        "EVALSHA_RO list.lua 1 {stackdiff}:products:by-category ? ? ? ?".to_owned(),
        format!("EVALSHA insert_product.lua {changed}{}", " ?".repeat(10)),
        format!("HGETALL {product}"),
        format!("EVALSHA_RO find_products.lua 2 {product} {product}"),
        format!("EVALSHA update_product.lua {changed}{}", " ?".repeat(11)),
        format!("EVALSHA delete_product.lua {changed} ? ?"),
        place.clone(),
        place,
        format!("EVALSHA_RO list_orders.lua 2 {of_user}:orders {of_user} ? ? ?"),
        format!("EVALSHA_RO list_orders.lua 2 {of_user}:orders:pending {of_user} ? ? ?"),
        "EVALSHA_RO find_order.lua 1 {stackdiff}:order:<id> ?".to_owned(),
        format!("EVALSHA_RO find_order_by_key.lua 2 {of_user}:orders:by-key {of_user} ? ?"),
        update.clone(),
        update,
        "EVALSHA_RO sales.lua 1 {stackdiff}:sales ? ? ?".to_owned(),
    ];
    let statements = context.statements();
    assert_eq!(statements.iter().map(|statement| &*statement.statement).collect::<Vec<_>>(), expected);
    for statement in &statements {
        let shown = statement.statement.matches(['<', '?']).count();
        assert_eq!(statement.parameters.len(), shown, "{}", statement.statement);
        assert!(statement.duration > Duration::ZERO);
    }
    let (text, number) = ("text", "integer");
    let fields = [text, text, text, text, number, number, number, text, number, number, number];
    assert_eq!(statements[6].parameters, [&[text; 7][..], &fields, &[number; 2]].concat());
    let line = [number, text, number, number, number];
    let fields = [text, text, text, number, number, number, text, number];
    assert_eq!(statements[12].parameters, [&[text; 6][..], &fields, &line, &line].concat());
    let id = &*placed.id.to_string();
    for value in [id, &*one.id.to_string(), &one.name, &one.category, &one.sku, "key-1", "2025-01-31", "red"] {
        assert!(!format!("{statements:?}").contains(value), "{value}");
    }
}

#[tokio::test]
async fn data_that_this_program_cannot_have_written_is_an_internal_fault_that_quotes_nothing() {
    let server = Server::start(&[&DURABLE[..], &DEBUG].concat()).await;
    let store = open(&server.url(), 1, 5_000).await;
    let mut raw = server.raw().await;
    let check = |result: Result<String, StoreError>, field: &str| {
        let Err(StoreError::Internal(source)) = result else { panic!("{field}: {result:?}") };
        assert!(source.to_string().contains(field) && !source.to_string().contains("garbage"), "{source}");
    };
    let (tool, placed) = (product(1, 10), order(1, &somebody(1), &[(&product(1, 10), 2), (&product(2, 10), 3)]));
    let key = format!("{{stackdiff}}:product:{}", tool.id);
    for field in ["id", "price_cents", "stock", "attributes", "version", "created_at", "updated_at"] {
        a_shop(&store).await;
        let _: () = raw.hset(&key, field, "garbage").await.unwrap();
        check(store.products.find(&context(), tool.id).await.map(|product| format!("{product:?}")), field);
        check(store.products.find_many(&context(), &[tool.id]).await.map(|products| format!("{products:?}")), field);
        let _: () = raw.hdel(&key, field).await.unwrap();
        check(store.products.find(&context(), tool.id).await.map(|product| format!("{product:?}")), field);
        redis::cmd("FLUSHDB").exec_async(&mut raw).await.unwrap();
    }
    let key = format!("{{stackdiff}}:order:{}", placed.id);
    for field in ["id", "customer_id", "status", "lines", "subtotal_cents", "version", "created_at", "updated_at"] {
        a_shop(&store).await;
        store.orders.place(&context(), &placed).await.unwrap();
        let _: () = raw.hset(&key, field, "garbage").await.unwrap();
        check(store.orders.find(&context(), placed.id).await.map(|order| format!("{order:?}")), field);
        let found = store.orders.find_by_key(&context(), somebody(1).id, "key-1").await;
        check(found.map(|order| format!("{order:?}")), field);
        redis::cmd("FLUSHDB").exec_async(&mut raw).await.unwrap();
    }
    // What cannot be counted on ends a change before its first write, at whichever line it is.
    let product = |number| format!("{{stackdiff}}:product:{}", product(number, 0).id);
    let day = "{stackdiff}:sales:2025-02-01".to_owned();
    for (key, field) in [
        (product(1), "stock"),
        (product(2), "version"),
        (key, "status"),
        (day.clone(), "orders:Toys: {small}"),
        (day.clone(), "revenue_cents:\u{c4}pfel"),
    ] {
        for value in ["garbage", "", "-1", "01", "1.5", "1e3", "999999999999999999999"] {
            a_shop(&store).await;
            store.orders.place(&context(), &placed).await.unwrap();
            let _: () = raw.hset(&key, field, value).await.unwrap();
            let before = digest(&server).await;
            let updated = store.orders.update(&context(), &placed, &moved(&placed, OrderStatus::Paid)).await;
            check(updated.map(|()| String::new()), if key == day { "sales" } else { field });
            if key.contains("product") {
                let another = Order { idempotency_key: None, ..order(3, &somebody(1), &[]) };
                let another = Order { lines: placed.lines.clone(), ..another };
                check(store.orders.place(&context(), &another).await.map(|()| String::new()), field);
            }
            assert!(digest(&server).await == before, "{key} {field} {value}");
            redis::cmd("FLUSHDB").exec_async(&mut raw).await.unwrap();
        }
    }
    let _: () = raw.zadd("{stackdiff}:sales", "2025-02-01", 0).await.unwrap();
    for (field, value) in [("garbage", "1"), ("orders:a", "garbage"), ("orders:a", "")] {
        let _: () = raw.hset(&day, field, value).await.unwrap();
        check(store.reports.sales(&context(), &EVER).await.map(|sales| format!("{sales:?}")), "");
        let _: () = raw.del(&day).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_of_another_type_ends_a_change_before_its_first_write() {
    let server = Server::start(&[&DURABLE[..], &DEBUG].concat()).await;
    let store = open(&server.url(), 1, 5_000).await;
    let user = format!("user:{}", somebody(1).id);
    let (tool, toy) = (product(1, 10), product(2, 10));
    let placed = order(1, &somebody(1), &[(&tool, 2), (&toy, 3)]);
    let another = order(3, &somebody(1), &[(&toy, 2), (&tool, 3)]);
    let replaced = Product { sku: "NEW".to_owned(), category: "New".to_owned(), ..product(2, 10) };
    let of_product = |product: &Product| format!("product:{}", product.id);
    let changes: [(&str, Vec<String>); 6] = [
        ("insert", ["products", "products:by-category", "products:by-sku"].map(str::to_owned).to_vec()),
        ("update", vec!["products:by-category".to_owned(), "products:by-sku".to_owned(), of_product(&toy)]),
        ("delete", ["products", "products:by-category", "products:by-sku"].map(str::to_owned).to_vec()),
        (
            "place",
            [":orders", ":orders:pending", ":orders:by-key", ""]
                .map(|of_user| format!("{user}{of_user}"))
                .into_iter()
                .chain([of_product(&tool), of_product(&toy), format!("order:{}", another.id)])
                .collect(),
        ),
        (
            "pay",
            [":orders:pending", ":orders:paid"]
                .map(|of_user| format!("{user}{of_user}"))
                .into_iter()
                .chain([of_product(&tool), of_product(&toy), format!("order:{}", placed.id)])
                .chain(["sales".to_owned(), "sales:2025-02-01".to_owned()])
                .collect(),
        ),
        ("delete user", vec![format!("{user}:orders")]),
    ];
    for (change, keys) in changes {
        for key in keys {
            a_shop(&store).await;
            store.orders.place(&context(), &placed).await.unwrap();
            let _: () = server.raw().await.set(format!("{{stackdiff}}:{key}"), "garbage").await.unwrap();
            let before = digest(&server).await;
            let changed = match change {
                "insert" => store.products.insert(&context(), &product(4, 10)).await,
                "update" => store.products.update(&context(), &replaced, 2).await,
                "delete" => store.products.delete(&context(), toy.id, 2).await,
                "place" => store.orders.place(&context(), &another).await,
                "pay" => store.orders.update(&context(), &placed, &moved(&placed, OrderStatus::Paid)).await,
                _ => store.users.delete(&context(), somebody(1).id, 1).await,
            };
            assert!(matches!(changed, Err(StoreError::Internal(_))), "{change}, {key}: {changed:?}");
            assert!(digest(&server).await == before, "{change} left something behind with {key}");
            server.command("FLUSHDB").await;
        }
    }
}

#[tokio::test]
async fn sales_are_counted_by_the_day_of_the_order_and_a_count_that_is_back_at_0_is_not_reported() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let (one, other) = a_shop(&store).await;
    // One on the last millisecond of January and one on the first of February.
    let (february, january) = (order(1, &somebody(1), &[(&one, 1), (&other, 1)]), order(2, &somebody(1), &[(&one, 2)]));
    for order in [&january, &february] {
        store.orders.place(&context(), order).await.unwrap();
        store.orders.update(&context(), order, &moved(order, OrderStatus::Paid)).await.unwrap();
    }
    let day = |text: &str| Day::parse(text).unwrap();
    let units = async |from: Option<&str>, to: Option<&str>| {
        let query = SalesQuery { from: from.map(day), to: to.map(day) };
        let sales = store.reports.sales(&context(), &query).await.unwrap();
        sales.iter().map(|sales| (sales.orders, sales.units)).collect::<Vec<_>>()
    };
    assert_eq!(units(None, None).await, [(2, 3), (1, 1)]);
    assert_eq!(units(None, Some("2025-01-31")).await, [(1, 2)]);
    assert_eq!(units(Some("2025-02-01"), Some("2025-02-01")).await, [(1, 1), (1, 1)]);
    assert_eq!(units(Some("2025-02-02"), None).await, []);
    let paid = moved(&january, OrderStatus::Paid);
    store.orders.update(&context(), &paid, &moved(&paid, OrderStatus::Cancelled)).await.unwrap();
    assert_eq!(units(None, Some("2025-01-31")).await, []);
    balance(&store, &[somebody(1)], 10).await;
}

#[tokio::test]
async fn revenues_beyond_what_a_double_holds_are_added_up_exactly() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let mut raw = server.raw().await;
    // 2^53 + 1 is the first whole number that is no double.
    for day in ["2025-01-01", "2025-01-02"] {
        let _: () = raw.zadd("{stackdiff}:sales", day, 0).await.unwrap();
        let key = format!("{{stackdiff}}:sales:{day}");
        for (field, value) in [("orders:a", 1), ("units:a", 2), ("revenue_cents:a", (1_i64 << 53) + 1)] {
            let _: () = raw.hset(&key, field, value).await.unwrap();
        }
    }
    let sales = store.reports.sales(&context(), &EVER).await.unwrap();
    assert_eq!((sales[0].orders, sales[0].units, sales[0].revenue_cents), (2, 4, (1_i64 << 54) + 2));
}

#[tokio::test]
async fn attributes_and_lines_come_back_as_they_were() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let (one, other) = a_shop(&store).await;
    let empty = Product { attributes: Default::default(), ..product(3, 0) };
    store.products.insert(&context(), &empty).await.unwrap();
    assert_eq!(products(&store).await, [one.clone(), other, empty]);
    let placed = order(1, &somebody(1), &[(&one, 10)]);
    store.orders.place(&context(), &placed).await.unwrap();
    assert_eq!(orders_of(&store, somebody(1).id, None).await, [placed]);
}
