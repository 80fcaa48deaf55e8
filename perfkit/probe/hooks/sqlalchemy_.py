"""SQLAlchemy: waits of its pools, its own housekeeping kept quiet, and statements of drivers that have no hook of ours."""

from ..records import CALL_FAILED, POOL, STATEMENT
from .connecting import checkout, connected, held, mean_held, opening, returning
from .counted import DRIVERS, QUIET, quietly
from .naming import Names
from .patches import Patches
from .values import hash_of, hash_of_sets

DRIVER = "sqlalchemy"
MODULE = "sqlalchemy"
OLDEST = (1, 4)
# Which hook counts the statements of a dialect's driver.
COUNTED_BY = {
    "pysqlite": "sqlite3",
    "aiosqlite": "aiosqlite",
    "psycopg": "psycopg",
    "psycopg_async": "psycopg",
    "psycopg2": "psycopg2",
}
STARTED = "perfkit_started"  # attribute of an execution context


def install(recorder):
    import sqlalchemy
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.pool import QueuePool, base

    version = sqlalchemy.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        recorder.hook(DRIVER, "unsupported", version, "older than 1.4")
        return None
    with Patches() as undo:
        undo.wrap(QueuePool, "recreate", lambda plain: recreating(recorder, plain))
        undo.wrap(QueuePool, "_do_get", lambda plain: checkout(recorder, plain, name_of))
        undo.wrap(QueuePool, "_do_return_conn", returning)
        undo.wrap(base._ConnectionRecord, "_ConnectionRecord__connect", lambda plain: opening(recorder, plain))
        undo.wrap_if_there(DefaultDialect, "_do_ping_w_event", quietly)  # since 2.0
        undo.wrap(Engine, "__init__", lambda plain: engines(recorder, undo, plain))
    return undo


def name_of(pool):
    return "sqlalchemy {} (size {}, overflow {})".format(type(pool).__name__, pool.size(), pool._max_overflow)


def look(pool):
    """An overflow of -1 is a pool without a limit; who waits it does not tell."""
    size = pool.size() + pool._max_overflow if pool.size() > 0 and pool._max_overflow >= 0 else 0
    return (mean_held(pool, pool.checkedout()), 0, size)


def gauge(recorder, pool):
    """Not in the pool's __init__, whose signature create_engine() reads."""
    from sqlalchemy.pool import QueuePool

    if isinstance(pool, QueuePool):
        held(pool)
        recorder.gauges.watch(pool, POOL, name_of, look)


def recreating(recorder, plain):
    """Engine.dispose() leaves the engine with a new pool of the same kind."""

    def recreate(pool):
        fresh = plain(pool)
        held(fresh)
        recorder.gauges.watch(fresh, POOL, name_of, look)
        return fresh

    return recreate


def engines(recorder, undo, plain):
    """Engine.__init__, which also counts for engines whose driver nobody counts for."""
    watch = watching(recorder)

    def __init__(engine, pool, dialect, *arguments, **keywords):  # noqa: N807  takes that method's place
        plain(engine, pool, dialect, *arguments, **keywords)
        try:
            gauge(recorder, pool)
            if COUNTED_BY.get(dialect.driver) not in DRIVERS:
                undo.later(watch(engine))
        except Exception as error:
            recorder.fault("sqlalchemy engine", error)

    return __init__


def watching(recorder):
    """A function that listens to an engine's statements and connects, and returns its undo."""
    from sqlalchemy import event

    names = Names(recorder, lambda _cursor, query: str(query))

    def write(context, cursor, statement, parameters, executemany, flags):
        started = context.__dict__.pop(STARTED, None)
        if started is None:
            return
        wall = recorder.clock() - started
        request = recorder.current()
        try:
            name = names.name(cursor, statement)
            if name and not QUIET.get() and (request is not None or recorder.serving):
                rows = -1 if flags or cursor.description is not None else cursor.rowcount
                hashed = (hash_of_sets if executemany else hash_of)(parameters)
                site = recorder.site(request, name)
                recorder.call(request, STATEMENT, name, started, wall, rows, hashed, site, 0, -1, flags)
        except Exception as error:
            recorder.fault("sqlalchemy statement", error)

    def before(_connection, _cursor, _statement, _parameters, context, _executemany):
        if context is not None:
            setattr(context, STARTED, recorder.clock())

    def after(_connection, cursor, statement, parameters, context, executemany):
        if context is not None:
            write(context, cursor, statement, parameters, executemany, 0)

    def failed(error):
        context = error.execution_context
        if context is not None:
            write(context, context.cursor, error.statement or "", error.parameters or (), context.executemany, CALL_FAILED)

    def watch(engine):
        plain = engine.dialect.connect

        def connect(*arguments, **keywords):
            started = recorder.clock()
            is_open = False
            try:
                connection = plain(*arguments, **keywords)
                is_open = True
            finally:
                connected(recorder, engine.dialect.name + " " + (engine.url.host or "local"), started, not is_open)
            return connection

        engine.dialect.connect = connect
        listeners = (("before_cursor_execute", before), ("after_cursor_execute", after), ("handle_error", failed))
        for what, listener in listeners:
            event.listen(engine, what, listener)

        def undo():
            del engine.dialect.connect
            for what, listener in listeners:
                event.remove(engine, what, listener)

        return undo

    return watch
