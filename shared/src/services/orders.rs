//! Orders: who may place, see and move them. What must be atomic is the store's; what an order costs, and which way it may
//! go, are pure functions of the domain.

use super::auth::{AuthService, Caller};
use super::changes::Found;
use crate::body::Object;
use crate::context::{Layer, RequestContext};
use crate::domain::{Customer, Order, OrderId, OrderStatus, Product, ProductId, Timestamp, UserId};
use crate::dto::{CreateOrderRequest, LineRequest, ListOrdersQuery, OrderResponse, UpdateOrderRequest};
use crate::paging::Page;
use crate::precondition::{IdempotencyKey, IfMatch, IfNoneMatch};
use crate::problem::{FieldError, Problem};
use crate::repository::{OrderQuery, OrderRepository, ProductRepository, Shortage, StoreError, UserRepository};
use std::collections::HashMap;
use std::sync::Arc;

/// The answer to an order.
#[derive(Debug)]
pub struct Placed {
    /// The order.
    pub order: OrderResponse,
    /// Whether an earlier request with the same idempotency key placed it.
    pub replayed: bool,
}

/// Lists, creates, finds and updates orders.
pub struct OrderService {
    orders: Arc<dyn OrderRepository>,
    products: Arc<dyn ProductRepository>,
    users: Arc<dyn UserRepository>,
    auth: Arc<AuthService>,
}

impl OrderService {
    /// Keeps orders in `orders`, of `products` and by `users`, and asks `auth` before it changes any.
    pub fn new(
        orders: Arc<dyn OrderRepository>,
        products: Arc<dyn ProductRepository>,
        users: Arc<dyn UserRepository>,
        auth: Arc<AuthService>,
    ) -> Self {
        Self { orders, products, users, auth }
    }

    /// `GET /api/users/{id}/orders`: a page of a user's orders, for the user itself and for admins.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::NotFound`] if there is no such user; that of an overloaded or unavailable
    /// server, here as in every method.
    pub async fn list(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        query: ListOrdersQuery,
    ) -> Result<Page<OrderResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        caller.must_be_self_or_admin(id, "Users see their own orders only; admins see everybody's")?;
        let customer = UserId::parse(id).ok_or(Problem::NotFound)?;
        let ListOrdersQuery { limit, after, status } = query;
        // One more than asked for: its being there is what says that there is a next page.
        let wanted = OrderQuery { customer, status, after, limit: limit + 1 };
        let orders = context.store(self.orders.list(context, &wanted)).await?;
        // Whoever has orders is there; of nobody's orders there is no list.
        if orders.is_empty() && context.store(self.users.find(context, customer)).await?.is_none() {
            return Err(Problem::NotFound);
        }
        let filter = status.map(|status| ("status", status.as_str()));
        Ok(Page::of(orders, limit, &format!("/api/users/{id}/orders"), filter, |order| order.id.as_bytes()))
    }

    /// `POST /api/orders`: by everybody who is signed in. With an idempotency key, a request that is sent again is answered
    /// with the order that it placed the first time, however often and however parallel.
    ///
    /// # Errors
    /// [`Problem::Validation`] for products that are unknown, [`Problem::InsufficientStock`],
    /// [`Problem::IdempotencyKeyReused`].
    pub async fn create(
        &self,
        context: &RequestContext,
        caller: Caller,
        idempotency_key: Option<IdempotencyKey>,
        request: CreateOrderRequest,
    ) -> Result<Placed, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        let key = idempotency_key.as_ref().map(IdempotencyKey::as_str);
        if let Some(placed) = self.placed_before(context, caller, key, &request).await? {
            return Ok(placed);
        }
        match self.place(context, caller, key, &request).await {
            // The same request may have come first by another way meanwhile, and have taken the last unit.
            Err(problem) if is_refusal(&problem) => {
                self.placed_before(context, caller, key, &request).await?.ok_or(problem)
            }
            outcome => outcome,
        }
    }

    /// `GET /api/orders/{id}`: for its customer and for admins. Others are not even told that it is there.
    ///
    /// # Errors
    /// [`Problem::NotFound`].
    pub async fn find(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_none_match: &IfNoneMatch,
    ) -> Result<Found<OrderResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let order = self.read(context, caller, id).await?;
        Ok(Found::of(order.version, order, if_none_match))
    }

    /// `PATCH /api/orders/{id}`: moves an order on. Its customer pays, and cancels what is pending; admins may do all that
    /// the workflow knows.
    ///
    /// A lost race is told and never tried again: of two who move an order at the same time, one wins.
    ///
    /// # Errors
    /// [`Problem::NotFound`], [`Problem::Forbidden`], [`Problem::PreconditionFailed`], [`Problem::IllegalTransition`],
    /// [`Problem::EditConflict`].
    pub async fn update(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
        request: UpdateOrderRequest,
    ) -> Result<OrderResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        let before = self.read(context, caller, id).await?;
        if request.status == Some(OrderStatus::Shipped) {
            caller.must_be_admin("Only admins ship orders")?;
        }
        if_match.check(before.version)?;
        let Some(to) = request.status else { return Ok(before.into()) };
        if !before.status.can_become(to) {
            return Err(Problem::IllegalTransition { from: before.status, to });
        }
        if before.status == OrderStatus::Paid && to == OrderStatus::Cancelled {
            caller.must_be_admin("Only admins cancel orders that are paid")?;
        }
        // A clock that was set back must not make a change older than the one before.
        let after = before.moved(to, Timestamp::now().max(before.updated_at));
        match context.store(self.orders.update(context, &before, &after)).await {
            Err(StoreError::VersionConflict) if if_match.names_versions() => Err(Problem::PreconditionFailed),
            outcome => {
                outcome?;
                Ok(after.into())
            }
        }
    }

    async fn read(&self, context: &RequestContext, caller: Caller, id: &str) -> Result<Order, Problem> {
        let id = OrderId::parse(id).ok_or(Problem::NotFound)?;
        let order = context.store(self.orders.find(context, id)).await?;
        let theirs = |order: &Order| caller.is_admin() || order.customer.id == caller.id;
        order.filter(theirs).ok_or(Problem::NotFound)
    }

    /// The order that the same request placed before, if it has a key that was used.
    async fn placed_before(
        &self,
        context: &RequestContext,
        caller: Caller,
        key: Option<&str>,
        request: &CreateOrderRequest,
    ) -> Result<Option<Placed>, Problem> {
        let Some(key) = key else { return Ok(None) };
        match context.store(self.orders.find_by_key(context, caller.id, key)).await? {
            Some(order) if request.asks_for(&order) => Ok(Some(Placed { order: order.into(), replayed: true })),
            Some(_) => Err(Problem::IdempotencyKeyReused),
            None => Ok(None),
        }
    }

    /// Looks up who orders what, prices it, and has the store take the stock and keep the order.
    async fn place(
        &self,
        context: &RequestContext,
        caller: Caller,
        key: Option<&str>,
        request: &CreateOrderRequest,
    ) -> Result<Placed, Problem> {
        let customer = context.store(self.users.find(context, caller.id)).await?.ok_or(Problem::TokenInvalid)?;
        let products = self.products_of(context, request).await?;
        let order = Order::new(OrderId::generate(), Customer::from(&customer), &products, Timestamp::now());
        let order = Order { idempotency_key: key.map(str::to_owned), ..order };
        match context.store(self.orders.place(context, &order)).await {
            Ok(()) => Ok(Placed { order: order.into(), replayed: false }),
            Err(StoreError::OutOfStock(shortages)) => Err(refusal(&order, &shortages)),
            Err(error) => Err(error.into()),
        }
    }

    /// The products of the lines with their quantities, in the order of the lines.
    async fn products_of(
        &self,
        context: &RequestContext,
        request: &CreateOrderRequest,
    ) -> Result<Vec<(Product, i64)>, Problem> {
        let ids: Vec<ProductId> =
            request.lines.iter().filter_map(|Object(line)| ProductId::parse(&line.product_id)).collect();
        let found =
            if ids.is_empty() { Vec::new() } else { context.store(self.products.find_many(context, &ids)).await? };
        let mut products: HashMap<String, Product> =
            found.into_iter().map(|product| (product.id.to_string(), product)).collect();
        let mut lines = Vec::with_capacity(request.lines.len());
        let mut unknown = Vec::new();
        for (index, Object(LineRequest { product_id, quantity })) in request.lines.iter().enumerate() {
            match products.remove(product_id) {
                Some(product) => lines.push((product, *quantity)),
                None => unknown.push(unknown_product(index)),
            }
        }
        if unknown.is_empty() { Ok(lines) } else { Err(Problem::Validation(in_order(unknown))) }
    }
}

/// Whether the store, or its data, said no: not a fault.
fn is_refusal(problem: &Problem) -> bool {
    matches!(problem, Problem::Validation(_) | Problem::InsufficientStock(_) | Problem::EditConflict)
}

/// Which lines cannot be had. A product that is gone since it was looked up is unknown now.
fn refusal(order: &Order, shortages: &[Shortage]) -> Problem {
    let (mut unknown, mut short) = (Vec::new(), Vec::new());
    for (index, line) in order.lines.iter().enumerate() {
        match shortages.iter().find(|shortage| shortage.product_id == line.product_id) {
            Some(Shortage { left: None, .. }) => unknown.push(unknown_product(index)),
            Some(Shortage { left: Some(left), .. }) => short.push(insufficient_stock(index, *left)),
            None => {}
        }
    }
    if unknown.is_empty() {
        Problem::InsufficientStock(in_order(short))
    } else {
        Problem::Validation(in_order(unknown))
    }
}

fn unknown_product(index: usize) -> FieldError {
    let detail = "must be the id of a product".to_owned();
    FieldError { pointer: format!("/lines/{index}/product_id"), code: "unknown-product", detail }
}

fn insufficient_stock(index: usize, left: i64) -> FieldError {
    let detail = match left {
        0 => "none is left".to_owned(),
        1 => "only 1 is left".to_owned(),
        left => format!("only {left} are left"),
    };
    FieldError { pointer: format!("/lines/{index}/quantity"), code: "insufficient-stock", detail }
}

/// By pointer, byte by byte, as all errors are.
fn in_order(mut errors: Vec<FieldError>) -> Vec<FieldError> {
    errors.sort();
    errors
}
