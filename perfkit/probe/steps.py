"""A coroutine driven step by step: how long it kept the event loop, and for how long at a stretch."""

import types

from .originals import clock


@types.coroutine
def timed(awaitable, request, watch):
    """Await `awaitable`, adding every stretch between two pauses to the request; `watch` knows who runs."""
    coroutine = awaitable if hasattr(awaitable, "throw") else _awaited(awaitable)
    value = error = None
    while True:
        watch.running = request
        started = request.step_started = clock()
        try:
            # The await statement itself treats None and values alike, so does send().
            paused = coroutine.send(value) if error is None else coroutine.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            watch.running = error = None
            request.step_started = 0
            if request.wall < 0:
                account(request, clock() - started)
        try:
            value = yield paused
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as thrown:
            error = thrown  # into the coroutine, which may well handle it


def account(request, took):
    request.loop += took
    if took > request.max_step:  # noqa: PLR1730 - max() is a call, on a hot path
        request.max_step = took


async def _awaited(awaitable):
    return await awaitable
