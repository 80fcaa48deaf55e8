"""sqlite3: its types are immutable, so connections and cursors become subclasses, made on the fly and kept.

A connection's subclass slips in *below* a class of the user's (so that its `super().cursor()` arrives here), a cursor's lies
*on top* (so that it sees each call once, whatever that class does inside).
"""

import os

from ..records import CALL_IN_TRANSACTION
from . import sqlite3_plain
from .connecting import connected
from .counted import DRIVERS
from .cursors import Cursors
from .naming import Names
from .patches import Patches
from .plans import Plans, indented, sqlite_tables
from .statements import PENDING

DRIVER = "sqlite3"
MODULE = "sqlite3"
FACTORY = 5  # position of `factory` among connect()'s arguments
KEPT_CLASSES = 200  # an application that makes a class per connection gets them unhooked after this many


def install(recorder):
    import sqlite3

    names = Names(recorder, lambda _cursor, query: str(query))
    cursors = Cursors(recorder, names, outcome, explaining(recorder, sqlite3))
    connection_class = classes_of_connections(sqlite3, cursors, classes_of_cursors(sqlite3, cursors))
    with Patches() as undo:
        for module in (sqlite3, sqlite3.dbapi2):
            undo.put(module, "connect", connecting(recorder, sqlite3, module.connect, connection_class))
        DRIVERS.add(DRIVER)
        undo.later(lambda: DRIVERS.discard(DRIVER))
    return undo


def outcome(cursor):
    flags = CALL_IN_TRANSACTION if cursor.connection.in_transaction else 0
    return PENDING if cursor.description is not None else cursor.rowcount, flags


def connecting(recorder, sqlite3, plain, connection_class):
    def connect(*arguments, **keywords):
        factory = arguments[FACTORY] if len(arguments) > FACTORY else keywords.get("factory", sqlite3.Connection)
        hooked = connection_class(factory)
        if hooked is not None:
            if len(arguments) > FACTORY:
                arguments = (*arguments[:FACTORY], hooked, *arguments[FACTORY + 1 :])
            else:
                keywords["factory"] = hooked
        name = "sqlite3 " + shown(arguments[0] if arguments else keywords.get("database"))
        started = recorder.clock()
        try:
            connection = plain(*arguments, **keywords)
        except BaseException:
            connected(recorder, name, started, failed=True)
            raise
        connected(recorder, name, started)
        return connection

    return connect


def shown(database):
    """The file's name; its folder is nobody's business."""
    try:
        return os.fsdecode(database).split("?", 1)[0].replace(os.sep, "/").rsplit("/", 1)[-1] or ":memory:"
    except TypeError:
        return ""


def classes_of_cursors(sqlite3, cursors):
    made = {}

    def cursor_class(base):
        """`base` with our methods on top; None for what is no cursor class."""
        if base in made:
            return made[base]
        if not (isinstance(base, type) and issubclass(base, sqlite3.Cursor)) or len(made) >= KEPT_CLASSES:
            return None
        if hasattr(base, "perfkit_base"):  # derived from one of ours: its own methods end in those that count
            return base
        general = {
            "execute": cursors.execute(base.execute),
            "executemany": cursors.executemany(base.executemany),
            "executescript": cursors.execute(base.executescript, explains=False),
            "fetchone": cursors.fetchone(base.fetchone),
            "fetchmany": cursors.fetchmany(base.fetchmany),
            "fetchall": cursors.fetchall(base.fetchall),
            "__iter__": cursors.iterate(base.__iter__, base.__next__),
            "__next__": cursors.next(base.__next__),
            "close": cursors.close(base.close),
        }
        members = sqlite3_plain.methods(base, cursors, general) if base is sqlite3.Cursor else general
        told = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
        hooked = type(base.__name__, (base,), {**members, **told, "perfkit_base": base})
        made[base] = made[hooked] = hooked
        return hooked

    return cursor_class


def classes_of_connections(sqlite3, cursors, cursor_class):
    plain_cursor = sqlite3.Connection.cursor

    plain_class = cursor_class(sqlite3.Cursor)

    class Hooked(sqlite3.Connection):
        def cursor(self, factory=sqlite3.Cursor):
            return plain_cursor(self, cursor_class(factory) or factory)

        def execute(self, *arguments):
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments):
            return self.cursor().executemany(*arguments)

        def executescript(self, *arguments):
            return self.cursor().executescript(*arguments)

    class Direct(Hooked):
        """For connections without a class of the user's."""

        def cursor(self, factory=sqlite3.Cursor):
            if factory is sqlite3.Cursor:
                return plain_cursor(self, plain_class)
            return plain_cursor(self, cursor_class(factory) or factory)

        execute = sqlite3_plain.execute_at_once(sqlite3.Cursor.execute, cursors, plain_cursor, plain_class)

    made = {}

    def connection_class(base):
        """`base` with our methods below it; None for what is no connection class."""
        if base in made:
            return made[base]
        if not (isinstance(base, type) and issubclass(base, sqlite3.Connection)) or len(made) >= KEPT_CLASSES:
            return None
        bases = (Direct,) if base is sqlite3.Connection else (base, Hooked)
        name = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
        hooked = made[base] = made.setdefault(base, type(base.__name__, bases, name))
        made[hooked] = hooked
        return hooked

    return connection_class


def explaining(recorder, sqlite3):
    plans = Plans(recorder, "sqlite")

    def explain(cursor, name, query, arguments, _keywords):
        if not plans.due(name):
            return
        try:
            plain = getattr(type(cursor), "perfkit_base", sqlite3.Cursor)
            asking = plain(cursor.connection)
            asking.row_factory = None
            lines = indented(asking.execute("EXPLAIN QUERY PLAN " + query, *arguments).fetchall())

            def run(sql):
                other = sqlite3.Cursor(cursor.connection)
                other.row_factory = None
                return other.execute(sql).fetchall()

            plans.tell(name, lines, sqlite_tables(run, query, lines))
        except Exception as error:
            plans.fault(error)

    return explain
