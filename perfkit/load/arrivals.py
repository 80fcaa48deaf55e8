"""When each flow should start and how many users there should be: pure schedules, no clock and no sleeping."""

from collections.abc import Iterator
from random import Random
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Spacing: TypeAlias = Literal["poisson", "even"]
Numbers: TypeAlias = npt.NDArray[np.float64]

# Arrivals that are computed at a time: few enough that nobody waits for it (20 µs).
BLOCK: Final = 512


def offsets(start: float, end: float, duration: float, spacing: Spacing, random: Random) -> Iterator[float]:
    """Seconds after the segment's start at which a flow starts, while the rate moves from `start` to `end`."""
    # The same clock change serves both: in units of expected starts a ramp is a steady stream of one per unit.
    source = np.random.default_rng(random.getrandbits(64))
    reached = 0.0
    # Rounding may put the arrival that belongs to the next segment's first instant a hair before this one's end.
    last = expected_starts(start, end, duration) * (1 - 1e-12)
    while reached < last:
        if spacing == "even":
            expected = reached + np.arange(BLOCK, dtype=np.float64)
            reached += BLOCK
        else:
            expected = reached + np.cumsum(source.standard_exponential(BLOCK))
            reached = float(expected[-1])
        yield from _reached(expected[expected < last], start, end, duration).tolist()


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


def _reached(expected: Numbers, start: float, end: float, duration: float) -> Numbers:
    """The offsets at which so many starts have been due."""
    if start == end:
        return expected / start
    slope = (end - start) / duration
    # start * t + slope / 2 * t² = expected, in the form that does not cancel when the slope is small.
    root = start + np.sqrt(np.maximum(start * start + 2 * slope * expected, 0.0))
    return np.divide(2 * expected, root, out=np.zeros_like(expected), where=expected > 0)
