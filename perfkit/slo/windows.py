"""Figures of every so many whole seconds in a row: one engine, for the load while it runs and for the run when it is over.

A window holds the requests that *ended* in its seconds, whenever they were due. Seconds are those of CLOCK_MONOTONIC, so that
both sides cut time at the same places, and figures are of histograms on both sides, within 0.05 %: the answers are the same.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from perfkit.scenario.objectives import ALL, Objective
from perfkit.slo.compare import COMPARE
from perfkit.stats.histogram import Histogram

# Of one second: by endpoint and error ("": a success).
Cells: TypeAlias = Mapping[tuple[str, str], Histogram]

# Classes of failure that an answer came with, or that no answer was waited for.
ANSWERED: Final = frozenset({"", "status", "expectation", "extraction"})
# Of fewer requests a single failure is more than a fifth, which says little about a target.
LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Seconds:
    """What ended in each second of a stretch of time; `until` is the first second that is not whole any more."""

    since: int
    until: int
    cells: Mapping[int, Cells]


@dataclass(frozen=True, slots=True)
class Window:
    """One window of an objective; `ended_at` is the second after its last one."""

    ended_at: int
    value: float
    holds: bool


@dataclass(slots=True)
class _Second:
    successes: list[Histogram] = field(default_factory=list[Histogram])
    errors: int = 0
    answered: int = 0


class Sliding:
    """An objective of one endpoint, or of all, over second after second; it needs each of them, the empty ones too."""

    def __init__(self, objective: Objective, endpoint: str = ALL) -> None:
        assert objective.window is not None
        self.objective = objective
        self.endpoint = endpoint
        self._length = objective.window
        self._least = least(objective.figure)
        self._seconds: deque[_Second] = deque(maxlen=self._length)

    def take(self, second: int, cells: Cells) -> Window | None:
        """The window that ends with this second; None when it is not whole yet, or too few requests ended in it."""
        self._seconds.append(self._second(cells))
        if len(self._seconds) < self._length:
            return None
        value = self._value()
        if value is None:
            return None
        return Window(second + 1, value, COMPARE[self.objective.comparison](value, self.objective.bound))

    def _second(self, cells: Cells) -> _Second:
        found = _Second()
        for (endpoint, error), histogram in cells.items():
            if self.endpoint not in (ALL, endpoint):
                continue
            count = histogram.count
            found.answered += count if error in ANSWERED else 0
            if error:
                found.errors += count
            else:
                found.successes.append(histogram)
        return found

    def _value(self) -> float | None:
        figure = self.objective.figure
        if figure == "rate":
            return sum(second.answered for second in self._seconds) / self._length
        successes = Histogram.sum([histogram for second in self._seconds for histogram in second.successes])
        count = successes.count
        errors = sum(second.errors for second in self._seconds)
        if figure == "errors":
            return errors / (errors + count) if errors + count >= self._least else None
        if count < self._least:
            return None
        if figure == "max":
            return successes.maximum
        return successes.mean if figure == "mean" else successes.quantile(_share(figure))


def least(figure: str) -> int:
    """Requests that a window must hold before it says anything: of fewer, the nearest-rank p99 is the maximum."""
    if figure in {"max", "rate"}:
        return 1
    if figure in {"errors", "mean"}:
        return LEAST
    return max(LEAST, math.ceil(round(1 / (1 - _share(figure)), 6)))


def slide(objective: Objective, endpoint: str, seconds: Seconds) -> Sequence[Window]:
    """Every window of a stretch that says something, in order."""
    sliding = Sliding(objective, endpoint)
    taken = (sliding.take(second, seconds.cells.get(second, {})) for second in range(seconds.since, seconds.until))
    return [window for window in taken if window is not None]


def worst(objective: Objective, windows: Sequence[Window]) -> Window:
    """The one that is furthest on the wrong side, or nearest to it."""
    if objective.comparison == "==":
        return next((window for window in windows if not window.holds), windows[0])
    choose = max if objective.comparison in ("<", "<=") else min
    return choose(windows, key=lambda window: window.value)


def _share(figure: str) -> float:
    return float(figure.removeprefix("p")) / 100
