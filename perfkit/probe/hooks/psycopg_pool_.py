"""psycopg_pool: how long a request waits for a connection; one that the pool opens for it is not counted as waiting."""

from .connecting import checkout, checkout_async
from .patches import Patches

DRIVER = "psycopg_pool"
MODULE = "psycopg_pool"


def install(recorder):
    import psycopg_pool

    with Patches() as undo:
        undo.wrap(psycopg_pool.ConnectionPool, "getconn", lambda plain: checkout(recorder, plain, name_of))
        undo.wrap(psycopg_pool.AsyncConnectionPool, "getconn", lambda plain: checkout_async(recorder, plain, name_of))
    return undo


def name_of(pool):
    return "psycopg_pool {} (size {} to {})".format(pool.name, pool.min_size, pool.max_size)
