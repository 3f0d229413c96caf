"""JSON Web Tokens (RFC 7519), signed with HS256, and who sent a request."""

import time
from threading import Lock
from typing import NamedTuple

import jwt
from cachetools import TTLCache
from flask import current_app, g, request

from .database import confirm, reading
from .observe import layer
from .problems import Problem

# Seconds: a day.
LIFETIME = 86_400

# Callers whom the database has confirmed in the last four seconds, by id, as the Rust servers remember them: a read costs one
# query and not two. Nobody is refused from memory, and who changes anything is looked up again.
CONFIRMED = TTLCache(maxsize=100_000, ttl=4)
CONFIRMED_LOCK = Lock()


class Caller(NamedTuple):
    """Who sent a request, by a token that was good when it was looked at."""

    id: str
    role: str
    credentials_version: int

    def must_be_admin(self):
        if self.role != "admin":
            raise Problem("forbidden", "Only admins may do this.")

    def must_be(self, user_id):
        if self.id != user_id and self.role != "admin":
            raise Problem("forbidden", "Only the user and admins may do this.")


def issue(user):
    """A token for this user, good for a day."""
    config, issued = current_app.config, int(time.time())
    claims = {
        "sub": user.id,
        "role": user.role,
        "iss": config["JWT_ISSUER"],
        "aud": config["JWT_AUDIENCE"],
        "iat": issued,
        "exp": issued + LIFETIME,
        # A new password or role ends the tokens issued before.
        "cv": user.credentials_version,
    }
    return jwt.encode(claims, config["JWT_SECRET"], algorithm="HS256")


def authenticate():
    """Who sent this request (RFC 6750). The token says who; that the user is still there with the same role and password
    is asked of the database, at most every few seconds a user."""
    g.private = True
    with layer("auth"):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem("token-missing")
        caller = verify(token)
        with CONFIRMED_LOCK:
            known = CONFIRMED.get(caller.id)
        if known != caller:
            confirm(reading(), caller)
            with CONFIRMED_LOCK:
                CONFIRMED[caller.id] = caller
        return caller


def verify(token):
    """The caller of a token of ours that has not expired."""
    config = current_app.config
    try:
        claims = jwt.decode(
            token,
            config["JWT_SECRET"],
            algorithms=["HS256"],
            issuer=config["JWT_ISSUER"],
            audience=config["JWT_AUDIENCE"],
            # PyJWT looks at `exp` before issuer and audience, and would call a token of somebody else's an expired one.
            options={
                "require": ["sub", "role", "iss", "aud", "iat", "exp", "cv"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        expires = float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise Problem("token-invalid") from None
    if expires <= time.time():
        raise Problem("token-expired")
    return Caller(claims["sub"], claims["role"], claims["cv"])
