"""The lesson's stack, Flask and SQLAlchemy under gunicorn, as a yardstick: the contract of `contract/openapi.yaml`.

Read `guards.py` beside a framework's `extractors.rs`, and `users.py` beside its `handlers/users.rs`. What this keeps of the
contract is in `cases.txt`.
"""

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from . import auth, observe, orders, problems, products, reports, system, users
from .database import Database
from .guards import BODY_LIMIT
from .paths import PathAsSent
from .settings import from_environment


class Json(DefaultJSONProvider):
    """As compact as it gets, with the members in their order."""

    sort_keys = False
    ensure_ascii = False

    def dumps(self, obj, **options):
        return super().dumps(obj, separators=(",", ":"), **options)

    def response(self, *args, **kwargs):
        # Flask's own ends the text with a line break.
        text = self.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(text, mimetype=self.mimetype)


def create_app(settings=None):
    """Makes the application, and what is missing of its database."""
    app = Flask(__name__, static_folder=None)
    app.json = Json(app)
    app.config.from_mapping(from_environment() if settings is None else settings)
    # One more than is taken: of a body without a length, Flask would cut off the rest in silence.
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT + 1
    # `OPTIONS` is a method like others: 405.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    app.wsgi_app = PathAsSent(app.wsgi_app)

    database = Database(app.config["DATABASE_PATH"], app.config["POOL_SIZE"])
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
