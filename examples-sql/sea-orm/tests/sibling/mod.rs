//! The tables as `store-diesel` makes them: either ORM opens the other's database.
// Not every program of tests uses all of it.
#![allow(dead_code)]

/// The scripts of one kind of database, in their order.
macro_rules! scripts {
    ($database:literal) => {
        [
            include_str!(concat!("../../../diesel/migrations/", $database, "/2026-01-01-000000_create_users/up.sql")),
            include_str!(concat!(
                "../../../diesel/migrations/",
                $database,
                "/2026-11-22-000001_create_products/up.sql"
            )),
            include_str!(concat!("../../../diesel/migrations/", $database, "/2026-11-22-000002_create_orders/up.sql")),
            include_str!(concat!(
                "../../../diesel/migrations/",
                $database,
                "/2026-11-22-000003_create_order_lines/up.sql"
            )),
        ]
    };
}

pub const SQLITE: [&str; 4] = scripts!("sqlite");
pub const POSTGRES: [&str; 4] = scripts!("postgres");
pub const MYSQL: [&str; 4] = scripts!("mysql");

/// A user, a product and an order of it, in tables that either made.
pub const ROWS: [&str; 4] = [
    "INSERT INTO users VALUES ('0190f5fe-7c00-7000-8000-000000000001', 'Ada', 'Ada@example.com', 'ada@example.com',
     '$argon2id$', 'admin', 3, 2, 1700000000000, 1700000000001)",
    "INSERT INTO products VALUES ('0190f5fe-7c00-7000-8000-000000000002', 'A-1', 'Lamp', 'Lighting', 995, 7,
     '{\"dimmable\": true, \"watts\": 7.1}', 4, 1700000000000, 1700000000002)",
    "INSERT INTO orders VALUES ('0190f5fe-7c00-7000-8000-000000000003', '0190f5fe-7c00-7000-8000-000000000001', 'paid',
     1990, 0, 1990, 'key', 2, 1700000000000, 1700000000003)",
    "INSERT INTO order_lines VALUES ('0190f5fe-7c00-7000-8000-000000000003', 0, '0190f5fe-7c00-7000-8000-000000000002',
     'Lamp', 'Lighting', 995, 2, 1990, 1990)",
];

/// What a store makes of these rows.
pub async fn the_rows_are_read(store: &shared::repository::Repositories) {
    use shared::domain::{AttributeValue, EmailKey, OrderStatus, Role};
    use shared::repository::{ProductQuery, SalesQuery};
    let context = shared::context::RequestContext::internal("test");
    let ada = store.users.find_by_email(&context, &EmailKey::of("ADA@example.com")).await.unwrap().unwrap();
    assert_eq!((ada.id.to_string().as_str(), ada.role), ("0190f5fe-7c00-7000-8000-000000000001", Role::Admin));
    assert_eq!((ada.version, ada.credentials_version), (3, 2));
    assert_eq!((ada.created_at.as_millis(), ada.updated_at.as_millis()), (1_700_000_000_000, 1_700_000_000_001));

    let query = ProductQuery { category: Some("Lighting".to_owned()), after: None, limit: 2 };
    let [lamp] = &store.products.list(&context, &query).await.unwrap()[..] else { panic!("no product, or more") };
    assert_eq!((lamp.sku.as_str(), lamp.stock, lamp.version), ("A-1", 7, 4));
    assert_eq!(lamp.attributes.0.get("dimmable"), Some(&AttributeValue::Flag(true)));
    assert_eq!(lamp.attributes.0.get("watts"), Some(&AttributeValue::Number(shared::domain::Number::new(7.1))));

    let order = store.orders.find_by_key(&context, ada.id, "key").await.unwrap().unwrap();
    assert_eq!((order.status, order.customer.name.as_str(), order.version), (OrderStatus::Paid, "Ada", 2));
    assert_eq!((order.lines.len(), order.lines[0].product_id), (1, lamp.id));
    let sales = store.reports.sales(&context, &SalesQuery { from: None, to: None }).await.unwrap();
    assert_eq!((sales.len(), sales[0].units, sales[0].revenue_cents), (1, 2, 1_990));
}
