"""Placing orders and moving them along."""

from flask import Blueprint
from sqlalchemy import select

from . import schemas, users
from .database import reading, writing
from .guards import endpoint
from .ids import new_id, now
from .models import Order, OrderLine, Product
from .pricing import price
from .problems import Problem, field_error
from .responses import created, found, page, tagged

blueprint = Blueprint("orders", __name__)

# The workflow: what an order can become.
NEXT = {"pending": {"paid", "cancelled"}, "paid": {"shipped", "cancelled"}, "shipped": set(), "cancelled": set()}


@blueprint.get("/api/users/<id>/orders")
@endpoint(token=True, query=schemas.ListOrders)
def list(caller, id, query):
    caller.must_be(id)
    orders = select(Order).where(Order.customer_id == id, Order.id > query.after)
    if query.status:
        orders = orders.where(Order.status == query.status)
    rows = reading().scalars(orders.order_by(Order.id).limit(query.limit + 1)).all()
    if not rows:
        users.existing(reading(), id)
    return page(rows, query, f"/api/users/{id}/orders", status=query.status)


@blueprint.post("/api/orders")
@endpoint(token=True, idempotency_key=True, body=schemas.NewOrder)
def create(caller, idempotency_key, body):
    with writing(caller) as session:
        placed = placed_before(session, caller, idempotency_key, body)
        if placed is not None:
            response = created(placed, "/api/orders")
            response.headers["Idempotency-Replayed"] = "true"
            return response
        order = place(session, caller, idempotency_key, body)
        return created(order, "/api/orders")


@blueprint.get("/api/orders/<id>")
@endpoint(token=True, if_none_match=True)
def find(caller, id, if_none_match):
    return found(existing(reading(), caller, id), if_none_match)


@blueprint.patch("/api/orders/<id>")
@endpoint(token=True, if_match=True, body=schemas.OrderPatch)
def update(caller, id, if_match, body):
    with writing(caller) as session:
        order = existing(session, caller, id)
        if body.status == "shipped":
            caller.must_be_admin()
        if_match.check(order.version)
        if body.status is None:
            return tagged(order)
        if body.status not in NEXT[order.status]:
            detail = f"An order that is {order.status} cannot become {body.status}."
            raise Problem("illegal-transition", detail)
        if order.status == "paid" and body.status == "cancelled":
            caller.must_be_admin()
        if body.status == "cancelled":
            give_back(session, order)
        order.status = body.status
        order.version += 1
        # A clock that was set back must not make a change older than the one before.
        order.updated_at = max(now(), order.updated_at)
        session.flush()
        return tagged(order)


def existing(session, caller, id):
    """An order that the caller may see. Others are not even told that it is there."""
    order = session.get(Order, id)
    if order is None or (order.customer_id != caller.id and caller.role != "admin"):
        raise Problem("not-found")
    return order


def placed_before(session, caller, key, body):
    """The order that the same request has placed before, if it has a key that was used."""
    if key is None:
        return None
    placed = select(Order).where(Order.customer_id == caller.id, Order.idempotency_key == key)
    order = session.scalars(placed).one_or_none()
    asked = [(line.product_id, line.quantity) for line in body.lines]
    if order is not None and asked != [(line.product_id, line.quantity) for line in order.lines]:
        raise Problem("idempotency-key-reused")
    return order


def place(session, caller, key, body):
    """Takes the stock of all lines, or of none, and keeps the order. Nobody else writes meanwhile."""
    products = products_by_id(session, [line.product_id for line in body.lines])
    lines = [(products.get(line.product_id), line.quantity) for line in body.lines]
    refuse_unknown(lines)
    refuse_short(lines)
    subtotal, discount, total, shares = price([(product.price_cents, quantity) for product, quantity in lines])
    order = Order(
        id=new_id(),
        customer_id=caller.id,
        status="pending",
        subtotal_cents=subtotal,
        discount_cents=discount,
        total_cents=total,
        idempotency_key=key,
        version=1,
        created_at=now(),
    )
    order.updated_at = order.created_at
    for position, ((product, quantity), share) in enumerate(zip(lines, shares)):
        product.stock -= quantity
        product.version += 1
        order.lines.append(line_of(product, quantity, position, share))
    session.add(order)
    session.flush()
    return order


def line_of(product, quantity, position, revenue_cents):
    """A copy of the product as it is now."""
    return OrderLine(
        position=position,
        product_id=product.id,
        name=product.name,
        category=product.category,
        unit_price_cents=product.price_cents,
        quantity=quantity,
        total_cents=product.price_cents * quantity,
        revenue_cents=revenue_cents,
    )


def give_back(session, order):
    """Gives the stock back to those products that still exist."""
    products = products_by_id(session, [line.product_id for line in order.lines])
    for line in order.lines:
        product = products.get(line.product_id)
        if product is not None:
            product.stock += line.quantity
            product.version += 1


def products_by_id(session, ids):
    return {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(ids)))}


def refuse_unknown(lines):
    unknown = [index for index, (product, _) in enumerate(lines) if product is None]
    if unknown:
        detail = "must be the id of a product"
        errors = [field_error(f"/lines/{index}/product_id", "unknown-product", detail) for index in unknown]
        raise Problem("validation", errors=errors)


def refuse_short(lines):
    short = [(index, product.stock) for index, (product, quantity) in enumerate(lines) if product.stock < quantity]
    if short:
        errors = [field_error(f"/lines/{index}/quantity", "insufficient-stock", left(stock)) for index, stock in short]
        raise Problem("insufficient-stock", errors=errors)


def left(stock):
    return {0: "none is left", 1: "only 1 is left"}.get(stock, f"only {stock} are left")
