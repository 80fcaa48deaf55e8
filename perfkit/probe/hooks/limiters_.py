"""anyio's capacity limiters: how many tokens are out and how many tasks wait for one. The default one has 40, one per thread.

In its threads run the sync endpoints of Starlette and FastAPI; what is waited for one is recorded where the work is handed over
(carriers.py).
"""

from ..records import THREADS
from .patches import Patches

DRIVER = "anyio limiters"
MODULE = "anyio._backends._asyncio"


def install(recorder):
    from anyio._backends._asyncio import CapacityLimiter

    def making(plain):
        def __init__(limiter, *arguments, **keywords):  # noqa: N807  takes that method's place
            plain(limiter, *arguments, **keywords)
            recorder.gauges.watch(limiter, THREADS, name_of, look)

        return __init__

    with Patches() as undo:
        undo.wrap(CapacityLimiter, "__init__", making)
    return undo


def name_of(limiter):
    return "anyio limiter ({} tokens)".format(limiter.total_tokens)


def look(limiter):
    size = limiter.total_tokens
    if size == float("inf"):
        return (0, 0, 0)
    return (limiter.borrowed_tokens, limiter.statistics().tasks_waiting, size)
