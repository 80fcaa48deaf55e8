"""Quantiles that were really observed, and intervals for them that assume no shape of the distribution."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

Numbers: TypeAlias = npt.NDArray[np.float64]

CONFIDENCE = 0.95


def nearest_rank(ordered: Numbers, share: float) -> float:
    """The smallest observed value that at least `share` of the values do not exceed; NaN of nothing."""
    if len(ordered) == 0:
        return math.nan
    return float(ordered[rank(len(ordered), share)])


def of_unordered(values: Numbers, shares: Sequence[float]) -> list[float]:
    """Nearest-rank percentiles without sorting everything; NaN of nothing."""
    if len(values) == 0:
        return [math.nan] * len(shares)
    ranks = [rank(len(values), share) for share in shares]
    placed = np.partition(values, sorted(set(ranks)))
    return [float(placed[position]) for position in ranks]


def rank(count: int, share: float) -> int:
    """Index of the nearest-rank quantile among `count` ascending values."""
    # 0.95 * 20 is 19.000000000000004 as a float: the nudge keeps it on the 19th value.
    return min(max(math.ceil(share * count - 1e-9) - 1, 0), count - 1)


def interval(ordered: Numbers, share: float, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Distribution-free interval of a quantile: two order statistics; None when there are too few values for one."""
    bounds = bounding_ranks(len(ordered), share, confidence)
    return None if bounds is None else (float(ordered[bounds[0]]), float(ordered[bounds[1]]))


def bounding_ranks(count: int, share: float, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Indices of the order statistics that hold the quantile between them.

    How many of `count` values lie below the true quantile is binomial, whatever the distribution: each end leaves out at most
    half of what `confidence` allows.
    """
    if count == 0 or not 0 < share < 1:
        return None
    tail = (1 - confidence) / 2
    spread = 6 * math.sqrt(count * share * (1 - share)) + 8
    first, last = max(0, math.floor(count * share - spread)), min(count, math.ceil(count * share + spread))
    below = np.arange(first, last + 1, dtype=np.float64)
    at_most = bdtr(below, count, share)  # P(at most k values lie below the quantile)
    # Value i (from 0) is above the quantile only when at most i values lie below it.
    low = first + int(np.searchsorted(at_most, tail, side="right")) - 1
    high = first + int(np.searchsorted(at_most, 1 - tail, side="left"))
    if low < 0 or high >= count:
        return None
    return low, high


def needed_for_interval(share: float, confidence: float = CONFIDENCE) -> int:
    """The fewest values of which a quantile has an interval with both ends."""
    tail = (1 - confidence) / 2
    return math.ceil(math.log(tail) / math.log(max(share, 1 - share)))
