"""What a virtual user stands on: the load that it is part of, and time as one greenlet among many sees it."""

from collections.abc import Callable
from typing import Protocol

from perfkit.load.plan import Plan
from perfkit.load.play import Pace, Player, Stopped


class Load(Protocol):
    """What virtual users need of the load that they are part of."""

    plan: Plan

    @property
    def is_over(self) -> bool: ...

    def now(self) -> float: ...

    def player(self, number: int, pace: Pace) -> Player: ...

    def hire(self, work: Callable[[], None]) -> None:
        """Starts a virtual user."""
        ...

    def sleep_until(self, due: float) -> bool:
        """False when the load ends first."""
        ...

    def dropped(self, due: float) -> None: ...


class UserPace:
    """Time for one virtual user among many greenlets."""

    def __init__(self, load: Load, is_retired: Callable[[], bool]) -> None:
        self._load = load
        self._is_retired = is_retired

    def now(self) -> float:
        return self._load.now()

    def wait_until(self, due: float) -> None:
        if not self._load.sleep_until(due):
            raise Stopped

    def check(self) -> None:
        if self._load.is_over or self._is_retired():
            raise Stopped
