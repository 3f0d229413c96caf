"""When two spellings of a path are the same path (RFC 3986, section 6.2.2)."""

import re
from urllib.parse import urlsplit

UNRESERVED = re.compile(r"%(4[1-9A-Fa-f]|5[0-9Aa]|6[1-9A-Fa-f]|7[0-9Aa]|3[0-9]|2[DdEe]|5[Ff]|7[Ee])")


class PathAsSent:
    """Has the routes match the path as it was sent, with encoded letters decoded and nothing else: WSGI's `PATH_INFO` has
    lost the difference between `%2F` and a slash."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        path = environ.get("RAW_URI", "").partition("?")[0]
        if not path.startswith("/"):
            # A request to a proxy names the host, too.
            path = urlsplit(path).path or "/"
        environ["stackdiff.path"] = path
        if path.startswith("//"):
            # Flask would take them for one slash. No route has a percent sign.
            path = f"/%{path}"
        environ["PATH_INFO"] = UNRESERVED.sub(lambda found: chr(int(found[1], 16)), path)
        return self.application(environ, start_response)
