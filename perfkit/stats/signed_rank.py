"""Where paired differences lie, by their signed ranks: Hodges-Lehmann estimate, exact interval, exact p value.

Sources: Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963) for the estimate; Hollander, Wolfe and Chicken,
Nonparametric Statistical Methods, 3rd edition, sections 3.1 to 3.3, for test, interval and midranks. The null distribution is
built rank by rank (each is positive or negative with probability 1/2), on doubled midranks, so that ties are exact too.
"""

import math
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import CONFIDENCE, Numbers

Side: TypeAlias = Literal["two-sided", "greater", "less"]

# Up to here the null distribution is exact (20,101 sums, milliseconds); beyond, normal with continuity correction, whose error
# in a tail of 0.5 % is then 2 % of that tail, on the careful side.
EXACT_UP_TO: Final = 200
# A level like 2/256 has no exact double: the nudge keeps what is allowed exactly on the allowed side.
_NUDGE: Final = 1 + 1e-9


def hodges_lehmann(values: Numbers) -> float:
    """Median of all pairwise means; NaN of nothing."""
    return float(np.median(pairwise_means(values))) if len(values) else math.nan


def estimate(values: Numbers, confidence: float = CONFIDENCE) -> Estimate:
    """The interval holds every shift that the two-sided test at 1 - confidence does not reject; ties make it a little wide."""
    if len(values) == 0:
        return Estimate(math.nan, -math.inf, math.inf, confidence)
    means = np.sort(pairwise_means(values))
    outside = cut(len(values), (1 - confidence) / 2)
    low, high = (float(means[outside - 1]), float(means[-outside])) if outside else (-math.inf, math.inf)
    return Estimate(float(np.median(means)), low, high, confidence)


def upper_bound(values: Numbers, confidence: float = CONFIDENCE) -> float:
    """One-sided: the shift lies below it with that confidence."""
    return estimate(values, 2 * confidence - 1).high


def p_value(values: Numbers, side: Side = "two-sided", about: float = 0.0) -> float:
    """Of differences that lie symmetrically about a number; those that are equal to it say nothing and are left out."""
    shifted = values[values != about] - about
    if len(shifted) == 0:
        return 1.0
    ranks = doubled_midranks(np.abs(shifted))
    positive = int(ranks[shifted > 0].sum())
    at_most, at_least = _tails(ranks, positive)
    if side == "greater":
        return at_least
    if side == "less":
        return at_most
    return min(1.0, 2 * min(at_most, at_least))


def fewest_for(level: float) -> int:
    """The fewest pairs of which a two-sided test at a level can reject anything: 2 of 2^n outcomes are the most extreme."""
    return math.ceil(math.log2(2 / level) - 1e-9)


def cut(count: int, tail: float) -> int:
    """How many of the ordered pairwise means lie outside the interval at each end; 0 when there is no interval."""
    allowed = tail * _NUDGE
    if count > EXACT_UP_TO:
        middle, spread = count * (count + 1) / 4, math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
        return max(0, math.floor(middle + 0.5 + spread * float(ndtri(allowed))))
    at_most = np.cumsum(null_distribution(tuple(range(1, count + 1))))
    return int(np.searchsorted(at_most, allowed, side="right"))


def pairwise_means(values: Numbers) -> Numbers:
    """Walsh averages: of all pairs, and of each value with itself."""
    first, second = _pairs(len(values))
    return (values[first] + values[second]) / 2


def doubled_midranks(sizes: Numbers) -> npt.NDArray[np.int64]:
    """Ranks from 1 on, times two, so that the mean rank of a tie is whole."""
    _, places, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    return (2 * np.cumsum(counts) - counts + 1)[places].astype(np.int64)


@lru_cache(maxsize=256)
def null_distribution(ranks: tuple[int, ...]) -> Numbers:
    """Probability of each sum of the ranks of positive differences, from 0 on, when signs are coin flips."""
    sums = np.ones(1)
    for rank in ranks:
        grown = np.zeros(len(sums) + rank)
        grown[: len(sums)] = sums / 2
        grown[rank:] += sums / 2
        sums = grown
    return sums


def _tails(ranks: npt.NDArray[np.int64], positive: int) -> tuple[float, float]:
    """Probabilities of at most and of at least so large a sum (of doubled ranks)."""
    if len(ranks) > EXACT_UP_TO:
        middle, spread = float(ranks.sum()) / 2, math.sqrt(float((ranks**2).sum())) / 2
        # Doubled sums of untied ranks move in steps of 2: half a step is 1.
        return float(ndtr((positive + 1 - middle) / spread)), float(ndtr((middle - positive + 1) / spread))
    halved = bool((ranks % 2 == 0).all())
    weights, reached = (ranks // 2, positive // 2) if halved else (ranks, positive)
    sums = null_distribution(tuple(sorted(weights.tolist())))
    return min(1.0, float(sums[: reached + 1].sum())), min(1.0, float(sums[reached:].sum()))


@lru_cache(maxsize=256)
def _pairs(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    first, second = np.triu_indices(count)
    return first, second
