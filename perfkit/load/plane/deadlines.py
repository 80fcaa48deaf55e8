"""Waking up on time: one heap of instants, served by an absolute timer of the kernel on the plane's own loop.

The loop's timers have a granularity of a millisecond, which would stand in every response time.
"""

import asyncio
import ctypes
import heapq
import itertools
import os
import struct
import time
from collections.abc import Callable
from typing import Final

# linux/timerfd.h and time.h
_CLOCK_MONOTONIC: Final = 1
_TFD_TIMER_ABSTIME: Final = 1
_SETTING: Final = struct.Struct("@llll")  # interval and value, each in seconds and nanoseconds
# PyDLL: setting a timer takes less time than letting go of the interpreter's lock.
_library: Final = ctypes.PyDLL(None, use_errno=True)


class Deadlines:
    """Calls at, never before, instants of CLOCK_MONOTONIC."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: int = _library.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._timer < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        self._setting = ctypes.create_string_buffer(_SETTING.size)
        self._address = ctypes.c_void_p(ctypes.addressof(self._setting))
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()  # who waits for the same instant is called in order
        self._is_ringing = False
        loop.add_reader(self._timer, self._ring)

    def at(self, due: float, call: Callable[[], None]) -> None:
        order = next(self._order)
        heapq.heappush(self._waiting, (due, order, call))
        if not self._is_ringing and self._waiting[0][1] == order:
            self._set(due)

    async def reach(self, due: float) -> None:
        """Waits until an instant."""
        reached: asyncio.Future[None] = self._loop.create_future()
        self.at(due, lambda: None if reached.done() else reached.set_result(None))
        await reached

    @property
    def next(self) -> float:
        """The next instant that somebody waits for."""
        return self._waiting[0][0] if self._waiting else float("inf")

    def close(self) -> None:
        self._waiting.clear()
        self._loop.remove_reader(self._timer)
        os.close(self._timer)

    def _ring(self) -> None:
        self._is_ringing = True
        waiting = self._waiting
        now = time.monotonic()
        try:
            while waiting and waiting[0][0] <= now:
                heapq.heappop(waiting)[2]()
        finally:
            self._is_ringing = False
            # Setting it also makes it unreadable again; 0 never comes.
            self._set(waiting[0][0] if waiting else 0.0)

    def _set(self, at: float) -> None:
        seconds = int(at)
        # Rounded up: a timer that goes off a nanosecond early would find nobody due.
        rest = min(int((at - seconds) * 1e9) + 1, 999_999_999) if at else 0
        _SETTING.pack_into(self._setting, 0, 0, 0, seconds, rest)
        _library.timerfd_settime(self._timer, _TFD_TIMER_ABSTIME, self._address, None)
