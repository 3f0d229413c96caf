"""Every error that a client can be told, as RFC 9457 problem details, and the pages that explain them."""

import logging

from flask import current_app, g, request
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

log = logging.getLogger(__name__)

# slug: status, title, and the sentence that explains it.
PROBLEMS = {
    "malformed-json": (400, "Malformed JSON", "The body is not valid JSON."),
    "malformed-header": (400, "Malformed header", "A header cannot be read."),
    "token-missing": (401, "Token missing", "This needs an Authorization header with a Bearer token."),
    "token-invalid": (401, "Token invalid", "The token is not valid, or no longer: sign in again."),
    "token-expired": (401, "Token expired", "The token has expired: sign in again."),
    "invalid-credentials": (401, "Invalid credentials", "The e-mail or the password is wrong."),
    "forbidden": (403, "Forbidden", "The token is good, but its user may not do this."),
    "not-found": (404, "Not found", "Nothing is here."),
    "method-not-allowed": (405, "Method not allowed", "This path does not take this method."),
    "request-timeout": (408, "Request timeout", "The body did not arrive in time."),
    "email-taken": (409, "E-mail taken", "Another user has this e-mail."),
    "last-admin": (409, "Last admin", "This is the only admin: make another user an admin first."),
    "has-orders": (409, "Has orders", "A user with orders cannot be deleted."),
    "sku-taken": (409, "SKU taken", "Another product has this SKU."),
    "insufficient-stock": (409, "Insufficient stock", "Some products have too few units left; nothing was taken."),
    "illegal-transition": (409, "Illegal transition", "An order does not move from its status to this one."),
    "edit-conflict": (409, "Edit conflict", "Other writers were faster: read it again."),
    "precondition-failed": (412, "Precondition failed", "The version is another one by now: read it again."),
    "payload-too-large": (413, "Payload too large", "A body holds at most 65,536 bytes."),
    "unsupported-media-type": (415, "Unsupported media type", "The body must be JSON in UTF-8, without a coding."),
    "validation": (422, "Validation failed", "Some fields are not valid; `errors` lists all of them."),
    "idempotency-key-reused": (422, "Idempotency key reused", "This key belongs to another order."),
    "too-many-attempts": (429, "Too many attempts", "Too many attempts for this e-mail have failed: try again later."),
    "internal": (500, "Internal error", "The service has failed. It has been logged under the request id."),
    "overloaded": (503, "Overloaded", "Too much is waiting already: try again soon."),
    "store-unavailable": (503, "Store unavailable", "The store does not answer: try again soon."),
    "shutting-down": (503, "Shutting down", "The service is shutting down: try again soon."),
}

WWW_AUTHENTICATE = {
    "token-missing": "Bearer",
    "invalid-credentials": "Bearer",
    "token-invalid": 'Bearer error="invalid_token"',
    "token-expired": 'Bearer error="invalid_token", error_description="The token has expired"',
}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p><code>{slug}</code>, status {status}</p><p>{sentence}</p></body>
</html>
"""


class Problem(Exception):
    """What went wrong: raised anywhere, answered in one place."""

    def __init__(self, slug, detail=None, *, errors=None, headers=None):
        super().__init__(slug)
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def field_error(pointer, code, detail):
    """One failing field: an RFC 6901 pointer or `?name`, a code for programs, a sentence that repeats nothing sent."""
    return {"pointer": pointer, "code": code, "detail": detail}


def init_app(app):
    """Has every error answered as a problem."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(ParseException, answer_broken)
    app.register_error_handler(OperationalError, answer_store)
    app.register_error_handler(Exception, answer_defect)


def answer(problem):
    """The answer to a problem, with the members in the contract's order."""
    status, title, sentence = PROBLEMS[problem.slug]
    details = {
        "type": f"/problems/{problem.slug}",
        "title": title,
        "status": status,
        "detail": problem.detail or sentence,
        "instance": request.environ["stackdiff.path"],
        "request_id": g.request_id,
    }
    if problem.errors is not None:
        details["errors"] = sorted(problem.errors, key=lambda error: error["pointer"])
    response = current_app.response_class(
        current_app.json.dumps(details), status=status, content_type="application/problem+json"
    )
    response.headers.update(problem.headers)
    if problem.slug in WWW_AUTHENTICATE:
        response.headers["WWW-Authenticate"] = WWW_AUTHENTICATE[problem.slug]
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


def answer_http(error):
    """What Flask itself refuses."""
    match error:
        case NotFound():
            return answer(Problem("not-found"))
        case MethodNotAllowed():
            allow = ",".join(method for method in METHODS if method in (error.valid_methods or ()))
            return answer(Problem("method-not-allowed", headers={"Allow": allow}))
        case RequestEntityTooLarge():
            return answer(Problem("payload-too-large"))
        case _ if error.code == 400:
            return answer_broken(error)
        case _:
            return answer_defect(error)


def answer_broken(_error):
    """The connection broke while the body was read, or the body is no series of chunks."""
    return answer(Problem("malformed-json", "The body could not be read."))


def answer_store(error):
    """SQLite is locked for too long, or its disk is full."""
    log.error("%s: the store failed", g.request_id, exc_info=error)
    return answer(Problem("store-unavailable"))


def answer_defect(error):
    """A defect: the reason goes to the log, never to the client."""
    log.error("%s: a request failed", g.request_id, exc_info=error)
    return answer(Problem("internal"))
