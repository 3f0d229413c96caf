"""What bodies and queries may hold. Types are strict: `"1"` and `1.0` are no whole numbers."""

import base64
import re
import uuid
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError as Failure

# Unicode's White_Space, which is less than Python's `strip` takes away.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# The rule of HTML's `<input type="email">`.
EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
EMAIL_MAX = 254

ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
ATTRIBUTES_MAX = 20
LINES_MAX = 20
# Every store keeps numbers of these sizes exactly.
SIZE_MIN, SIZE_MAX = 0.000001, 9007199254740991


def line(shortest, longest):
    """A rule for a line of text: so many characters, none of them a control character."""

    def rule(text):
        if len(text) < shortest:
            raise Failure("too-short", "must not be empty")
        if len(text) > longest:
            raise Failure("too-long", "must have at most {longest} characters", {"longest": longest})
        if CONTROL.search(text):
            raise Failure("control-character", "must hold no control characters")
        return text

    return rule


def matching(pattern, sentence):
    """A rule for a text that must match as a whole."""

    def rule(text):
        if not pattern.fullmatch(text):
            raise Failure("format", sentence)
        return text

    return AfterValidator(rule)


def at_most(count):
    """A rule for an object or an array, looked at before its parts are."""

    def rule(value):
        if isinstance(value, (dict, list)) and len(value) > count:
            raise Failure("too-many", "must have at most {count} members", {"count": count})
        return value

    return BeforeValidator(rule)


def each_product_once(lines):
    if len({line.product_id for line in lines}) < len(lines):
        raise Failure("duplicate-product", "must name each product once")
    return lines


def attribute(value):
    """The value of an attribute. Whole numbers are kept without a fraction."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return ATTRIBUTE_TEXT(value)
    if not isinstance(value, (int, float)):
        raise Failure("type", "must be a string, a number or a boolean")
    if value != 0 and not SIZE_MIN <= abs(value) <= SIZE_MAX:
        raise Failure("out-of-range", "must be 0, or between 0.000001 and 9007199254740991 in size")
    return int(value) if value == int(value) else value


def digits(text):
    """A whole number in a query."""
    if not re.fullmatch(r"-?[0-9]+", text) or len(text) > 4_000:
        raise Failure("type", "must be a whole number")
    return int(text)


def cursor(text):
    """The id in a cursor: its 16 bytes in base64url."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", text):
        raise Failure("format", "must be a cursor that an earlier page gave as `next`")
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(text + "==")))


def day(text):
    """A day that the calendar has, as RFC 3339's full-date."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Failure("format", "must be a day such as 2025-01-31")


ATTRIBUTE_TEXT = line(0, 200)
TRIMMED = AfterValidator(lambda text: text.strip(WHITE_SPACE))

Name = Annotated[str, TRIMMED, AfterValidator(line(1, 100))]
Category = Annotated[str, TRIMMED, AfterValidator(line(1, 50))]
Email = Annotated[str, Field(max_length=EMAIL_MAX), matching(EMAIL, "must be an e-mail address")]
Password = Annotated[str, Field(min_length=8, max_length=128)]
Role = Literal["user", "admin"]
Status = Literal["pending", "paid", "shipped", "cancelled"]
Sku = Annotated[str, matching(re.compile(r"[A-Z0-9-]{1,32}"), "must be 1 to 32 capital letters, digits and hyphens")]
AttributeName = Annotated[
    str, matching(ATTRIBUTE_NAME, "must be named by 1 to 40 small letters, digits and underscores")
]
Attributes = Annotated[dict[AttributeName, Annotated[Any, AfterValidator(attribute)]], at_most(ATTRIBUTES_MAX)]
Limit = Annotated[int, Field(ge=1, le=100), BeforeValidator(digits)]
Cursor = Annotated[str, AfterValidator(cursor)]
Day = Annotated[date, BeforeValidator(day)]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Registration(Strict):
    name: Name
    email: Email
    password: Password


class Credentials(Strict):
    email: Email
    # Rules for new passwords change, and old ones stay.
    password: Annotated[str, Field(min_length=1, max_length=128)]


class NewUser(Registration):
    role: Role


class UserReplacement(Strict):
    name: Name
    email: Email


class UserPatch(Strict):
    """What is there has a value; `model_fields_set` says what is there."""

    name: Name = None
    email: Email = None
    password: Password = None
    role: Role = None


class NewProduct(Strict):
    sku: Sku
    name: Name
    category: Category
    price_cents: Annotated[int, Field(ge=0, le=100_000_000)]
    stock: Annotated[int, Field(ge=0, le=1_000_000)]
    attributes: Attributes = {}


class NewOrderLine(Strict):
    product_id: str
    quantity: Annotated[int, Field(ge=1, le=1_000)]


class NewOrder(Strict):
    lines: Annotated[list[NewOrderLine], Field(min_length=1), AfterValidator(each_product_once), at_most(LINES_MAX)]


class OrderPatch(Strict):
    status: Status = None


class PageQuery(Strict):
    limit: Limit = 20
    after: Cursor = ""


class ListUsers(PageQuery):
    role: Role | None = None


class ListProducts(PageQuery):
    category: Category | None = None


class ListOrders(PageQuery):
    status: Status | None = None


class SalesQuery(Strict):
    """`from` is a word of Python's own."""

    first: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None

    @field_validator("to")
    @classmethod
    def not_before_the_first(cls, to, info):
        first = info.data.get("first")
        if to and first and to < first:
            raise Failure("before-from", "must not be before `from`")
        return to
