"""What can be ordered: everybody sees it, admins change it."""

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from . import schemas
from .database import reading, writing
from .guards import endpoint
from .ids import new_id, now
from .models import Product
from .problems import Problem
from .responses import created, found, no_content, page, tagged

blueprint = Blueprint("products", __name__, url_prefix="/api/products")


@blueprint.get("")
@endpoint(query=schemas.ListProducts)
def list(query):
    products = select(Product).where(Product.id > query.after).order_by(Product.id).limit(query.limit + 1)
    if query.category is not None:
        products = products.where(Product.category == query.category)
    return page(reading().scalars(products).all(), query, "/api/products", category=query.category)


@blueprint.post("")
@endpoint(token=True, body=schemas.NewProduct)
def create(caller, body):
    caller.must_be_admin()
    created_at = now()
    product = Product(id=new_id(), version=1, created_at=created_at, updated_at=created_at, **fields(body))
    with writing(caller) as session:
        session.add(product)
        flush(session)
        return created(product, "/api/products")


@blueprint.get("/<id>")
@endpoint(if_none_match=True)
def find(id, if_none_match):
    return found(existing(reading(), id), if_none_match)


@blueprint.put("/<id>")
@endpoint(token=True, if_match=True, body=schemas.NewProduct)
def replace(caller, id, if_match, body):
    caller.must_be_admin()
    with writing(caller) as session:
        product = existing(session, id)
        if_match.check(product.version)
        for name, value in fields(body).items():
            setattr(product, name, value)
        product.version += 1
        # A clock that was set back must not make a change older than the one before.
        product.updated_at = max(now(), product.updated_at)
        flush(session)
        return tagged(product)


@blueprint.delete("/<id>")
@endpoint(token=True, if_match=True)
def delete(caller, id, if_match):
    caller.must_be_admin()
    with writing(caller) as session:
        product = existing(session, id)
        if_match.check(product.version)
        session.delete(product)
    return no_content()


def fields(body):
    """What an admin sets. Attributes are kept sorted by name, as they are answered."""
    return body.model_dump() | {"attributes": dict(sorted(body.attributes.items()))}


def existing(session, id):
    product = session.get(Product, id)
    if product is None:
        raise Problem("not-found")
    return product


def flush(session):
    try:
        session.flush()
    except IntegrityError:
        # No other rule of the table can be broken by a body that was checked.
        raise Problem("sku-taken") from None
