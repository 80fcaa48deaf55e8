"""Two series of blocks that were measured one after the other, not together: what may be said of the step between them.

Each series has a standard error of its own, by resampling stretches of its blocks (neighbouring seconds are never independent);
the two are added. What no number of blocks shows is how far the machine itself moved from one run to the next, so every interval
is widened by that, and a step has to exceed it before it is called one.
"""

import math
from dataclasses import dataclass
from typing import Final

from scipy.special import stdtr, stdtrit

from perfkit.stats.autocorrelation import lag1
from perfkit.stats.block_bootstrap import SHORTEST, wander
from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers
from perfkit.stats.signed_rank import hodges_lehmann

# Three stretches of the shortest length, of either series: fewer leave nothing to resample.
FEWEST: Final = 3 * SHORTEST


@dataclass(frozen=True, slots=True)
class Step:
    """From one series to the other: the difference of their Hodges-Lehmann estimates, on the scale of the blocks."""

    value: float
    standard_error: float  # infinite with too few blocks
    freedom: float
    lag1: float  # the larger of both

    def interval(self, confidence: float, between: float = 0.0) -> Estimate:
        """`between` is how far two series may lie apart although nothing has changed."""
        reach = self._reach((1 + confidence) / 2) + between
        return Estimate(self.value, self.value - reach, self.value + reach, confidence)

    def upper_bound(self, confidence: float, between: float = 0.0) -> float:
        """One-sided."""
        return self.value + self._reach(confidence) + between

    def p_value(self, between: float = 0.0) -> float:
        """Two-sided, of a true step that is no larger than `between`."""
        beyond = abs(self.value) - between
        if not math.isfinite(self.standard_error) or beyond <= 0:
            return 1.0
        if self.standard_error == 0:
            return 0.0
        return 2 * float(stdtr(self.freedom, -beyond / self.standard_error))

    def _reach(self, share: float) -> float:
        if not math.isfinite(self.standard_error):
            return math.inf
        return self.standard_error * float(stdtrit(self.freedom, share))


def step(a: Numbers, b: Numbers, *, seed: int = 0) -> Step:
    """From A's blocks to B's, both in the order of time; degrees of freedom by Welch and Satterthwaite."""
    value = hodges_lehmann(b) - hodges_lehmann(a) if len(a) and len(b) else math.nan
    correlation = max(lag1(a), lag1(b))
    if min(len(a), len(b)) < FEWEST:
        return Step(value, math.inf, 1.0, correlation)
    own = [wander(series, lag1(series), seed=seed) for series in (a, b)]
    squares = [one.standard_error**2 for one in own]
    total = sum(squares)
    if total == 0:
        return Step(value, 0.0, 1.0, correlation)
    freedom = total**2 / sum(square**2 / one.freedom for square, one in zip(squares, own, strict=True))
    return Step(value, math.sqrt(total), freedom, correlation)
