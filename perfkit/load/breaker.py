"""Ends the load early: when an objective that says `abort` does not hold, or a condition of guard.stop_if does."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from perfkit.evidence import Phase
from perfkit.load.exchange import ERRORS
from perfkit.load.progress import Recent
from perfkit.scenario.model import Scenario
from perfkit.scenario.objectives import ALL
from perfkit.slo.windows import Cells, Sliding
from perfkit.stats.histogram import Histogram

By: TypeAlias = Literal["objective", "breaker"]

# A second is looked at when it is over and its last requests have been taken in: that happens five times a second.
SETTLED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Trip:
    """What ended the load; `at` is the end of the window, in seconds of CLOCK_MONOTONIC."""

    by: By
    endpoint: str
    sentence: str
    measured: float
    at: float


class Breaker:
    """Looks at every second once: conditions at those of the whole load, objectives at those of the measure phase."""

    def __init__(self, scenario: Scenario) -> None:
        self._objectives = tuple(
            Sliding(objective, endpoint_of(key))
            for key, objectives in scenario.slo.objectives.items()
            for objective in objectives
            if objective.aborts
        )
        self._conditions = tuple(Sliding(condition) for condition in scenario.guard.stop_if)
        self._next: int | None = None
        self._measured_since: int | None = None

    @property
    def is_needed(self) -> bool:
        return bool(self._objectives or self._conditions)

    def look(self, recent: Recent, names: Sequence[str], phase: Phase, began_at: float, now: float) -> Trip | None:
        """The first thing that ends the load, if there is one; called with what has ended up to `now`."""
        if self._next is None:
            self._next = math.ceil(began_at)
        if phase == "measure" and self._measured_since is None:
            self._measured_since = math.ceil(began_at)
        seconds = dict(recent.seconds)
        while self._next + 1 + SETTLED <= now:
            second = self._next
            self._next += 1
            trip = self._take(second, named(seconds.get(second, {}), names), phase)
            if trip is not None:
                return trip
        return None

    def _take(self, second: int, cells: Cells, phase: Phase) -> Trip | None:
        is_measured = phase == "measure" and self._measured_since is not None and second >= self._measured_since
        trips = [*self._trips("breaker", self._conditions, second, cells)]
        if is_measured:
            trips += self._trips("objective", self._objectives, second, cells)
        return trips[0] if trips else None

    @staticmethod
    def _trips(by: By, watched: Sequence[Sliding], second: int, cells: Cells) -> Iterator[Trip]:
        """Every one of them takes the second, whichever of them ends the load."""
        for sliding in watched:
            window = sliding.take(second, cells)
            # An objective ends the load when it does not hold, a condition when it does.
            if window is not None and window.holds is (by == "breaker"):
                yield Trip(by, sliding.endpoint, sliding.objective.text, window.value, float(window.ended_at))


def endpoint_of(key: str) -> str:
    """The endpoint as the generator knows it: by the step's name, or by method and path."""
    return key if key == ALL else key.replace("${", "{")


def named(cells: Mapping[tuple[int, int], Histogram], names: Sequence[str]) -> Cells:
    """With endpoints and errors by name instead of by number."""
    return {(names[endpoint], ERRORS[error]): histogram for (endpoint, error), histogram in cells.items()}
