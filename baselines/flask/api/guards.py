"""What stands before a view: token, conditional headers, body, query, in the order of the contract."""

import re
from functools import wraps
from typing import NamedTuple

from flask import g, request

from .bodies import read_body, read_query
from .observe import layer
from .problems import Problem
from .tokens import authenticate

# The contract's pattern for a list of entity tags; the headers are Latin-1 to WSGI.
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"(?:[ \t]*,)*[ \t]*{TAG}(?:[ \t]*,(?:[ \t]*{TAG})?)*[ \t]*")

# The largest body taken, in bytes.
BODY_LIMIT = 64 * 1024

KEY = re.compile(r"[\x21-\x7e]{1,64}")


class Condition(NamedTuple):
    """`If-Match` or `If-None-Match`: None without the header, else the tags, or `*` for any."""

    tags: list | None = None

    def names(self, version, *, weak=False):
        """Whether it names this version. A weak tag does only where that is allowed."""
        tag = f'"{version}"'
        return "*" in self.tags or tag in self.tags or (weak and f"W/{tag}" in self.tags)

    def check(self, version):
        """`If-Match`: refuses to change another version."""
        if self.tags is not None and not self.names(version):
            raise Problem("precondition-failed")

    def is_fresh(self, version):
        """`If-None-Match`: whether the client has this version already."""
        return self.tags is not None and self.names(version, weak=True)


def endpoint(*, token=False, if_match=False, if_none_match=False, idempotency_key=False, body=None, query=None):
    """Has a view called with what it asks for, as arguments of the same names; `token` brings the `caller`."""

    def decorate(view):
        @wraps(view)
        def guarded(**arguments):
            if token:
                arguments["caller"] = authenticate()
            if if_match:
                arguments["if_match"] = read_condition("If-Match")
            if if_none_match:
                arguments["if_none_match"] = read_condition("If-None-Match")
            if idempotency_key:
                arguments["idempotency_key"] = read_key()
            if body is not None:
                # Every operation with a body needs a token or takes a password.
                g.private = True
                data = read_data()
                with layer("validation"):
                    arguments["body"] = read_body(body, data)
            if query is not None:
                with layer("validation"):
                    arguments["query"] = read_query(query)
            with layer("service"):
                return view(**arguments)

        return guarded

    return decorate


def read_data():
    """The bytes of the body. One that says itself that it is too large is refused before any of it is read."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise Problem("payload-too-large")
    data = request.get_data(cache=False)
    if len(data) > BODY_LIMIT:
        raise Problem("payload-too-large")
    return data


def read_condition(name):
    """A conditional header (RFC 9110, section 13.1)."""
    header = request.headers.get(name)
    if header is None:
        return Condition()
    header = header.strip(" \t")
    if header == "*":
        return Condition(["*"])
    if not TAGS.fullmatch(header):
        raise Problem("malformed-header", f"{name} is neither * nor a list of entity tags.")
    return Condition(re.findall(TAG, header))


def read_key():
    """`Idempotency-Key`, if there is one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Problem("malformed-header", "Idempotency-Key must be 1 to 64 visible ASCII characters.")
    return key
