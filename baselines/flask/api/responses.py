"""The answers that views share."""

import base64
import uuid
from urllib.parse import quote

from flask import current_app, jsonify


def found(thing, if_none_match):
    """A resource, unless the client has this version already."""
    if if_none_match.is_fresh(thing.version):
        response = current_app.response_class(status=304)
        del response.headers["Content-Type"]
        response.set_etag(str(thing.version))
        return response
    return tagged(thing)


def tagged(thing, status=200):
    """A resource with its version."""
    response = jsonify(thing.as_json())
    response.status_code = status
    response.set_etag(str(thing.version))
    return response


def created(thing, path):
    """A new resource at this path."""
    response = tagged(thing, 201)
    response.headers["Location"] = f"{path}/{thing.id}"
    return response


def no_content():
    response = current_app.response_class(status=204)
    del response.headers["Content-Type"]
    return response


def page(rows, query, path, **filters):
    """A keyset page of rows that were asked for with one more than the limit: its being there says that there is a next
    page."""
    items = rows[: query.limit]
    following = cursor(items[-1].id) if len(rows) > query.limit else None
    response = jsonify({"items": [item.as_json() for item in items], "next": following})
    if following:
        given = "".join(f"&{name}={quote(value, safe='')}" for name, value in filters.items() if value is not None)
        response.headers["Link"] = f'<{path}?limit={query.limit}{given}&after={following}>; rel="next"'
    return response


def cursor(thing_id):
    """An id as `after` takes it."""
    return base64.urlsafe_b64encode(uuid.UUID(thing_id).bytes).decode().rstrip("=")
