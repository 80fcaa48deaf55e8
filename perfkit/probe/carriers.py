"""Work that leaves the request's thread or task and still belongs to it: executors, worker threads, child tasks."""

import sys

from .context import copy_context, current
from .hooks.executors_ import MIN_WAIT
from .hooks.patches import Patches
from .originals import clock
from .records import ASYNCHRONOUS, PROFILE, THREAD_POOL


def install_executors(recorder):
    """concurrent.futures.ThreadPoolExecutor.submit, so loop.run_in_executor too: neither copies the context by itself."""
    from concurrent.futures.thread import ThreadPoolExecutor

    plain = ThreadPoolExecutor.submit

    def submit(*arguments, **keywords):
        request = current.get()
        if request is None or request.closed or len(arguments) < 2:  # noqa: PLR2004 - self and the function
            return plain(*arguments, **keywords)
        executor, function = arguments[:2]
        inside = carried(recorder, request, function, "executor")
        return plain(executor, copy_context().run, inside, *arguments[2:], **keywords)

    patches = Patches()
    patches.put(ThreadPoolExecutor, "submit", submit)
    return patches


def install_anyio(recorder):
    """anyio.to_thread.run_sync: sync endpoints of Starlette and FastAPI run there."""
    to_thread = sys.modules["anyio.to_thread"]  # its package may not be whole yet
    plain = to_thread.run_sync

    async def run_sync(func, *arguments, **keywords):
        request = current.get()
        if request is not None and not request.closed:
            func = carried(recorder, request, func, "anyio")
        return await plain(func, *arguments, **keywords)

    patches = Patches()
    patches.put(to_thread, "run_sync", run_sync)
    return patches


def carried(recorder, request, function, pool):
    """`function` for another thread: notes how long it waited for one, and goes through the request's trampoline."""
    asked = clock()

    def perfkit_carried(*arguments, **keywords):
        wait = clock() - asked
        if wait > MIN_WAIT:
            recorder.call(request, THREAD_POOL, recorder.name(pool), asked, wait)
        if request.label is None:
            return function(*arguments, **keywords)
        if request.tree is not None and request.flags & ASYNCHRONOUS:
            return request.label.call(recorder.trees.inside, request, function, *arguments, **keywords)
        return request.label.call(function, *arguments, **keywords)

    return perfkit_carried


def install_asyncio(recorder):
    """BaseEventLoop.create_task: child tasks keep the label. PROFILE mode only, for it changes what get_coro() answers."""
    from asyncio.base_events import BaseEventLoop

    return _label_tasks(recorder, BaseEventLoop)


def install_uvloop(recorder):
    """The same for uvloop's loop, which is a class of its own."""
    import uvloop

    return _label_tasks(recorder, uvloop.Loop)


def _label_tasks(recorder, loop_class):
    plain = loop_class.create_task

    def create_task(self, coro, **keywords):
        if recorder.control[0] == PROFILE:
            request = current.get()
            if request is not None and request.label is not None and not request.closed and hasattr(coro, "cr_await"):
                coro = request.label.awaited(coro)
        return plain(self, coro, **keywords)

    patches = Patches()
    patches.put(loop_class, "create_task", create_task)
    return patches


# (module that triggers it, name in the reports, install)
CARRIERS = (
    ("concurrent.futures.thread", "thread pools", install_executors),
    ("anyio.to_thread", "anyio", install_anyio),
    ("asyncio.base_events", "asyncio", install_asyncio),
    ("uvloop", "uvloop", install_uvloop),
)
