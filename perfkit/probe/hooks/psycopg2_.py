"""psycopg2: its types are immutable, so connections and cursors become subclasses, as in sqlite3_.py."""

from ..records import CALL_IN_TRANSACTION
from .connecting import connected
from .counted import DRIVERS
from .cursors import Cursors
from .naming import Names
from .patches import Patches
from .plans import COMMAND, QUERY, Plans, ask, postgres_conversation
from .statements import PENDING

DRIVER = "psycopg2"
MODULE = "psycopg2"
CONNECTION_FACTORY = 1  # position of `connection_factory` among connect()'s arguments
IDLE, IN_TRANSACTION = 0, 2  # libpq's states of a transaction
KEPT_CLASSES = 200  # an application that makes a class per connection gets them unhooked after this many


def install(recorder):
    import psycopg2
    import psycopg2.extensions

    names = Names(recorder, text_of)
    cursors = Cursors(recorder, names, outcome, explaining(recorder, psycopg2.extensions))
    cursor_class = classes_of_cursors(psycopg2.extensions, cursors)
    connection_class = classes_of_connections(psycopg2.extensions, cursor_class)
    with Patches() as undo:
        undo.put(psycopg2, "connect", connecting(recorder, psycopg2, connection_class))
        DRIVERS.add(DRIVER)
        undo.later(lambda: DRIVERS.discard(DRIVER))
    return undo


def text_of(cursor, query):
    if isinstance(query, (bytes, bytearray)):
        return bytes(query).decode("utf-8", "replace")
    if hasattr(query, "as_string"):
        return query.as_string(cursor)
    return str(query)


def outcome(cursor):
    flags = CALL_IN_TRANSACTION if cursor.connection.info.transaction_status == IN_TRANSACTION else 0
    if cursor.description is not None or cursor.name is not None:
        return PENDING, flags
    return cursor.rowcount, flags


def connecting(recorder, psycopg2, connection_class):
    plain = psycopg2.connect

    def connect(*arguments, **keywords):
        if len(arguments) > CONNECTION_FACTORY:
            factory = connection_class(arguments[CONNECTION_FACTORY] or psycopg2.extensions.connection)
            if factory is not None:
                arguments = (*arguments[:CONNECTION_FACTORY], factory, *arguments[CONNECTION_FACTORY + 1 :])
        else:
            factory = connection_class(keywords.get("connection_factory") or psycopg2.extensions.connection)
            if factory is not None:
                keywords["connection_factory"] = factory
        started = recorder.clock()
        try:
            connection = plain(*arguments, **keywords)
        except BaseException:
            connected(recorder, "postgresql", started, failed=True)
            raise
        connected(recorder, address(connection), started)
        return connection

    return connect


def address(connection):
    try:
        info = connection.info
        where = "socket" if info.host.startswith(("/", "@")) else info.host
        return "postgresql {}:{}/{}".format(where, info.port, info.dbname)
    except Exception:  # the name is not worth an error
        return "postgresql"


def classes_of_cursors(extensions, cursors):
    made = {}

    def cursor_class(base):
        """`base` with our methods on top; None for what is no cursor class."""
        if base in made:
            return made[base]
        if not (isinstance(base, type) and issubclass(base, extensions.cursor)) or len(made) >= KEPT_CLASSES:
            return None
        hooked = type(
            base.__name__,
            (base,),
            {
                "__module__": base.__module__,
                "__qualname__": base.__qualname__,
                "__doc__": base.__doc__,
                "execute": cursors.execute(base.execute, keyword="vars"),
                "executemany": cursors.executemany(base.executemany, keyword="vars_list"),
                "callproc": cursors.execute(base.callproc, explains=False),
                "fetchone": cursors.fetchone(base.fetchone),
                "fetchmany": cursors.fetchmany(base.fetchmany),
                "fetchall": cursors.fetchall(base.fetchall),
                "__iter__": cursors.iterate(base.__iter__, base.__next__),
                "__next__": cursors.next(base.__next__),
                "close": cursors.close(base.close),
            },
        )
        made[base] = made[hooked] = hooked
        return hooked

    return cursor_class


def classes_of_connections(extensions, cursor_class):
    plain_cursor = extensions.connection.cursor

    class Hooked(extensions.connection):
        def cursor(self, name=None, cursor_factory=None, *arguments, **keywords):
            factory = cursor_factory or self.cursor_factory or extensions.cursor
            return plain_cursor(self, name, cursor_class(factory) or factory, *arguments, **keywords)

    made = {}

    def connection_class(base):
        """`base` with our methods below it; None for what is no connection class."""
        if base in made:
            return made[base]
        if not (isinstance(base, type) and issubclass(base, extensions.connection)) or len(made) >= KEPT_CLASSES:
            return None
        bases = (Hooked,) if base is extensions.connection else (base, Hooked)
        names = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
        hooked = made[base] = type(base.__name__, bases, names)
        made[hooked] = hooked
        return hooked

    return connection_class


def explaining(recorder, extensions):
    plans = Plans(recorder, "postgresql")

    def explain(cursor, name, query, arguments, keywords):
        connection = cursor.connection
        status = connection.info.transaction_status
        free = not connection.async_ and (status == IN_TRANSACTION or (status == IDLE and connection.autocommit))
        if not free or not plans.due(name):
            return
        given = arguments[0] if arguments else keywords.get("vars")

        def run(sql, kind):
            asking.execute(sql, given if kind == QUERY else None)
            return None if kind == COMMAND else asking.fetchall()

        try:
            asking = extensions.cursor(connection)
            plans.tell(name, *ask(postgres_conversation(text_of(cursor, query), status == IN_TRANSACTION), run))
        except Exception as error:
            plans.fault(error)

    return explain
