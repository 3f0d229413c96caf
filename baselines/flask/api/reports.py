"""What was sold, for admins."""

from datetime import datetime, time, timedelta, timezone

from flask import Blueprint, jsonify
from sqlalchemy import func, select

from . import schemas
from .database import reading
from .guards import endpoint
from .models import Order, OrderLine

blueprint = Blueprint("reports", __name__)


@blueprint.get("/api/reports/sales")
@endpoint(token=True, query=schemas.SalesQuery)
def sales(caller, query):
    caller.must_be_admin()
    revenue = func.sum(OrderLine.revenue_cents).label("revenue_cents")
    orders = func.count(OrderLine.order_id.distinct()).label("orders")
    units = func.sum(OrderLine.quantity).label("units")
    sold = select(OrderLine.category, orders, units, revenue).join(Order, Order.id == OrderLine.order_id)
    sold = sold.where(Order.status.in_(["paid", "shipped"]))
    if query.first:
        sold = sold.where(Order.created_at >= begin_of(query.first))
    if query.to:
        sold = sold.where(Order.created_at < begin_of(query.to) + DAY)
    sold = sold.group_by(OrderLine.category).order_by(revenue.desc(), OrderLine.category)
    categories = [dict(row) for row in reading().execute(sold).mappings()]
    days = {"from": query.first and query.first.isoformat(), "to": query.to and query.to.isoformat()}
    return jsonify(days | {"categories": categories})


# In milliseconds.
DAY = timedelta(days=1) // timedelta(milliseconds=1)


def begin_of(day):
    """When a day begins in UTC, in milliseconds since 1970."""
    return int(datetime.combine(day, time(), timezone.utc).timestamp()) * 1000
