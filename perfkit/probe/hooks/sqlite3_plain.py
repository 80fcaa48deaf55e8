"""sqlite3's own cursors, as nearly all are: the quick way for the statements of a request in the measure phase.

Whatever is not quite so simple (outside a request, PROFILE mode, a walk to the call site) goes the general way of cursors.py.
A C cursor calls none of our methods, so nothing need be marked as busy; and as the class is ours, the statement that is read
stands in a slot of the cursor instead of a table.
"""

from itertools import repeat
from marshal import dumps

from ..calls import ROWS, WALL
from ..records import CALL_IN_TRANSACTION, STATEMENT
from .counted import QUIET
from .fetches import TIMED_ROWS
from .statements import broke
from .values import hash_of


def cursor_class(sqlite3, cursors, general):
    """sqlite3.Cursor with quick methods; `general` are the ones that can do everything, by name."""
    plain = sqlite3.Cursor
    members = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
        "__slots__": ("perfkit_call",),
        "perfkit_base": plain,
        **general,
        "execute": execute(plain.execute, cursors, general["execute"]),
        "fetchone": fetchone(plain.fetchone, cursors, general["fetchone"]),
        "fetchmany": fetch_list(plain.fetchmany, cursors, general["fetchmany"]),
        "fetchall": fetch_list(plain.fetchall, cursors, general["fetchall"]),
        "__iter__": iterate(cursors, general["__iter__"]),
        "__next__": following(plain.__next__, cursors, general["__next__"]),
    }
    for name in ("executemany", "executescript"):
        members[name] = ending(general[name])
    return type(plain.__name__, (plain,), members)


def execute(plain, cursors, general):
    recorder, known, quiet = cursors.recorder, cursors.names.known, QUIET.get
    current, clock = recorder.current, recorder.clock

    def execute(cursor, sql, parameters=(), /):
        cursor.perfkit_call = None
        request = current()
        if request is None or request.turn or sql not in known:
            return general(cursor, sql, parameters)
        name, settled = known[sql]
        if not name or (request.route or request.step) not in settled or quiet():
            return general(cursor, sql, parameters)

        started = clock()
        try:
            plain(cursor, sql, parameters)
        except BaseException:
            cursors.failed(request, name, started, clock() - started)
            raise
        wall = clock() - started
        try:
            given = hash(dumps(parameters, 2)) if parameters else 0
        except Exception:
            given = hash_of(parameters)
        flags = CALL_IN_TRANSACTION if cursor.connection.in_transaction else 0
        if cursor.description is None:
            call = [request.sequence, STATEMENT, flags, cursor.rowcount, name, 0, given, 0, started, wall, -1]
        else:
            call = [request.sequence, STATEMENT, flags, 0, name, 0, given, 0, started, wall, -1]
            cursor.perfkit_call = call
        request.calls.append(call)
        return cursor

    return execute


def ending(general):
    """Another execute: whatever was still read before is over."""

    def execute(cursor, *arguments):
        cursor.perfkit_call = None
        return general(cursor, *arguments)

    return execute


def fetchone(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def fetchone(cursor):
        call = cursor.perfkit_call
        if call is None:
            return general(cursor)
        started = clock()
        try:
            row = plain(cursor)
        except BaseException:
            broke(recorder, call, started)
            raise
        call[WALL] += clock() - started
        if row is None:
            cursor.perfkit_call = None
        else:
            call[ROWS] += 1
        return row

    return fetchone


def fetch_list(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def fetch(cursor, *arguments, **keywords):
        call = cursor.perfkit_call
        if call is None:
            return general(cursor, *arguments, **keywords)
        started = clock()
        try:
            rows = plain(cursor, *arguments, **keywords)
        except BaseException:
            broke(recorder, call, started)
            raise
        call[WALL] += clock() - started
        call[ROWS] += len(rows)
        return rows

    return fetch


def following(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def __next__(cursor):  # noqa: N807  takes that method's place
        call = cursor.perfkit_call
        if call is None:
            return general(cursor)
        started = clock()
        try:
            row = plain(cursor)
        except StopIteration:
            cursor.perfkit_call = None
            raise
        except BaseException:
            broke(recorder, call, started)
            raise
        call[WALL] += clock() - started
        call[ROWS] += 1
        return row

    return __next__


def iterate(cursors, general):
    step_of = cursors.sqlite...
