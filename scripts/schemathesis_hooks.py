"""Hooks for Schemathesis, for scripts/schemathesis."""

import os

import schemathesis


# What must be written as an integer: JSON Schema cannot tell 1.0 from 1, the service does.
INTEGERS = ("price_cents", "stock", "quantity")


def with_integers(value, name=None):
    """The same value by JSON Schema's measure, its integers written as such."""
    if isinstance(value, dict):
        return {name: with_integers(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    return int(value) if name in INTEGERS and isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_call(context, case, kwargs):
    """Keeps the token alive: another id instead of its own user's where that user could lose password, role or life."""
    if case.method in ("PATCH", "DELETE") and case.path_parameters.get("id") == os.environ["USER_ID"]:
        case.path_parameters["id"] = "another"
    case.body = with_integers(case.body)


@schemathesis.hook
def after_call(context, case, response):
    """Notes how each operation was answered."""
    with open(os.environ["ANSWERS"], "a") as answers:
        print(case.operation.definition.raw["operationId"], response.status_code, file=answers)
