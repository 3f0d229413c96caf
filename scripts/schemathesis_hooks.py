"""Hooks for Schemathesis, for scripts/schemathesis."""

import os

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Keeps the token alive: another id instead of its own user's where that user could lose password, role or life."""
    if case.method in ("PATCH", "DELETE") and case.path_parameters.get("id") == os.environ["USER_ID"]:
        case.path_parameters["id"] = "another"


@schemathesis.hook
def after_call(context, case, response):
    """Notes how each operation was answered."""
    with open(os.environ["ANSWERS"], "a") as answers:
        print(case.operation.definition.raw["operationId"], response.status_code, file=answers)
