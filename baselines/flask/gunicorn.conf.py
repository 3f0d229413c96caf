"""How gunicorn runs the application: processes with a few threads each. gunicorn's default kind would close every connection."""

import os

wsgi_app = "api:create_app()"
bind = os.environ.get("LISTEN", "127.0.0.1:3000")
workers = int(os.environ.get("WORKERS") or os.cpu_count() or 1)
worker_class = "gthread"
threads = 4
keepalive = 75
# The application is made once, in the parent: the tables and the first admin, too, and workers share its memory.
preload_app = True
# gunicorn's limit of 4,094 bytes would answer a long path in gunicorn's words.
limit_request_line = 0
loglevel = "warning"
# A socket below the home folder, by which other programs could command this one.
control_socket_disable = True


def when_ready(server):
    """Tells whoever started this where it listens. With port 0 the system has chosen a port by now."""
    for listener in server.LISTENERS:
        print(f"listening on {listener}", flush=True)
