"""Differences between two things that were each measured several times over, in pairs: their mean, its interval, its p value.

Student's t over the pairs. Research for comparisons, 2.1: with 10 to 40 pairs it keeps a nominal 1 % (row c1: 1.4 to 0.9 %);
a percentile bootstrap of as few says too much (row c2: 4.8 to 1.8 %); and unlike ranks of a dozen pairs, whose p is never
below 2/2^12, it can pass a correction for hundreds of tests. What is counted besides (samples of a profiler) can be no surer
than its counts are: two Poisson counts given their sum are binomial (Przyborowski and Wilenski, Biometrika 31, 1940).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers

CONFIDENCE: Final = 0.95
# Of fewer pairs the spread is hardly known: the t distribution has then tails that nothing gets past.
FEWEST: Final = 3
# Differences that are all alike are exact, not sure beyond measure: their spread is what a float can tell apart.
RELATIVE_SPREAD: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """Means over the pairs, and head's less the base's, in the unit of what was measured."""

    base: float
    head: float
    change: Estimate
    p: float  # two-sided

    @property
    def is_rise(self) -> bool:
        return self.change.value > 0


def difference(base: Numbers, head: Numbers, confidence: float = CONFIDENCE) -> Difference:
    """Of values pair by pair; without enough pairs the interval is endless and p is 1."""
    changes = head - base
    count = len(changes)
    means = (float(base.mean()), float(head.mean())) if count else (0.0, 0.0)
    value = float(changes.mean()) if count else 0.0
    if count < FEWEST:
        return Difference(*means, Estimate(value, -np.inf, np.inf, confidence), 1.0)
    spread = float(changes.std(ddof=1)) / count**0.5
    if spread <= RELATIVE_SPREAD * max(*means, abs(value)):
        exact = 1.0 if abs(value) <= RELATIVE_SPREAD * max(means) else 0.0
        return Difference(*means, Estimate(value, value, value, confidence), exact)
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * spread
    p = float(2 * stats.t.sf(abs(value) / spread, count - 1))
    return Difference(*means, Estimate(value, value - reach, value + reach, confidence), p)


def p_of_counts(base: int, head: int, share: float) -> float:
    """That both have one rate, when `share` (0 to 1) of all that was looked at was head's: two-sided, exact."""
    if base + head == 0 or not 0 < share < 1:
        return 1.0
    return float(stats.binomtest(head, base + head, share).pvalue)
