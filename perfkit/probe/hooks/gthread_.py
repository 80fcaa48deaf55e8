"""gunicorn's gthread: how long a connection with a request on it waits for one of the worker's threads.

That is before the application is entered, so it is in no request's server time and belongs to none: THREAD_POOL records of
nobody, which stand beside the requests of their time.
"""

from ..records import THREAD_POOL
from .executors_ import MIN_WAIT
from .patches import Patches

DRIVER = "gunicorn threads"
MODULE = "gunicorn.workers.gthread"
ASKED = "perfkit_asked"  # attribute of a connection


def install(recorder):
    from gunicorn.workers.gthread import ThreadWorker

    def queueing(plain):
        def enqueue_req(worker, conn):
            setattr(conn, ASKED, recorder.clock())
            return plain(worker, conn)

        return enqueue_req

    def handling(plain):
        def handle(worker, conn):
            asked = getattr(conn, ASKED, 0)
            wait = recorder.clock() - asked
            if asked and wait > MIN_WAIT:
                recorder.call(None, THREAD_POOL, recorder.name("gunicorn threads"), asked, wait)
            return plain(worker, conn)

        return handle

    with Patches() as undo:
        undo.wrap(ThreadWorker, "enqueue_req", queueing)
        undo.wrap(ThreadWorker, "handle", handling)
    return undo
