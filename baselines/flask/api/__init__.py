"""The lesson's stack, Flask and SQLAlchemy under gunicorn, as a yardstick: the contract of `contract/openapi.yaml`.

Read `guards.py` beside a framework's `extractors.rs`, and `users.py` beside its `handlers/users.rs`. What this keeps of the
contract is in `cases.txt`.
"""

from flask import Flask

from . import auth, observe, orders, problems, products, reports, system, users
from .database import Database
from .paths import PathAsSent
from .settings import from_environment

# The largest body taken, in bytes.
BODY_LIMIT = 64 * 1024


def create_app(settings=None):
    """Makes the application, and what is missing of its database."""
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(from_environment() if settings is None else settings)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    # `OPTIONS` is a method like others: 405.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    app.json.sort_keys = False
    app.json.ensure_ascii = False
    app.json.compact = True
    app.wsgi_app = PathAsSent(app.wsgi_app)

    database = Database(app.config["DATABASE_PATH"])
    app.extensions["database"] = database
    database.create_tables()
    auth.create_first_admin(database, app.config["ADMIN_EMAIL"], app.config["ADMIN_PASSWORD"])
    # No connection may outlive a fork.
    database.engine.dispose()

    observe.init_app(app)
    problems.init_app(app)
    app.teardown_appcontext(database.close_session)
    for module in (auth, users, products, orders, reports, system):
        app.register_blueprint(module.blueprint)
    return app
