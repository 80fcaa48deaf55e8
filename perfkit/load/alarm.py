"""Waking up on time inside gevent: one absolute timer of the kernel for all greenlets that wait.

gevent's own sleep rounds to milliseconds and wakes 0.7 ms late in the median, which would stand in every response time.
"""

import ctypes
import heapq
import itertools
import os
import time
from contextlib import suppress
from typing import Final

import gevent
from gevent.hub import Waiter, get_hub

# linux/timerfd.h and time.h
_CLOCK_MONOTONIC: Final = 1
_TFD_TIMER_ABSTIME: Final = 1
_READABLE: Final = 1
_COUNT_SIZE: Final = 8  # a timer that went off reads as a 64-bit count


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Alarm:
    """Wakes greenlets at, never before, instants of CLOCK_MONOTONIC; stop() wakes them all for good."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._library = ctypes.CDLL(None, use_errno=True)
        self._file = self._library.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        self._waiting: list[tuple[float, int, Waiter[bool]]] = []
        self._order = itertools.count()  # who waits for the same instant wakes in order
        self._watcher = get_hub().loop.io(self._file, _READABLE)
        self._watcher.start(self._ring)

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        os.close(self._file)

    def wait_until(self, at: float) -> bool:
        """False when stopped first; yields to the other greenlets in any case: a late one must not starve what makes it late."""
        if self.is_stopped or at <= time.monotonic():
            gevent.sleep(0)
            return not self.is_stopped
        waiter: Waiter[bool] = Waiter()
        heapq.heappush(self._waiting, (at, next(self._order), waiter))
        if self._waiting[0][2] is waiter:
            self._set(at)
        return bool(waiter.get())

    def stop(self) -> None:
        self.is_stopped = True
        loop = get_hub().loop
        for _, _, waiter in self._waiting:
            loop.run_callback(waiter.switch, False)
        self._waiting.clear()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # set anew since it went off
            os.read(self._file, _COUNT_SIZE)
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2].switch(True)
        if self._waiting:
            self._set(self._waiting[0][0])

    def _set(self, at: float) -> None:
        seconds, rest = divmod(at, 1.0)
        # Rounded up: a timer that goes off a nanosecond early would find nobody due.
        setting = _Setting(_Time(0, 0), _Time(int(seconds), min(int(rest * 1e9) + 1, 999_999_999)))
        self._library.timerfd_settime(self._file, _TFD_TIMER_ABSTIME, ctypes.byref(setting), None)
