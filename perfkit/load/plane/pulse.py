"""How late the plane's loop is: a deadline of its own a few times a second, so that no request pays for the measurement."""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

EVERY: Final = 0.05


class Timer(Protocol):
    def at(self, due: float, call: Callable[[], None], /) -> None: ...


class Pulse:
    """The plane's thread appends how late each beat was; the control side takes what has come."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lates: deque[float] = deque()
        self._is_beating = False
        self._due = 0.0

    def begin(self, timer: Timer) -> None:
        self._is_beating = True
        self._timer = timer
        self._next(self._clock())

    def end(self) -> None:
        self._is_beating = False

    def take(self) -> list[float]:
        """Seconds by which each beat since the last call came late."""
        return [self._lates.popleft() for _ in range(len(self._lates))]

    def _next(self, now: float) -> None:
        self._due = now + EVERY
        self._timer.at(self._due, self._beat)

    def _beat(self) -> None:
        now = self._clock()
        self._lates.append(now - self._due)
        if self._is_beating:
            self._next(now)
