//! Orders.

use super::{Resource, present};
use crate::body::{Body, Object};
use crate::context::{Layer, RequestContext};
use crate::domain::{Customer, Order, OrderId, OrderLine, OrderStatus, ProductId, Timestamp};
use crate::paging::{LIMIT_DEFAULT, LIMIT_MAX, take_cursor};
use crate::problem::{FieldError, Problem};
use crate::query::{Query, QueryParameters};
use crate::validation;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use validator::Validate;

/// The most lines that an order has.
const LINES_MAX: usize = 20;

/// The query of `GET /api/users/{id}/orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOrdersQuery {
    /// The size of the page, 1 to 100.
    pub limit: u32,
    /// The id in the cursor `after`.
    pub after: Option<OrderId>,
    /// Only orders with this status.
    pub status: Option<OrderStatus>,
}

impl Query for ListOrdersQuery {
    fn read(context: &RequestContext, query: Option<&str>) -> Result<Self, Problem> {
        let _timer = context.enter(Layer::Validation);
        let mut parameters = QueryParameters::parse(query);
        let limit = parameters.take_number("limit", 1, LIMIT_MAX);
        let after = take_cursor(&mut parameters).map(OrderId::from_bytes);
        let status = parameters.take("status", |text| {
            let expected = "must be \"pending\", \"paid\", \"shipped\" or \"cancelled\"";
            OrderStatus::parse(text).ok_or(("not-an-option", expected.to_owned()))
        });
        parameters.finish()?;
        Ok(Self { limit: limit.unwrap_or(LIMIT_DEFAULT), after, status })
    }
}

/// The body of `POST /api/orders`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreateOrderRequest {
    /// 1 to 20, each product once.
    #[validate(nested)]
    pub lines: Vec<Object<LineRequest>>,
}

/// A line of an order to be placed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct LineRequest {
    /// A product's id. Text that is no id names no product, like any id that is nobody's.
    pub product_id: String,
    /// How many, 1 to 1,000.
    #[validate(custom(function = validation::quantity))]
    pub quantity: i64,
}

impl Body for CreateOrderRequest {
    fn example() -> Value {
        json!({"lines": [{"product_id": "01980f3e-5b7a-7c41-9d2e-3f6a8b1c4d5e", "quantity": 2}]})
    }

    fn cross_check(&self) -> Vec<FieldError> {
        let failing =
            |code, detail: &str| vec![FieldError { pointer: "/lines".to_owned(), code, detail: detail.to_owned() }];
        let products: BTreeSet<&str> = self.lines.iter().map(|Object(line)| line.product_id.as_str()).collect();
        match self.lines.len() {
            0 => failing("too-few", "must have at least 1 element"),
            lines if lines > LINES_MAX => failing("too-many", "must have at most 20 elements"),
            lines if lines > products.len() => failing("duplicate-product", "must name each product once"),
            _ => Vec::new(),
        }
    }
}

impl CreateOrderRequest {
    /// Whether an order was placed by this request: it has the same lines in the same order.
    pub fn asks_for(&self, order: &Order) -> bool {
        let placed = order.lines.iter().map(|line| (line.product_id.to_string(), line.quantity));
        placed.eq(self.lines.iter().map(|Object(line)| (line.product_id.clone(), line.quantity)))
    }
}

/// The body of `PATCH /api/orders/{id}`: a merge patch (RFC 7396) with one field.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrderRequest {
    /// What the order is to become.
    #[serde(default, deserialize_with = "present")]
    pub status: Option<OrderStatus>,
}

impl Body for UpdateOrderRequest {
    const PATCH: bool = true;

    fn example() -> Value {
        json!({"status": "paid"})
    }
}

/// An order as clients see it.
#[derive(Clone, Debug, Serialize)]
pub struct OrderResponse {
    /// A UUIDv7.
    pub id: OrderId,
    /// Who placed it, by today's name.
    pub customer: Customer,
    /// How far it has come.
    pub status: OrderStatus,
    /// In the order of the request.
    pub lines: Vec<LineResponse>,
    /// The sum of the lines' totals.
    pub subtotal_cents: i64,
    /// What is taken off.
    pub discount_cents: i64,
    /// What is to be paid.
    pub total_cents: i64,
    /// 1, 2, ...: the entity tag.
    pub version: i64,
    /// RFC 3339, UTC, milliseconds.
    pub created_at: Timestamp,
    /// RFC 3339, UTC, milliseconds: when its status last changed.
    pub updated_at: Timestamp,
}

/// A line of an order as clients see it: a copy of the product at the time of the order.
#[derive(Clone, Debug, Serialize)]
pub struct LineResponse {
    /// The product, which may be gone by now.
    pub product_id: ProductId,
    /// What it was called.
    pub name: String,
    /// What one cost.
    pub unit_price_cents: i64,
    /// How many.
    pub quantity: i64,
    /// Unit price times quantity.
    pub total_cents: i64,
}

impl From<OrderLine> for LineResponse {
    fn from(line: OrderLine) -> Self {
        let OrderLine { product_id, name, unit_price_cents, quantity, total_cents, .. } = line;
        Self { product_id, name, unit_price_cents, quantity, total_cents }
    }
}

impl From<Order> for OrderResponse {
    fn from(order: Order) -> Self {
        let Order { id, customer, status, lines, subtotal_cents, discount_cents, total_cents, .. } = order;
        let Order { version, created_at, updated_at, .. } = order;
        let lines = lines.into_iter().map(LineResponse::from).collect();
        Self {
            id,
            customer,
            status,
            lines,
            subtotal_cents,
            discount_cents,
            total_cents,
            version,
            created_at,
            updated_at,
        }
    }
}

impl Resource for OrderResponse {
    fn path(&self) -> String {
        format!("/api/orders/{}", self.id)
    }

    fn version(&self) -> i64 {
        self.version
    }
}
