"""Registration, sign-in, and the token's own user."""

import math
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError
from flask import Blueprint, jsonify
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from . import schemas
from .database import reading, writing
from .guards import endpoint
from .ids import new_id, now
from .models import LoginFailure, User
from .problems import Problem
from .responses import created, found
from .tokens import LIFETIME, issue

blueprint = Blueprint("auth", __name__)

# The costs of the Rust server (OWASP's for Argon2id).
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

# Verified for an unknown e-mail, so that it takes as long as a known one. No password gives a hash of zeros.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

# So many failures in so many milliseconds.
FAILURES_MAX = 10
WINDOW = 60_000


@blueprint.post("/api/auth/register")
@endpoint(body=schemas.Registration)
def register(body):
    return created(insert(new_user(body, "user")), "/api/users")


@blueprint.post("/api/auth/login")
@endpoint(body=schemas.Credentials)
def login(body):
    email_key = body.email.lower()
    refuse_too_many(reading(), email_key)
    user = reading().scalars(select(User).where(User.email_key == email_key)).one_or_none()
    if not verified(body.password, user):
        with writing() as session:
            # Guesses may be verified at the same time: in a transaction they are counted exactly.
            refuse_too_many(session, email_key)
            session.execute(delete(LoginFailure).where(LoginFailure.failed_at <= now() - WINDOW))
            session.add(LoginFailure(id=new_id(), email_key=email_key, failed_at=now()))
        raise Problem("invalid-credentials")
    refuse_too_many(reading(), email_key)
    return jsonify({"access_token": issue(user), "token_type": "Bearer", "expires_in": LIFETIME})


@blueprint.get("/api/auth/me")
@endpoint(token=True, if_none_match=True)
def me(caller, if_none_match):
    user = reading().get(User, caller.id)
    if user is None:
        raise Problem("token-invalid")
    return found(user, if_none_match)


def verified(password, user):
    try:
        return PASSWORDS.verify(user.password_hash if user else NOBODY, password)
    except VerificationError:
        return False


def refuse_too_many(session, email_key):
    """Refuses an address that has failed too often, until the oldest of those failures is a minute old."""
    recent = select(func.count(), func.min(LoginFailure.failed_at))
    recent = recent.where(LoginFailure.email_key == email_key, LoginFailure.failed_at > now() - WINDOW)
    failures, oldest = session.execute(recent).one()
    if failures >= FAILURES_MAX:
        wait = math.ceil((oldest + WINDOW - now()) / 1000)
        raise Problem("too-many-attempts", headers={"Retry-After": str(max(wait, 1))})


def new_user(body, role):
    """A user as it is first kept."""
    created_at = now()
    return User(
        id=new_id(),
        name=body.name,
        email=body.email,
        email_key=body.email.lower(),
        password_hash=PASSWORDS.hash(body.password),
        role=role,
        version=1,
        credentials_version=1,
        created_at=created_at,
        updated_at=created_at,
    )


def insert(user, caller=None):
    """Keeps a new user, for this caller if there is one."""
    with writing(caller) as session, email_taken():
        session.add(user)
        session.flush()
        session.expunge(user)
    return user


@contextmanager
def email_taken():
    """Says what it means that a user cannot be written: no other rule of the table can be broken."""
    try:
        yield
    except IntegrityError:
        raise Problem("email-taken") from None


def create_first_admin(database, email, password):
    """Creates the admin that the settings name, if there is no admin at all: one that was deleted on purpose must not come
    back with its old password."""
    if not email:
        return
    with database.writing.begin() as session:
        if session.scalars(select(User.id).where(User.role == "admin").limit(1)).first() is None:
            session.add(new_user(schemas.Registration(name="Admin", email=email, password=password), "admin"))
