"""What a request of a bench target does: known amounts of waiting and of work, each at one resource.

PARTS says it, in order: `sleep:0.02 compute:0.01 lock:0.01 pool:0.02 call:0`. A lock and a connection are held for so long; a
call goes to the second server of DEPENDENCY, which knows by itself how long it takes. SIZE is that of the pool of DATABASE.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

import urllib3
from psycopg_pool import ConnectionPool

PARTS: Final = tuple((name, float(took)) for name, _, took in (part.partition(":") for part in os.environ["PARTS"].split()))
SIZE: Final = int(os.environ.get("SIZE", "1"))
SLEEP: Final = "SELECT pg_sleep(%s)"


def compute(seconds: float) -> None:
    """So much CPU of this thread: what it costs does not depend on who else wants the processor."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(200))


def worker() -> Callable[[], None]:
    """What one request does, in a thread."""
    lock = threading.Lock()

    def hold(seconds: float) -> None:
        with lock:
            time.sleep(seconds)

    known: dict[str, Callable[[float], None]] = {"sleep": time.sleep, "compute": compute, "lock": hold}
    names = {name for name, _ in PARTS}
    if "pool" in names:
        known["pool"] = _pool()
    if "call" in names:
        known["call"] = _call()

    def work() -> None:
        for name, took in PARTS:
            known[name](took)

    return work


def _pool() -> Callable[[float], None]:
    pool = ConnectionPool(os.environ["DATABASE"], min_size=SIZE, max_size=SIZE, name="orders", timeout=60, open=True)

    def query(seconds: float) -> None:
        with pool.connection() as connection:
            connection.execute(SLEEP, (seconds,))

    return query


def _call() -> Callable[[float], None]:
    pool = urllib3.PoolManager(maxsize=64)
    url = os.environ["DEPENDENCY"]

    def call(_: float) -> None:
        pool.request("GET", url)

    return call
