"""What the probe itself costs here: a request and a statement, timed on a scratch recorder in this very interpreter.

Both go the way that the target's own go, from the entry to the packed record, around an application and a driver that do nothing.
"""

from . import wsgi
from .context import current
from .originals import thread_clock
from .records import CONTROL_SIZE, EVENT_COST

BATCH = 20  # more than sixteen, so that one of them is walked to its call sites
BATCHES = 7  # the cheapest counts: whatever else ran on the core only adds
STATEMENTS = 5  # of a request
QUERY = "SELECT 1 WHERE 1 = ?"
IDENTITY, STEP = "f" * 16, "GET%20/"


class Idle:
    """A driver's cursor without a driver; its own connection, too."""

    description = ()
    rowcount = 1
    in_transaction = False
    connection = property(lambda self: self)

    def execute(self, _query, _parameters=()):
        return self

    executemany = executescript = fetchone = fetchmany = __iter__ = __next__ = execute  # never called here

    def fetchall(self):
        return (1,)


def tell(recorder):
    """From the flusher's thread, once per process: an event with CPU nanoseconds per request and per call."""
    scratch = type(recorder)(recorder.directory)
    scratch.serving = scratch.flusher.running = True  # it must neither open files nor start a thread
    scratch.control = bytes(CONTROL_SIZE)  # the measure phase's costs, whatever phase it is
    request = _cheapest(scratch, _request(scratch)) - _cheapest(scratch, _bare)
    statements = _cheapest(scratch, _reading(scratch, hooked(scratch))) - _cheapest(scratch, _reading(scratch, Idle))
    recorder.event(EVENT_COST, request=max(0, round(request)), call=max(0, round(statements / STATEMENTS)))


def hooked(recorder):
    """Idle as the drivers of this process are: sqlite3 has a quick way of its own."""
    from .hooks import sqlite3_plain
    from .hooks.counted import DRIVERS
    from .hooks.cursors import Cursors
    from .hooks.naming import Names
    from .hooks.statements import PENDING

    cursors = Cursors(recorder, Names(recorder, str), lambda _cursor: (PENDING, 0), None)
    members = {"execute": cursors.execute(Idle.execute), "fetchall": cursors.fetchall(Idle.fetchall)}
    if DRIVERS and {"sqlite3", "aiosqlite"} >= DRIVERS:
        others = ("executemany", "executescript", "fetchone", "fetchmany", "__iter__", "__next__")
        members = sqlite3_plain.methods(Idle, cursors, dict(members, **dict.fromkeys(others)))
    return type("Hooked", (Idle,), members)


def _request(recorder):
    return lambda: wsgi.serve(recorder, _application, _environ(), _start_response)


def _bare():
    _application(_environ(), _start_response)


def _reading(recorder, cursor_class):
    """A request that reads, from within."""

    def step():
        request = recorder.begin("GET", IDENTITY, STEP)
        current.set(request)
        for number in range(STATEMENTS):
            cursor_class().execute(QUERY, (number,)).fetchall()
        current.set(None)
        recorder.end(request)

    return step


def _cheapest(recorder, step):
    found = []
    for _ in range(BATCHES):
        started = thread_clock()
        for _ in range(BATCH):
            step()
        found.append((thread_clock() - started) / BATCH)
        recorder.flusher.calls.clear()
        recorder.flusher.requests.clear()
    return min(found)


def _environ():
    return {"REQUEST_METHOD": "GET", "HTTP_X_PERFKIT_ID": IDENTITY, "HTTP_X_PERFKIT_STEP": STEP}


def _application(_environ, start_response):
    start_response("200 OK", [])
    return [b""]


def _start_response(_status, _headers):
    return None
