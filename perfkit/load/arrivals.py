"""When each flow should start and how many users there should be: pure schedules, no clock and no sleeping."""

import math
from collections.abc import Iterator
from random import Random
from typing import Literal, TypeAlias

Spacing: TypeAlias = Literal["poisson", "even"]


def offsets(start: float, end: float, duration: float, spacing: Spacing, random: Random) -> Iterator[float]:
    """Seconds after the segment's start at which a flow starts, while the rate moves from `start` to `end`."""
    expected = 0.0 if spacing == "even" else random.expovariate(1.0)
    while True:
        offset = _reaches(expected, start, end, duration)
        if offset is None:
            return
        yield offset
        # The same clock change serves both: in units of expected starts a ramp is a steady stream of one per unit.
        expected += 1.0 if spacing == "even" else random.expovariate(1.0)


def population(start: int, end: int, duration: float) -> Iterator[tuple[float, int]]:
    """Changes of the number of users: (offset, users from then on); the last one has the segment's final number."""
    yield 0.0, start
    change = end - start
    step = 1 if change > 0 else -1
    for passed in range(1, abs(change) + 1):
        yield duration * passed / abs(change), start + step * passed


def expected_starts(start: float, end: float, duration: float) -> float:
    """How many flows a segment starts on average."""
    return (start + end) / 2 * duration


def _reaches(expected: float, start: float, end: float, duration: float) -> float | None:
    """The offset at which `expected` starts have been due; None when the segment ends before."""
    # Rounding may put the arrival that belongs to the next segment's first instant a hair before this one's end.
    if expected >= expected_starts(start, end, duration) * (1 - 1e-12):
        return None
    if expected == 0:
        return 0.0
    if start == end:
        return expected / start
    slope = (end - start) / duration
    # start * t + slope / 2 * t² = expected, in the form that does not cancel when the slope is small.
    return 2 * expected / (start + math.sqrt(max(start * start + 2 * slope * expected, 0.0)))
