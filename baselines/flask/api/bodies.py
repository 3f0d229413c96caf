"""Reading a body or a query: all that fails is told at once, under the contract's codes."""

import json
import math
from urllib.parse import parse_qsl

from flask import request
from pydantic import ValidationError
from werkzeug.http import parse_options_header

from .problems import Problem, field_error

# At most so many failing fields are told, and so many characters of a name that a client made up.
ERRORS_MAX = 32
NAME_SHOWN = 100

NESTING_MAX = 127

# What pydantic calls a failure, and what the contract does. The rules of `schemas.py` bear the contract's codes already.
CODES = {
    "missing": "required",
    "extra_forbidden": "unknown-field",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "string_pattern_mismatch": "format",
    "greater_than_equal": "too-small",
    "less_than_equal": "too-large",
    "too_short": "too-few",
    "literal_error": "not-an-option",
}


class Members(dict):
    """A JSON object that remembers the names that stood in it more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.repeated = []
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            self.repeated = [name for name in self if names.count(name) > 1]


def double(text):
    """A number with a fraction or an exponent; JSON has others than Python's floats, and so are refused."""
    number = float(text)
    if math.isinf(number):
        raise ValueError("beyond a double")
    return number


def whole(text):
    """A whole number. Beyond 64 bits it is a double, as in most languages."""
    number = double(text)
    return int(text) if -(2.0**63) <= number < 2.0**64 else number


def no_number(text):
    raise ValueError(f"{text} is no JSON")


DECODER = json.JSONDecoder(object_pairs_hook=Members, parse_float=double, parse_int=whole, parse_constant=no_number)


def read_json(data):
    """The document of a JSON text (RFC 8259), which is stricter than Python."""
    try:
        text = data.decode()
        if text.startswith("\ufeff"):
            raise ValueError("a byte order mark")
        document = DECODER.decode(text)
        if "\\u" in text:
            # Fails for a lone surrogate.
            json.dumps(document, ensure_ascii=False).encode()
        if text.count("[") + text.count("{") > NESTING_MAX and depth(document) > NESTING_MAX:
            raise ValueError("too deep")
    except (ValueError, RecursionError):
        raise Problem("malformed-json") from None
    return document


def depth(document):
    match document:
        case dict():
            return 1 + max(map(depth, document.values()), default=0)
        case list():
            return 1 + max(map(depth, document), default=0)
        case _:
            return 0


def read_body(model, data):
    """A body: media type, then JSON syntax, then shape and values."""
    if not data:
        raise Problem("malformed-json", "The body is empty: it must be a JSON object.")
    check_media_type()
    document = read_json(data)
    errors = {}
    body = check(model, document, errors, pointer)
    for place in repeated(document):
        # Of a field that is not known it does not matter how often it stands.
        if errors.get(place, ("",))[0] != "unknown-field":
            errors[place] = ("duplicate-field", "stands more than once")
    refuse(errors)
    return body


def check_media_type():
    """Refuses what is not JSON in UTF-8, or is compressed."""
    patch = request.method == "PATCH"
    media_type, parameters = parse_options_header(request.headers.get("Content-Type"))
    accepted = ("application/json", "application/merge-patch+json") if patch else ("application/json",)
    is_utf_8 = parameters.get("charset", "utf-8").lower() == "utf-8"
    is_plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
    if media_type.lower() in accepted and is_utf_8 and is_plain:
        return
    if patch:
        headers = {"Accept-Patch": "application/merge-patch+json, application/json"}
    else:
        headers = {"Accept": "application/json"}
    raise Problem("unsupported-media-type", headers=headers)


def read_query(model):
    """A query. Unknown and repeated parameters are refused."""
    pairs = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
    errors = {}
    query = check(model, dict(pairs), errors, parameter)
    names = [name for name, _ in pairs]
    for name in set(names):
        place = parameter((name,))
        if names.count(name) > 1:
            errors[place] = ("duplicate-parameter", "stands more than once")
        elif errors.get(place, ("",))[0] == "unknown-field":
            errors[place] = ("unknown-parameter", "is not a parameter of this operation")
    refuse(errors)
    return query


def check(model, document, errors, place):
    """The document as a model; what fails is added to `errors`: a code and a sentence by place."""
    try:
        return model.model_validate(document)
    except ValidationError as failures:
        for failure in failures.errors(include_url=False, include_context=False):
            # Where a name fails, pydantic says so in one more step.
            location = tuple(step for step in failure["loc"] if step != "[key]")
            errors.setdefault(place(location), (code_of(failure), failure["msg"]))
        return None


def code_of(failure):
    kind = failure["type"]
    if kind == "literal_error" and not isinstance(failure["input"], str):
        return "type"
    # `string_type`, `int_type`, `list_type`, `model_type` ...; what has another name is a rule of `schemas.py`.
    return "type" if kind.endswith("_type") else CODES.get(kind, kind)


def refuse(errors):
    """Raises the errors, if there are any."""
    if errors:
        told = [field_error(place, *errors[place]) for place in sorted(errors)][:ERRORS_MAX]
        count = "1 field is" if len(told) == 1 else f"{len(told)} fields are"
        raise Problem("validation", f"{count} not valid.", errors=told)


def repeated(document, parents=()):
    """The places of all names that stand more than once in their object."""
    match document:
        case Members():
            yield from (pointer((*parents, name)) for name in document.repeated)
            for name, value in document.items():
                yield from repeated(value, (*parents, name))
        case list():
            for index, value in enumerate(document):
                yield from repeated(value, (*parents, index))


def pointer(location):
    """The RFC 6901 pointer of these names and indexes."""
    steps = (str(step)[:NAME_SHOWN].replace("~", "~0").replace("/", "~1") for step in location)
    return "".join(f"/{step}" for step in steps)


def parameter(location):
    return f"?{location[0][:NAME_SHOWN]}"
