"""How far values lie apart beyond what their own errors explain: a variance that every one of them has besides its own.

A comparison's interval knows its blocks and not what differs between two comparisons: processes carry a bias of their own,
machines and days differ. The extra variance is the one with which squared differences of neighbours, each divided by the variance
that it should have, are 1 on average: the estimate of Paule and Mandel (Journal of Research of the National Bureau of Standards
87, 1982), with neighbours in place of the mean (von Neumann, Annals of Mathematical Statistics 12, 1941), since a step in a
series then counts in one difference only. Such a step, and an outlier more so, makes the estimate larger, and so every answer
more careful.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq

from perfkit.stats.quantiles import Numbers

# A short series may show no extra variance by luck: at least this share of the variance counts as estimated.
SUREST: Final = 0.6


@dataclass(frozen=True, slots=True)
class Scatter:
    """`freedom` is how many degrees of freedom the sum of own and extra variance has; infinite when nothing was estimated."""

    extra: float
    freedom: float


def of(values: Numbers, variances: Numbers, least: float = 0.0, breaks: tuple[int, ...] = ()) -> Scatter:
    """`least` is what the extra variance is at any rate; it is all of it for fewer than three values, which say nothing.

    A difference with the value before says nothing either where another level is known to begin: `breaks` are those places.
    """
    within = np.setdiff1d(np.arange(1, len(values)), breaks)
    if len(within) < 2:  # noqa: PLR2004  of one difference alone no variance is known
        return Scatter(least, math.inf)
    squares, own = (values[within] - values[within - 1]) ** 2, variances[within] + variances[within - 1]

    def excess(extra: float) -> float:
        return float(np.mean(squares / (own + 2 * extra))) - 1

    # With the largest difference's square as its variance every quotient is at most one half.
    extra = float(brentq(excess, least, float(squares.max()))) if excess(least) > 0 else least
    # Welch and Satterthwaite's: the known part has no end of them, the estimated one those of von Neumann's differences.
    count, part = len(within) + 1, max(SUREST, extra / (extra + float(np.mean(variances))))
    return Scatter(extra, 2 * (count - 1) ** 2 / (3 * count - 4) / part**2)
