"""Django: its set-up of connections kept quiet, and statements of databases whose driver has no hook of ours."""

from ..records import CALL_FAILED, STATEMENT
from .connecting import connected
from .counted import DRIVERS, QUIET, quietly
from .naming import Names
from .patches import Patches
from .values import hash_of, hash_of_sets

DRIVER = "django"
MODULE = "django.db.backends.base.base"
# Which hooks count the statements of a backend: one of them is in use.
COUNTED_BY = {"sqlite": {"sqlite3"}, "postgresql": {"psycopg", "psycopg2"}}


def install(recorder):
    from django.db.backends.base.base import BaseDatabaseWrapper

    with Patches() as undo:
        undo.wrap(BaseDatabaseWrapper, "connect", lambda plain: connecting(recorder, undo, plain))
        undo.wrap_if_there(BaseDatabaseWrapper, "close_if_health_check_failed", quietly)  # since 4.1: a SELECT 1
    return undo


def is_counted(database):
    return bool(COUNTED_BY.get(database.vendor, set()) & DRIVERS)


def connecting(recorder, undo, plain):
    """BaseDatabaseWrapper.connect: time zones, isolation levels and pragmas are set there; none of it is the application's."""
    names = Names(recorder, lambda _cursor, query: str(query))

    def connect(database):
        try:
            counted = is_counted(database)
            if not counted:
                count_here(recorder, undo, names)
        except Exception as error:
            recorder.fault("django connect", error)
            counted = True
        started = recorder.clock()
        token = QUIET.set(True)
        is_open = False
        try:
            plain(database)
            is_open = True
        finally:
            QUIET.reset(token)
            if not counted:
                where = database.settings_dict.get("HOST") or "local"
                connected(recorder, database.vendor + " " + where, started, not is_open)

    return connect


def count_here(recorder, undo, names):
    """Once such a database is in use, count in Django's cursors; the others go on to be counted by their drivers."""
    from django.db.backends.utils import CursorWrapper

    if hasattr(vars(CursorWrapper)["_execute"], "perfkit"):
        return
    undo.wrap(CursorWrapper, "_execute", lambda plain: counting(recorder, names, plain, hash_of))
    undo.wrap(CursorWrapper, "_executemany", lambda plain: counting(recorder, names, plain, hash_of_sets))


def counting(recorder, names, plain, hashed):
    def execute(cursor, sql, params, *context):
        request = recorder.current()
        if QUIET.get() or is_counted(cursor.db) or (request is None and not recorder.serving):
            return plain(cursor, sql, params, *context)
        started = recorder.clock()
        flags = CALL_FAILED
        try:
            result = plain(cursor, sql, params, *context)
            flags = 0
        finally:
            write(recorder, names, cursor.cursor, sql, request, started, 0 if params is None else hashed(params), flags)
        return result

    execute.perfkit = True
    return execute


def write(recorder, names, cursor, sql, request, started, parameters, flags):
    wall = recorder.clock() - started
    try:
        name = names.name(cursor, sql)
        if name:
            rows = -1 if flags or cursor.description is not None else cursor.rowcount
            site = recorder.site(request, name)
            recorder.call(request, STATEMENT, name, started, wall, rows, parameters, site, 0, -1, flags)
    except Exception as error:
        recorder.fault("django statement", error)
