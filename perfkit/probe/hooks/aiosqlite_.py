"""aiosqlite: its thread knows nothing of the request, so the context is sent along; sqlite3's hook does the counting there."""

import contextvars
from functools import partial

from .counted import DRIVERS, SITE
from .patches import Patches

DRIVER = "aiosqlite"
MODULE = "aiosqlite"


def install(recorder):
    from aiosqlite.core import Connection

    with Patches() as undo:
        undo.wrap(Connection, "_execute", lambda plain: carrying(recorder, plain))
        undo.wrap(Connection, "__init__", opening)
        DRIVERS.add(DRIVER)
        undo.later(lambda: DRIVERS.discard(DRIVER))
    return undo


def carrying(recorder, plain):
    """Everything that a connection or a cursor does goes through this one method."""

    async def _execute(connection, function, *arguments, **keywords):
        request = recorder.current()
        if request is None:
            return await plain(connection, function, *arguments, **keywords)
        context = contextvars.copy_context()
        try:
            if arguments and isinstance(arguments[0], str):  # it executes
                context.run(SITE.set, recorder.site(request, recorder.statement_name(arguments[0])))
        except Exception as error:
            recorder.fault("aiosqlite call site", error)
        return await plain(connection, context.run, function, *arguments, **keywords)

    return _execute


def opening(plain):
    """The connecting itself takes another way: it is handed over when the connection object is made."""

    def __init__(connection, connector, *arguments, **keywords):  # noqa: N807  takes that method's place
        plain(connection, partial(contextvars.copy_context().run, connector), *arguments, **keywords)

    return __init__
