"""Do GOOD and BAD differ in time, and in whose: what a search for a step has to know before it begins."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy.special import ndtri

from perfkit.compare.bisect.probe import Timing
from perfkit.stats.interval import Estimate

State: TypeAlias = Literal["differs", "alike", "open"]

# Of all endpoints together: a search that begins by mistake costs ten minutes and names an innocent commit.
ALPHA: Final = 0.001
# One-sided, of "no change as large as the floor".
CONFIDENCE: Final = 0.95
NORMAL_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Difference:
    """BAD against GOOD in one endpoint, all probes together: log ratio with its standard error."""

    endpoint: str
    metric: str
    value: float
    error: float
    state: State

    @property
    def interval(self) -> Estimate:
        return interval(self.value, self.error)


def interval(value: float, error: float) -> Estimate:
    """95 %."""
    return Estimate(value, value - NORMAL_95 * error, value + NORMAL_95 * error, 0.95)


def difference(probes: Sequence[Sequence[Timing]], metric: str, floor: float, endpoint: str | None = None) -> Difference | None:
    """The endpoint to go by: the one asked for, or the one that is most surely slower; faster when none is. None without any."""
    timings = [one for probe in probes for one in probe if one.metric == metric and endpoint in {None, one.endpoint}]
    names = sorted({one.endpoint for one in timings})
    limit = -float(ndtri(ALPHA / 2 / max(1, len(names))))
    found = [_of([one for one in timings if one.endpoint == name], limit, math.log1p(floor)) for name in names]
    apart = [one for one in found if one.state == "differs"]
    if apart:
        slower = [one for one in apart if one.value > 0]
        return max(slower or apart, key=lambda one: abs(one.value) / one.error)
    # Until every endpoint is known to be alike, the least known one speaks for all.
    return max(found, key=lambda one: (one.state == "open", abs(one.value) / one.error), default=None)


def together(timings: Iterable[Timing]) -> tuple[float, float]:
    """Mean by precision, and its standard error."""
    known = list(timings)
    precision = np.array([one.error**-2 for one in known])
    return float(np.sum(precision * [one.value for one in known]) / precision.sum()), float(precision.sum() ** -0.5)


def _of(timings: list[Timing], limit: float, floor: float) -> Difference:
    value, error = together(timings)
    state: State = "open"
    if abs(value) >= max(floor, limit * error):
        state = "differs"
    elif abs(value) + float(ndtri(CONFIDENCE)) * error < floor:
        state = "alike"
    return Difference(timings[0].endpoint, timings[0].metric, value, error, state)
