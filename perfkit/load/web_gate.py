"""Who may talk to the web UI: pages of its own, on this machine, and nothing that would change the load but stop it.

A web page elsewhere can make a browser send requests to loopback. It cannot forge where they come from (Origin), nor, without
the name of a host that it controls, what they are for (Host: DNS rebinding).
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK: Final = "127.0.0.1"
_READING: Final = frozenset({"GET", "HEAD"})
_STOP: Final = "/stop"
_FOREIGN: Final = "this page is perfkit's own: it takes no requests from other pages or under other names"
_FIXED: Final = "the load is the scenario's: it can be stopped here, and nothing else"
# Locust allows every page to read its figures.
_DROPPED: Final = "access-control-"


class Gate:
    """A WSGI application around Locust's."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.port = 0  # as soon as it is known
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        why = self.refusal(environ)
        if why is not None:
            body = why.encode()
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]

        def start(status: str, headers: list[tuple[str, str]], *info: Any) -> Callable[[bytes], object]:
            kept = [(name, value) for name, value in headers if not name.lower().startswith(_DROPPED)]
            return start_response(status, [*kept, ("X-Frame-Options", "DENY")], *info)

        return self._app(environ, start)

    def refusal(self, environ: "WSGIEnvironment") -> str | None:
        """Why this request is not answered, or None."""
        own = {f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"}
        origin = environ.get("HTTP_ORIGIN")
        if environ.get("HTTP_HOST", "").lower() not in own:
            return _FOREIGN
        if origin is not None and origin.removeprefix("http://").lower() not in own:
            return _FOREIGN
        if environ["REQUEST_METHOD"] in _READING:
            return None
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == _STOP:
            return None
        return _FIXED
