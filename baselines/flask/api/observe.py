"""What surrounds every request: its id, the headers of its answer, and how long each layer took."""

import re
import time
from contextlib import contextmanager

from flask import g, has_request_context, request
from sqlalchemy import event

from .ids import new_id

LAYERS = ("auth", "validation", "service", "store")
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")


def init_app(app):
    """Has every request begin and end here."""
    app.before_request(begin)
    app.after_request(end)


def begin():
    """Takes over the client's request id, or makes one."""
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else new_id()
    g.private = False
    g.spent = {}
    g.layers = []


def end(response):
    """Writes the headers that every answer carries."""
    headers = response.headers
    headers["X-Request-Id"] = g.request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if g.private:
        headers["Cache-Control"] = "no-store"
    if g.spent:
        timings = ((name, g.spent[name]) for name in LAYERS if name in g.spent)
        headers["Server-Timing"] = ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in timings)
    return response


@contextmanager
def layer(name):
    """Times a layer, without the layers under it."""
    begun = time.perf_counter()
    # A layer's name, and how long the layers under it took.
    g.layers.append([name, 0.0])
    try:
        yield
    finally:
        _, under = g.layers.pop()
        spend(name, time.perf_counter() - begun, under)


def spend(name, seconds, under=0.0):
    g.spent[name] = g.spent.get(name, 0.0) + seconds - under
    if g.layers:
        g.layers[-1][1] += seconds


def watch(engine):
    """Counts the statements of the service to the layer of the store. Those that check a token are a part of that."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(_connection, _cursor, _statement, _parameters, context, _many):
        if context is not None:
            context.begun = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def after(_connection, _cursor, _statement, _parameters, context, _many):
        if context is not None and has_request_context() and g.layers and g.layers[-1][0] == "service":
            spend("store", time.perf_counter() - context.begun)
