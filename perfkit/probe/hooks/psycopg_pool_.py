"""psycopg_pool: how long a request waits for a connection; one that the pool opens for it is not counted as waiting."""

from ..records import POOL
from .connecting import checkout, checkout_async, held, mean_held, returning
from .patches import Patches

DRIVER = "psycopg_pool"
MODULE = "psycopg_pool"


def install(recorder):
    import psycopg_pool

    with Patches() as undo:
        for pool in (psycopg_pool.ConnectionPool, psycopg_pool.AsyncConnectionPool):
            undo.wrap(pool, "__init__", lambda plain: making(recorder, plain))
            undo.wrap(pool, "putconn", returning)
        undo.wrap(psycopg_pool.ConnectionPool, "getconn", lambda plain: checkout(recorder, plain, name_of))
        undo.wrap(psycopg_pool.AsyncConnectionPool, "getconn", lambda plain: checkout_async(recorder, plain, name_of))
    return undo


def name_of(pool):
    return "psycopg_pool {} (size {} to {})".format(pool.name, pool.min_size, pool.max_size)


def making(recorder, plain):
    def __init__(pool, *arguments, **keywords):  # noqa: N807  takes that method's place
        plain(pool, *arguments, **keywords)
        held(pool)
        recorder.gauges.watch(pool, POOL, name_of, look)

    return __init__


def look(pool):
    seen = pool.get_stats()
    return (mean_held(pool, seen["pool_size"] - seen["pool_available"]), seen["requests_waiting"], pool.max_size)
