"""What the probe itself costs here: a request and a call, timed on a scratch recorder in this very interpreter."""

from . import wsgi
from .originals import thread_clock
from .records import EVENT_COST, STATEMENT

BATCH = 20
BATCHES = 7  # the cheapest counts: whatever else ran on the core only adds


def tell(recorder):
    """From the flusher's thread, once per process: an event with CPU nanoseconds per request and per call."""
    scratch = type(recorder)(recorder.directory)
    scratch.serving = scratch.flusher.running = True  # it must neither open files nor start a thread
    environ = {"REQUEST_METHOD": "GET", "HTTP_X_PERFKIT_ID": "f" * 16, "HTTP_X_PERFKIT_STEP": "GET%20/"}

    def request():
        wsgi.serve(scratch, _application, dict(environ), _start_response)

    def call():
        name = scratch.statement_name("SELECT 1")
        scratch.call(None, STATEMENT, name, 0, 0, site=scratch.site(None, name))

    recorder.event(EVENT_COST, request=max(0, _cheapest(request) - _cheapest(_bare(environ))), call=_cheapest(call))


def _bare(environ):
    def request():
        _application(dict(environ), _start_response)

    return request


def _cheapest(step):
    found = []
    for _ in range(BATCHES):
        started = thread_clock()
        for _ in range(BATCH):
            step()
        found.append((thread_clock() - started) / BATCH)
    return round(min(found))


def _application(_environ, _start_response):
    return (b"",)


def _start_response(_status, _headers):
    return None
