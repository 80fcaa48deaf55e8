"""The bench's target as a WSGI application, for gunicorn's sync and gthread workers."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from bench.capacity.targets.parts import worker

work: Final = worker()
ANSWER: Final = b"ok"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/ready":
        work()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]
