"""The greeting, health, and the pages that explain problems."""

from flask import Blueprint, g, jsonify
from sqlalchemy import select

from .database import reading
from .guards import endpoint
from .models import User
from .problems import PAGE, PROBLEMS, Problem

blueprint = Blueprint("system", __name__)


@blueprint.get("/api/hello")
@endpoint()
def hello():
    return jsonify(message="Hello!")


@blueprint.get("/health/live")
def live():
    g.private = True
    return jsonify(status="live")


@blueprint.get("/health/ready")
def ready():
    g.private = True
    reading().scalars(select(User.id).limit(1)).first()
    return jsonify(status="ready")


@blueprint.get("/problems/<slug>")
def problem(slug):
    if slug not in PROBLEMS:
        raise Problem("not-found")
    status, title, sentence = PROBLEMS[slug]
    return PAGE.format(slug=slug, status=status, title=title, sentence=sentence)
