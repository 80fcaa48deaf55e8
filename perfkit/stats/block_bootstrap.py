"""How far a Hodges-Lehmann estimate would wander if blocks depend on their neighbours: resampling whole stretches of them.

Circular moving blocks (Politis and Romano, in Exploring the Limits of Bootstrap, 1992); their length by Andrews' rule for
first-order autocorrelation (Econometrica 59, 1991, equations 5.3 and 6.4, Bartlett kernel), three at least. The interval takes
the standard error of the resampled estimates and Student's t of as many degrees of freedom as there are stretches, less one:
plain percentiles under-cover with fewer than about 40 blocks, and the far tails that many tests ask for are never resampled.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtr, stdtrit

from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers
from perfkit.stats.signed_rank import hodges_lehmann, pairwise_means

SHORTEST: Final = 3
# The standard error of 300 resamples is known to about 4 %.
RESAMPLES: Final = 300
_CHUNK: Final = 100
# Beyond such a correlation a series of blocks is one long drift, and no correction holds.
_MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Wander:
    """The standard error of an estimate, and the degrees of freedom that it is known with."""

    standard_error: float
    freedom: float

    def around(self, value: float, confidence: float) -> Estimate:
        reach = self.standard_error * float(stdtrit(self.freedom, (1 + confidence) / 2))
        return Estimate(value, value - reach, value + reach, confidence)

    def p_value(self, value: float) -> float:
        """Two-sided, of a true value of 0."""
        if self.standard_error == 0:
            return 0.0 if value else 1.0
        return 2 * float(stdtr(self.freedom, -abs(value) / self.standard_error))


def wander(values: Numbers, correlation: float, *, seed: int = 0, resamples: int = RESAMPLES) -> Wander:
    """Of the Hodges-Lehmann estimate, with blocks that are correlated with their neighbours."""
    length = stretch(len(values), correlation)
    needed = math.ceil(len(values) / length)
    random = np.random.default_rng(seed)
    found = np.empty(resamples)
    for begun in range(0, resamples, _CHUNK):
        starts = random.integers(0, len(values), (min(_CHUNK, resamples - begun), needed))
        places = (starts[:, :, None] + np.arange(length)) % len(values)
        rows = values[places.reshape(len(starts), -1)[:, : len(values)]]
        found[begun : begun + len(starts)] = np.median(pairwise_means(rows.T), axis=0)
    freedom = max(1.0, len(values) / length - 1)
    # The mean of the stretches is their own, which takes one of their number away.
    inflation = _missed(length, correlation) * (freedom + 1) / freedom
    return Wander(float(found.std(ddof=1)) * math.sqrt(inflation), freedom)


def estimate(values: Numbers, correlation: float, confidence: float, *, seed: int = 0) -> Estimate:
    return wander(values, correlation, seed=seed).around(hodges_lehmann(values), confidence)


def _missed(length: int, correlation: float) -> float:
    """How much larger the variance is than stretches of that length show, which cut every dependence at their ends.

    As if each block depended on the one before it only: two thirds more at a correlation of 0.5 and stretches of three.
    """
    bounded = min(max(correlation, 0.0), _MOST)
    lags = np.arange(1, length)
    seen = 1 + 2 * float((1 - lags / length) @ bounded**lags)
    return (1 + bounded) / (1 - bounded) / seen


def stretch(count: int, correlation: float) -> int:
    """Blocks resampled together: three at least, a third of all at most, so that there is something to resample."""
    bounded = min(max(correlation, 0.0), _MOST)
    strength = 4 * bounded**2 / (1 - bounded**2) ** 2
    return max(1, min(max(SHORTEST, math.ceil(1.1447 * math.cbrt(strength * count))), count // 3))
