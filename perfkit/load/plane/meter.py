"""The guard's cap on flow starts, kept by the plane itself, whatever its schedule or its users ask for."""

import math
from collections.abc import Callable
from typing import Final

from perfkit.load.plane.crowd import Crowd
from perfkit.load.plane.pool import Pool
from perfkit.load.plane.user import Load, User
from perfkit.load.play import Script

# Starts of a Poisson process at the cap scatter by their square root: six times that is not met by chance in a run.
SCATTER: Final = 6.0


class Meter:
    """So many starts in each second, or in each of the longer stretches in which a low rate makes one whole start."""

    def __init__(self, rate: float, scatter: float = 0.0) -> None:
        self.held = 0  # how often somebody had to wait
        self._length = max(1, math.ceil(1 / rate))
        expected = rate * self._length
        self._most = math.floor(expected + scatter * math.sqrt(expected))
        self._stretch = -1
        self._count = 0

    def admit(self, now: float) -> float | None:
        """Counts a start; or says when to ask again."""
        stretch = int(now) // self._length
        if stretch != self._stretch:
            self._stretch = stretch
            self._count = 0
        if self._count >= self._most:
            self.held += 1
            return float((stretch + 1) * self._length)
        self._count += 1
        return None

    def hold(self, user: User, clock: Callable[[], float], begin: Callable[[], Script]) -> Script:
        """The script that `begin` gives, once a start is admitted."""
        user.player.is_opening = True  # nothing of it has left
        while (again := self.admit(clock())) is not None:
            yield again
        return (yield from begin())


class CappedPool(Pool):
    """Arrivals beyond the cap are held back: they leave late, and what is still held at the end is dropped."""

    def __init__(self, load: Load, hired: int, cap: float) -> None:
        super().__init__(load, hired)
        self.meter = Meter(cap, SCATTER)

    def _script(self, user: User, number: int, due: float) -> Script:
        user.due = due
        begin = super()._script
        return self.meter.hold(user, self._load.now, lambda: begin(user, number, due))


class CappedCrowd(Crowd):
    """Users that would begin more flows than the cap allows wait; nothing is due meanwhile."""

    def __init__(self, load: Load, cap: float) -> None:
        super().__init__(load)
        self.meter = Meter(cap)

    def _script(self, user: User) -> Script:
        begin = super()._script
        return self.meter.hold(user, self._load.now, lambda: begin(user))


def pool(load: Load, hired: int, cap: float) -> Pool:
    return Pool(load, hired) if math.isinf(cap) else CappedPool(load, hired, cap)


def crowd(load: Load, cap: float) -> Crowd:
    return Crowd(load) if math.isinf(cap) else CappedCrowd(load, cap)
