//! The way between an item and an order.

use super::{
    BY_STATUS, Item, PARTITION_KEY, SORT_KEY, key, number, read_number, read_text, read_time, text, unexpected, with,
};
use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{Customer, Order, OrderId, OrderLine, OrderStatus, ProductId, UserId};
use shared::repository::StoreError;

/// What the partition key of a customer's orders begins with.
const ORDERS_OF: &str = "ORDERS#";

/// The partition key of a customer's orders.
pub(crate) fn orders_of(customer: UserId) -> String {
    format!("{ORDERS_OF}{customer}")
}

/// The key of an order.
pub(crate) fn order_key(customer: UserId, id: OrderId) -> Item {
    key(orders_of(customer), id.to_string())
}

/// The key of the item that tells whose an order is.
pub(crate) fn pointer_key(id: OrderId) -> Item {
    key(format!("ORDER#{id}"), "ORDER")
}

/// The item that tells whose an order is.
pub(crate) fn pointer(customer: UserId, id: OrderId) -> Item {
    with(pointer_key(id), [("customer_id", text(customer.to_string()))])
}

/// Whose the order of a [`pointer`] is.
pub(crate) fn pointer_to(item: &Item) -> Result<UserId, StoreError> {
    UserId::parse(read_text(item, "customer_id")?).ok_or_else(|| unexpected("customer_id"))
}

/// The key of the item that holds a customer's idempotency key. A user's id is always of one length.
pub(crate) fn request_key(customer: UserId, idempotency_key: &str) -> Item {
    key(format!("REQUEST#{customer}#{idempotency_key}"), "REQUEST")
}

/// The claim of a customer's idempotency key by an order.
pub(crate) fn request(customer: UserId, idempotency_key: &str, id: OrderId) -> Item {
    with(request_key(customer, idempotency_key), [("order_id", text(id.to_string()))])
}

/// Which order a [`request`] made.
pub(crate) fn request_for(item: &Item) -> Result<OrderId, StoreError> {
    OrderId::parse(read_text(item, "order_id")?).ok_or_else(|| unexpected("order_id"))
}

/// The key of the number of a user's orders. There is no such item while there is no order.
pub(crate) fn customer_key(id: UserId) -> Item {
    key(format!("CUSTOMER#{id}"), "CUSTOMER")
}

/// What all of a status have in common in the index by status.
pub(crate) fn status_prefix(status: OrderStatus) -> String {
    format!("{}#", status.as_str())
}

/// What that index is sorted by.
fn status_id(status: OrderStatus, id: OrderId) -> String {
    format!("{}{id}", status_prefix(status))
}

/// What a page after this id starts with, of all orders of a customer or of those of one status.
pub(crate) fn order_start_key(customer: UserId, after: OrderId, status: Option<OrderStatus>) -> Item {
    with(order_key(customer, after), status.map(|status| (BY_STATUS.1, text(status_id(status, after)))))
}

/// The attributes that a change of the status writes.
pub(crate) fn status_attributes(order: &Order) -> [(&'static str, AttributeValue); 4] {
    [
        ("status", text(order.status.as_str())),
        (BY_STATUS.1, text(status_id(order.status, order.id))),
        ("version", number(order.version)),
        ("updated_at", number(order.updated_at.as_millis())),
    ]
}

/// An order as an item, its lines in it, the customer's name not.
pub(crate) fn order_item(order: &Order) -> Item {
    let attributes = [
        ("lines", AttributeValue::L(order.lines.iter().map(line_map).collect())),
        ("subtotal_cents", number(order.subtotal_cents)),
        ("discount_cents", number(order.discount_cents)),
        ("total_cents", number(order.total_cents)),
        ("created_at", number(order.created_at.as_millis())),
    ];
    let idempotency_key = order.idempotency_key.as_ref().map(|key| ("idempotency_key", text(key)));
    let attributes = attributes.into_iter().chain(status_attributes(order)).chain(idempotency_key);
    with(order_key(order.customer.id, order.id), attributes)
}

/// An item as an order of a customer of this name.
///
/// # Errors
/// [`StoreError::Internal`] if it is not one that [`order_item`] makes.
pub(crate) fn order(item: &Item, customer_name: &str) -> Result<Order, StoreError> {
    let customer_id = read_text(item, PARTITION_KEY)?.strip_prefix(ORDERS_OF).and_then(UserId::parse);
    let lines = item.get("lines").and_then(|lines| lines.as_l().ok()).ok_or_else(|| unexpected("lines"))?;
    let order = Order {
        id: OrderId::parse(read_text(item, SORT_KEY)?).ok_or_else(|| unexpected(SORT_KEY))?,
        customer: Customer {
            id: customer_id.ok_or_else(|| unexpected(PARTITION_KEY))?,
            name: customer_name.to_owned(),
        },
        status: OrderStatus::parse(read_text(item, "status")?).ok_or_else(|| unexpected("status"))?,
        lines: lines.iter().map(line).collect::<Result<_, _>>()?,
        subtotal_cents: read_number(item, "subtotal_cents")?,
        discount_cents: read_number(item, "discount_cents")?,
        total_cents: read_number(item, "total_cents")?,
        idempotency_key: item
            .get("idempotency_key")
            .map(|_| read_text(item, "idempotency_key"))
            .transpose()?
            .map(str::to_owned),
        version: read_number(item, "version")?,
        created_at: read_time(item, "created_at")?,
        updated_at: read_time(item, "updated_at")?,
    };
    if read_text(item, BY_STATUS.1)? != status_id(order.status, order.id) {
        return Err(unexpected(BY_STATUS.1));
    }
    Ok(order)
}

fn line_map(line: &OrderLine) -> AttributeValue {
    let attributes = [
        ("product_id", text(line.product_id.to_string())),
        ("name", text(&line.name)),
        ("category", text(&line.category)),
        ("unit_price_cents", number(line.unit_price_cents)),
        ("quantity", number(line.quantity)),
        ("total_cents", number(line.total_cents)),
        ("revenue_cents", number(line.revenue_cents)),
    ];
    AttributeValue::M(with(Item::new(), attributes))
}

fn line(value: &AttributeValue) -> Result<OrderLine, StoreError> {
    let line = value.as_m().map_err(|_| unexpected("lines"))?;
    Ok(OrderLine {
        product_id: ProductId::parse(read_text(line, "product_id")?).ok_or_else(|| unexpected("product_id"))?,
        name: read_text(line, "name")?.to_owned(),
        category: read_text(line, "category")?.to_owned(),
        unit_price_cents: read_number(line, "unit_price_cents")?,
        quantity: read_number(line, "quantity")?,
        total_cents: read_number(line, "total_cents")?,
        revenue_cents: read_number(line, "revenue_cents")?,
    })
}
