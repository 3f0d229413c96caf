"""The tables, the same as the migrations of `examples-sql/diesel` make: either opens the other's file."""

import json
from datetime import datetime, timedelta, timezone

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Json(TypeDecorator):
    """JSON in a column of text. SQLAlchemy's own type declares one of `JSON`, which SQLite takes for numbers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value, dialect):
        return json.loads(value)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, int: BigInteger, dict: Json}


class Versioned:
    """What can be changed: a version that rises by one, and times in milliseconds since 1970."""

    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[int]
    updated_at: Mapped[int]

    def as_json(self):
        """The version and the times as clients see them, last in every representation."""
        return {
            "version": self.version,
            "created_at": rfc3339(self.created_at),
            "updated_at": rfc3339(self.updated_at),
        }


class User(Versioned, Base):
    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'admin')"),
        Index("users_email_key", "email_key", unique=True),
        Index("users_role_id", "role", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    # The address in small letters: what is unique.
    email_key: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    # Raised by a new password or role: it ends the tokens issued before.
    credentials_version: Mapped[int] = mapped_column(default=1)

    def as_json(self):
        return {"id": self.id, "name": self.name, "email": self.email, "role": self.role} | super().as_json()


class Product(Versioned, Base):
    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_cents >= 0"),
        CheckConstraint("stock >= 0"),
        CheckConstraint("json_valid(attributes)"),
        Index("products_sku", "sku", unique=True),
        Index("products_category_id", "category", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    price_cents: Mapped[int]
    stock: Mapped[int]
    attributes: Mapped[dict]

    def as_json(self):
        return {
            "id": self.id,
            "sku": self.sku,
            "name": self.name,
            "category": self.category,
            "price_cents": self.price_cents,
            "stock": self.stock,
            "attributes": self.attributes,
        } | super().as_json()


class Order(Versioned, Base):
    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'paid', 'shipped', 'cancelled')"),
        Index("orders_customer_key", "customer_id", "idempotency_key", unique=True),
        Index("orders_customer_id_id", "customer_id", "id"),
        Index("orders_customer_status_id", "customer_id", "status", "id"),
        Index("orders_status_created", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey(User.id, name="orders_customer_id"))
    status: Mapped[str]
    subtotal_cents: Mapped[int]
    discount_cents: Mapped[int]
    total_cents: Mapped[int]
    idempotency_key: Mapped[str | None]

    customer: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    lines: Mapped[list["OrderLine"]] = relationship(lazy="selectin", order_by="OrderLine.position")

    def as_json(self):
        return {
            "id": self.id,
            "customer": {"id": self.customer.id, "name": self.customer.name},
            "status": self.status,
            "lines": [line.as_json() for line in self.lines],
            "subtotal_cents": self.subtotal_cents,
            "discount_cents": self.discount_cents,
            "total_cents": self.total_cents,
        } | super().as_json()


class OrderLine(Base):
    """A copy of the product at the time of the order. It does not refer to the product, which may be deleted."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0"),)

    order_id: Mapped[str] = mapped_column(ForeignKey(Order.id, name="order_lines_order_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    unit_price_cents: Mapped[int]
    quantity: Mapped[int]
    total_cents: Mapped[int]
    revenue_cents: Mapped[int]

    def as_json(self):
        return {
            "product_id": self.product_id,
            "name": self.name,
            "unit_price_cents": self.unit_price_cents,
            "quantity": self.quantity,
            "total_cents": self.total_cents,
        }


class LoginFailure(Base):
    """A sign-in that failed in the last minute. In a table, because the workers share no memory."""

    __tablename__ = "flask_login_failures"
    __table_args__ = (Index("flask_login_failures_email_key", "email_key", "failed_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    email_key: Mapped[str]
    failed_at: Mapped[int]


def rfc3339(millis):
    """Milliseconds since 1970 as the contract writes a time."""
    return (EPOCH + timedelta(milliseconds=millis)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
