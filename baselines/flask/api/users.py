"""The users of the service."""

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from . import schemas
from .auth import PASSWORDS, email_taken, insert, new_user
from .database import reading, writing
from .guards import endpoint
from .ids import now
from .models import User
from .problems import Problem
from .responses import created, found, no_content, page, tagged

blueprint = Blueprint("users", __name__, url_prefix="/api/users")


@blueprint.get("")
@endpoint(token=True, query=schemas.ListUsers)
def list(caller, query):
    users = select(User).where(User.id > query.after).order_by(User.id).limit(query.limit + 1)
    if query.role:
        users = users.where(User.role == query.role)
    return page(reading().scalars(users).all(), query, "/api/users", role=query.role)


@blueprint.post("")
@endpoint(token=True, body=schemas.NewUser)
def create(caller, body):
    caller.must_be_admin()
    return created(insert(new_user(body, body.role), caller), "/api/users")


@blueprint.get("/<id>")
@endpoint(token=True, if_none_match=True)
def find(caller, id, if_none_match):
    return found(existing(reading(), id), if_none_match)


@blueprint.put("/<id>")
@endpoint(token=True, if_match=True, body=schemas.UserReplacement)
def replace(caller, id, if_match, body):
    caller.must_be(id)
    with writing(caller) as session:
        user = existing(session, id)
        if_match.check(user.version)
        return changed(session, user, name=body.name, email=body.email, email_key=body.email.lower())


@blueprint.patch("/<id>")
@endpoint(token=True, if_match=True, body=schemas.UserPatch)
def update(caller, id, if_match, body):
    caller.must_be(id)
    changes = body.model_dump(exclude_unset=True)
    if "role" in changes:
        caller.must_be_admin()
    # A hash takes tens of milliseconds: none is made while the database is locked, nor for nothing.
    if not changes or "password" in changes:
        user = existing(reading(), id)
        if_match.check(user.version)
        if not changes:
            return tagged(user)
        changes["password_hash"] = PASSWORDS.hash(changes.pop("password"))
    if "email" in changes:
        changes["email_key"] = changes["email"].lower()
    with writing(caller) as session:
        user = existing(session, id)
        if_match.check(user.version)
        role = changes.get("role", user.role)
        if role != user.role or "password_hash" in changes:
            changes["credentials_version"] = user.credentials_version + 1
        if role != "admin":
            keep_an_admin(session, user)
        return changed(session, user, **changes)


@blueprint.delete("/<id>")
@endpoint(token=True, if_match=True)
def delete(caller, id, if_match):
    caller.must_be(id)
    with writing(caller) as session:
        user = existing(session, id)
        if_match.check(user.version)
        keep_an_admin(session, user)
        session.delete(user)
        try:
            session.flush()
        except IntegrityError:
            # Orders alone refer to a user.
            raise Problem("has-orders") from None
    return no_content()


def existing(session, id):
    user = session.get(User, id)
    if user is None:
        raise Problem("not-found")
    return user


def changed(session, user, **changes):
    """Writes the changes, and answers the user as it is now."""
    for name, value in changes.items():
        setattr(user, name, value)
    user.version += 1
    # A clock that was set back must not make a change older than the one before.
    user.updated_at = max(now(), user.updated_at)
    with email_taken():
        session.flush()
    return tagged(user)


def keep_an_admin(session, user):
    """Refuses to lose the only admin."""
    others = select(User.id).where(User.role == "admin", User.id != user.id).limit(1)
    if user.role == "admin" and session.scalars(others).first() is None:
        raise Problem("last-admin")
