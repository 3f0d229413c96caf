"""The database: one SQLite file, and the sessions on it."""

import os
from contextlib import contextmanager
from pathlib import Path

from flask import current_app, g
from sqlalchemy import URL, create_engine, event, select
from sqlalchemy.orm import sessionmaker

from .models import Base, User
from .observe import layer, watch
from .problems import Problem

# How long a statement waits for another process's lock, in seconds.
BUSY_TIMEOUT = 2


class Database:
    """An engine, and two ways to open a session: to look at something, and to change something."""

    def __init__(self, path, pool_size):
        # Nobody else on the machine may read the hashes in it. SQLite gives its other files the same rights.
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        url = URL.create("sqlite", database=str(Path(path).absolute()))
        # No more than that: SQLAlchemy would open ten others and throw each away after its request.
        pool = {"pool_size": pool_size, "max_overflow": 0}
        self.engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT}, **pool)
        event.listen(self.engine, "connect", configure)
        event.listen(self.engine, "begin", begin)
        watch(self.engine)
        self.reading = sessionmaker(self.engine)
        self.writing = sessionmaker(self.engine.execution_options(begin="IMMEDIATE"))

    def create_tables(self):
        """Makes what is missing of the tables, and switches to the write-ahead log."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        with self.writing.begin() as session:
            Base.metadata.create_all(session.connection())

    @staticmethod
    def close_session(_error=None):
        """Ends the request's session, if it had one."""
        session = g.pop("session", None)
        if session is not None:
            session.close()


def configure(connection, _record):
    """Makes a new connection ready. The driver is to begin no transaction by itself: a reader needs none, and a writer
    begins its own."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def begin(connection):
    """Begins a writer's transaction. IMMEDIATE takes the lock first: whoever reads and then writes would be refused if
    another one wrote in between."""
    mode = connection.get_execution_options().get("begin")
    if mode:
        connection.exec_driver_sql(f"BEGIN {mode}")


def reading():
    """The session in which this request reads."""
    if "session" not in g:
        g.session = current_app.extensions["database"].reading()
    return g.session


@contextmanager
def writing(caller=None):
    """A session that is a transaction, committed at the end. The caller's token may have died since it was checked; from
    here on it cannot."""
    # A request that kept its connection and waited here for another could wait for one that does the same.
    current_app.extensions["database"].close_session()
    session = current_app.extensions["database"].writing()
    try:
        if caller is not None:
            confirm(session, caller)
        yield session
        session.flush()
        with layer("store"):
            session.commit()
    finally:
        session.close()


def confirm(session, caller):
    """Refuses a token whose user is gone or has a new role or password."""
    standing = select(User.role, User.credentials_version).where(User.id == caller.id)
    if session.execute(standing).one_or_none() != (caller.role, caller.credentials_version):
        raise Problem("token-invalid")
