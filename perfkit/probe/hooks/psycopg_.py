"""psycopg 3: its cursors are Python classes, so their methods are replaced once, for every connection there is."""

from ..records import CALL_IN_TRANSACTION
from .async_cursors import AsyncCursors
from .connecting import connected
from .counted import DRIVERS
from .cursors import Cursors
from .naming import Names
from .patches import Patches
from .plans import COMMAND, QUERY, Plans, ask, ask_async, postgres_conversation
from .statements import PENDING

DRIVER = "psycopg"
MODULE = "psycopg"
IDLE, IN_TRANSACTION, TUPLES = 0, 2, 2  # libpq: PQTRANS_IDLE, PQTRANS_INTRANS, PGRES_TUPLES_OK


def install(recorder):
    import psycopg

    names = Names(recorder, text_of(psycopg))
    plans = Plans(recorder, "postgresql")
    outcome = outcome_for((psycopg.ServerCursor, psycopg.AsyncServerCursor))
    with Patches() as undo:
        blocking = Cursors(recorder, names, outcome, explaining(psycopg, plans))
        for owner in (psycopg.Cursor, psycopg.ServerCursor):
            hook_cursor(undo, blocking, owner, "__iter__", "__next__")
        asynchronous = AsyncCursors(recorder, names, outcome, explaining_async(psycopg, plans))
        for owner in (psycopg.AsyncCursor, psycopg.AsyncServerCursor):
            hook_cursor(undo, asynchronous, owner, "__aiter__", "__anext__")
        undo.put(psycopg.Connection, "connect", connecting(recorder, psycopg.Connection))
        undo.put(psycopg.AsyncConnection, "connect", connecting_async(recorder, psycopg.AsyncConnection))
        undo.put(psycopg, "connect", psycopg.Connection.connect)
        DRIVERS.add(DRIVER)
        undo.later(lambda: DRIVERS.discard(DRIVER))
    return undo


def hook_cursor(undo, cursors, owner, iterate, following):
    plain_next = vars(owner).get(following)
    undo.wrap(owner, "execute", cursors.execute)
    undo.wrap(owner, "executemany", cursors.executemany)
    undo.wrap_if_there(owner, "stream", cursors.stream)
    undo.wrap(owner, "fetchone", cursors.fetchone)
    undo.wrap(owner, "fetchmany", cursors.fetchmany)
    undo.wrap(owner, "fetchall", cursors.fetchall)
    undo.wrap(owner, "close", cursors.close)
    undo.wrap_if_there(owner, iterate, lambda plain: cursors.iterate(plain, plain_next))
    undo.wrap_if_there(owner, following, cursors.next)


def text_of(psycopg):
    def text(cursor, query):
        if isinstance(query, (bytes, bytearray)):
            return bytes(query).decode("utf-8", "replace")
        if isinstance(query, psycopg.sql.Composable):
            return query.as_string(cursor)
        return str(query)

    return text


def outcome_for(server_side):
    def outcome(cursor):
        result = cursor.pgresult
        pgconn = cursor.connection.pgconn
        flags = CALL_IN_TRANSACTION if pgconn.transaction_status == IN_TRANSACTION else 0
        if isinstance(cursor, server_side):
            return PENDING, flags
        if pgconn.pipeline_status if result is None else result.status == TUPLES:
            return PENDING, flags  # in a pipeline the answer comes with the first fetch
        return cursor.rowcount, flags

    return outcome


def address(connection):
    try:
        info = connection.info
        host = info.host
        where = "socket" if host.startswith(("/", "@")) else host
        return "postgresql {}:{}/{}".format(where, info.port, info.dbname)
    except Exception:  # the name is not worth an error
        return "postgresql"


def connecting(recorder, owner):
    plain = vars(owner)["connect"].__func__

    def connect(cls, *arguments, **keywords):
        started = recorder.clock()
        try:
            connection = plain(cls, *arguments, **keywords)
        except BaseException:
            connected(recorder, "postgresql", started, failed=True)
            raise
        connected(recorder, address(connection), started)
        return connection

    return classmethod(connect)


def connecting_async(recorder, owner):
    plain = vars(owner)["connect"].__func__

    async def connect(cls, *arguments, **keywords):
        started = recorder.clock()
        try:
            connection = await plain(cls, *arguments, **keywords)
        except BaseException:
            connected(recorder, "postgresql", started, failed=True)
            raise
        connected(recorder, address(connection), started)
        return connection

    return classmethod(connect)


def is_free(connection):
    """Whether the connection is between statements, so that one more changes nothing."""
    pgconn = connection.pgconn
    if pgconn.pipeline_status:
        return False
    return pgconn.transaction_status == IN_TRANSACTION or (pgconn.transaction_status == IDLE and connection.autocommit)


def in_transaction(connection):
    return connection.pgconn.transaction_status == IN_TRANSACTION


def flavours(psycopg, *names):
    return [getattr(psycopg, name) for name in names if hasattr(psycopg, name)]  # RawCursor came with 3.2


def alike(cursor, classes):
    """The plain cursor class that binds parameters as this cursor does."""
    return next(each for each in classes if isinstance(cursor, each))


def explaining(psycopg, plans):
    classes = flavours(psycopg, "ClientCursor", "RawCursor", "Cursor")
    text, execute, fetchall = text_of(psycopg), psycopg.Cursor.execute, psycopg.Cursor.fetchall

    def explain(cursor, name, query, arguments, keywords):
        connection = cursor.connection
        if not is_free(connection) or not plans.due(name):
            return
        given = arguments[0] if arguments else keywords.get("params")

        def run(sql, kind):
            execute(asking, sql, given if kind == QUERY else None, prepare=False)
            return None if kind == COMMAND else fetchall(asking)

        try:
            asking = alike(cursor, classes)(connection, row_factory=psycopg.rows.tuple_row)
            plans.tell(name, *ask(postgres_conversation(text(cursor, query), in_transaction(connection)), run))
        except Exception as error:
            plans.fault(error)

    return explain


def explaining_async(psycopg, plans):
    classes = flavours(psycopg, "AsyncClientCursor", "AsyncRawCursor", "AsyncCursor")
    text, execute, fetchall = text_of(psycopg), psycopg.AsyncCursor.execute, psycopg.AsyncCursor.fetchall

    async def explain(cursor, name, query, arguments, keywords):
        connection = cursor.connection
        if not is_free(connection) or not plans.due(name):
            return
        given = arguments[0] if arguments else keywords.get("params")

        async def run(sql, kind):
            await execute(asking, sql, given if kind == QUERY else None, prepare=False)
            return None if kind == COMMAND else await fetchall(asking)

        try:
            asking = alike(cursor, classes)(connection, row_factory=psycopg.rows.tuple_row)
            conversation = postgres_conversation(text(cursor, query), in_transaction(connection))
            plans.tell(name, *await ask_async(conversation, run))
        except Exception as error:
            plans.fault(error)

    return explain
