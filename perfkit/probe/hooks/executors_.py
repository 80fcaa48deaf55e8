"""concurrent.futures.ThreadPoolExecutor: how many of its threads work, and how much work waits for one.

Whose pool it is says nobody: asyncio's default executor, asgiref's threads and an application's own look alike. A server's own
(gunicorn's gthread) is called by its server's name, see entry/.
"""

from ..records import THREADS
from .patches import Patches

DRIVER = "executors"
MODULE = "concurrent.futures.thread"
# Waking a thread takes some 0.1 ms under load; what waits longer waits for a thread to become free.
MIN_WAIT = 200000


def install(recorder):
    from concurrent.futures.thread import ThreadPoolExecutor

    def making(plain):
        def __init__(executor, *arguments, **keywords):  # noqa: N807  takes that method's place
            plain(executor, *arguments, **keywords)
            recorder.gauges.watch(executor, THREADS, name_of, look)

        return __init__

    with Patches() as undo:
        undo.wrap(ThreadPoolExecutor, "__init__", making)
    return undo


def name_of(executor):
    prefix = executor._thread_name_prefix.rpartition("-")
    name = prefix[0] if prefix[2].isdigit() else executor._thread_name_prefix
    return "{} ({} threads)".format(name, executor._max_workers)


def look(executor):
    """A semaphore counts its idle threads; one that ends its work counts as idle also when more is waiting for it."""
    waiting, threads = executor._work_queue.qsize(), len(executor._threads)
    busy = threads if waiting else max(threads - executor._idle_semaphore._value, 0)
    return (busy, waiting, executor._max_workers)
