"""Settings by environment, under the names that the Rust server has for them."""

import os
import secrets

# As long as the hash (RFC 7518, section 3.2).
SECRET_MIN = 32


def from_environment(environment=os.environ):
    """The configuration of the application.

    Raises `SystemExit` with a sentence that says what to do.
    """
    # A secret made here is the same in all workers, since the application is made before they are forked.
    secret = environment.get("JWT_SECRET") or secrets.token_hex(SECRET_MIN)
    if len(secret.encode()) < SECRET_MIN:
        raise SystemExit(f"JWT_SECRET must be at least {SECRET_MIN} bytes long; make one with `openssl rand -hex 32`")
    email, password = environment.get("ADMIN_EMAIL"), environment.get("ADMIN_PASSWORD")
    if bool(email) != bool(password):
        raise SystemExit(
            "ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both to create the first admin, or neither"
        )
    return {
        "DATABASE_PATH": sqlite_path(environment.get("DATABASE_URL") or "sqlite://data/flask.db"),
        # Of each worker: a process shares no connection with another.
        "POOL_SIZE": int(environment.get("POOL_SIZE") or os.cpu_count() or 1),
        "JWT_SECRET": secret,
        "JWT_ISSUER": environment.get("JWT_ISSUER", "stackdiff"),
        "JWT_AUDIENCE": environment.get("JWT_AUDIENCE", "stackdiff-api"),
        "ADMIN_EMAIL": email,
        "ADMIN_PASSWORD": password,
    }


def sqlite_path(url):
    """The file of `sqlite://data/x.db`: all that follows the scheme, where SQLAlchemy's own URLs have a slash more."""
    scheme, separator, path = url.partition("://")
    if scheme != "sqlite" or not separator or not path:
        raise SystemExit("DATABASE_URL must name an SQLite file, such as sqlite://data/flask.db")
    return path
