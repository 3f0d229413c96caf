"""How gunicorn runs the application: processes with a few threads each. gunicorn's default kind would close every connection."""

import os
import signal
import threading

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
    if os.environ.get("STOP_ON_STDIN_CLOSE"):
        threading.Thread(target=stop_on_stdin_close, daemon=True).start()


def stop_on_stdin_close():
    """Ends this when its standard input ends, as it does when the process that started it is gone, however that ended."""
    # Not by sys.stdin: a worker that is forked meanwhile would inherit its lock.
    while os.read(0, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
