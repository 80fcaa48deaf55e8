"""sqlite3's own cursors, as nearly all are: the quick way for the statements of a request in the measure phase.

Whatever is not quite so simple (outside a request, PROFILE mode, housekeeping) goes the general way of cursors.py.
A C cursor calls none of our methods, so nothing need be marked as busy; and as the class is ours, the statement that is read
stands in a slot of the cursor instead of a table.
"""

from ..calls import ROWS, WALL
from ..records import CALL_IN_TRANSACTION, STATEMENT
from ..request import WALKS
from .counted import QUIET, SITE
from .statements import broke
from .values import hash_of


def methods(plain, cursors, general):
    """The members of a subclass of sqlite3.Cursor; `general` are the methods that can do everything, by their names."""
    return {
        **general,
        "__slots__": ("perfkit_call",),
        "execute": execute(plain.execute, cursors, general["execute"]),
        "executemany": ending(general["executemany"]),
        "executescript": ending(general["executescript"]),
        "fetchone": fetchone(plain.fetchone, cursors, general["fetchone"]),
        "fetchmany": fetchmany(plain.fetchmany, cursors, general["fetchmany"]),
        "fetchall": fetchall(plain.fetchall, cursors, general["fetchall"]),
        "__iter__": iterate(plain.__next__, cursors, general["__iter__"]),
        "__next__": following(plain.__next__, cursors, general["__next__"]),
    }


def execute(plain, cursors, general):
    recorder, known, quiet, sent_along = cursors.recorder, cursors.names.known, QUIET.get, SITE.get
    current, clock = recorder.current, recorder.clock

    def execute(cursor, sql, parameters=(), /):
        cursor.perfkit_call = None
        request = current()
        try:
            name, settled = known[sql]
        except (KeyError, TypeError):
            return general(cursor, sql, parameters)
        if request is None or request.turn > WALKS or not name or quiet():
            return general(cursor, sql, parameters)

        started = clock()
        try:
            plain(cursor, sql, parameters)
        except BaseException:
            cursors.failed(request, name, started, clock() - started)
            raise
        wall = clock() - started
        try:
            # As hash_of() and recorder.site() do, whose calls would cost as much as all that stands here.
            try:
                given = hash(parameters) if parameters else 0
            except Exception:  # lists, dictionaries
                given = hash_of(parameters)
            site = 0
            if request.turn or (request.route or request.step) not in settled:
                site = sent_along() or recorder.site(request, name)
            flags = CALL_IN_TRANSACTION if cursor.connection.in_transaction else 0
            call = [request.sequence, STATEMENT, flags, 0, name, site, given, 0, started, wall, -1]
            if cursor.description is None:
                call[ROWS] = cursor.rowcount
            else:
                cursor.perfkit_call = call
            request.calls.append(call)
        except Exception as error:
            recorder.fault("after execute", error)
        return cursor

    return execute


def execute_at_once(plain, cursors, plain_cursor, cursor_class):
    """Connection.execute: a new cursor and the same once more, as one call less is a tenth of what a statement may cost."""
    recorder, known, quiet, sent_along = cursors.recorder, cursors.names.known, QUIET.get, SITE.get
    current, clock, fully = recorder.current, recorder.clock, cursor_class.execute

    def execute(connection, sql, parameters=(), /):
        cursor = plain_cursor(connection, cursor_class)
        request = current()
        try:
            name, settled = known[sql]
        except (KeyError, TypeError):
            return fully(cursor, sql, parameters)
        if request is None or request.turn or not name or (request.route or request.step) not in settled or quiet():
            return fully(cursor, sql, parameters)

        started = clock()
        try:
            plain(cursor, sql, parameters)
        except BaseException:
            cursors.failed(request, name, started, clock() - started)
            raise
        wall = clock() - started
        try:
            try:
                given = hash(parameters) if parameters else 0
            except Exception:
                given = hash_of(parameters)
            flags = CALL_IN_TRANSACTION if connection.in_transaction else 0
            call = [request.sequence, STATEMENT, flags, 0, name, sent_along(), given, 0, started, wall, -1]
            if cursor.description is None:
                call[ROWS] = cursor.rowcount
                cursor.perfkit_call = None
            else:
                cursor.perfkit_call = call
            request.calls.append(call)
        except Exception as error:
            recorder.fault("after execute", error)
        return cursor

    return execute


def ending(general):
    """Another way to execute: whatever was still read is over."""

    def execute(cursor, *arguments):
        cursor.perfkit_call = None
        return general(cursor, *arguments)

    return execute


def fetchone(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def fetchone(cursor):
        try:
            call = cursor.perfkit_call
        except AttributeError:  # nobody's execute came before
            call = None
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


def fetchall(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def fetchall(cursor):
        try:
            call = cursor.perfkit_call
        except AttributeError:
            call = None
        if call is None:
            return general(cursor)
        started = clock()
        try:
            rows = plain(cursor)
        except BaseException:
            broke(recorder, call, started)
            raise
        call[WALL] += clock() - started
        call[ROWS] += len(rows)
        cursor.perfkit_call = None
        return rows

    return fetchall


def fetchmany(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def fetchmany(cursor, *arguments, **keywords):
        call = getattr(cursor, "perfkit_call", None)
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

    return fetchmany


def following(plain, cursors, general):
    recorder, clock = cursors.recorder, cursors.recorder.clock

    def __next__(cursor):  # noqa: N807  takes that method's place
        call = getattr(cursor, "perfkit_call", None)
        if call is None:
            return general(cursor)
        started = clock()
        try:
            row = plain(cursor)
        except StopIteration:
            raise
        except BaseException:
            broke(recorder, call, started)
            raise
        call[WALL] += clock() - started
        call[ROWS] += 1
        return row

    return __next__


def iterate(plain_next, cursors, general):
    def __iter__(cursor):  # noqa: N807  takes that method's place
        call = getattr(cursor, "perfkit_call", None)
        return general(cursor) if call is None else cursors.rows(call, 0, plain_next.__get__(cursor))

    return __iter__
