"""Does a short series rise: rank test and robust slope, which no single outlier can bend."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from perfkit.stats.quantiles import Numbers


@dataclass(frozen=True, slots=True)
class Slope:
    """Theil-Sen: the median of the slopes between all pairs, with Sen's 95 % interval."""

    slope: float
    low: float
    high: float


def theil_sen(xs: Numbers, ys: Numbers, confidence: float = 0.95) -> Slope:
    """For short series (it looks at all pairs); NaN when all x are equal."""
    first, second = np.triu_indices(len(xs), k=1)
    runs = xs[second] - xs[first]
    apart = runs != 0
    slopes = np.sort((ys[second] - ys[first])[apart] / runs[apart])
    if len(slopes) == 0:
        return Slope(math.nan, math.nan, math.nan)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(_score_variance(ys))
    count = len(slopes)
    low = max(0, math.floor((count - reach) / 2))
    high = min(count - 1, math.ceil((count + reach) / 2))
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def rises(ys: Numbers) -> float:
    """One-sided Mann-Kendall: the probability of so much rising in a series without a trend."""
    first, second = np.triu_indices(len(ys), k=1)
    score = float(np.sign(ys[second] - ys[first]).sum())
    variance = _score_variance(ys)
    if variance == 0:
        return 1.0
    # Continuity correction: the score moves in steps of 2.
    corrected = score - math.copysign(1, score) if score else 0.0
    return 1 - NormalDist().cdf(corrected / math.sqrt(variance))


def _score_variance(ys: Numbers) -> float:
    """Kendall's variance of the score, less what ties take away."""
    count = len(ys)
    ties = np.unique(ys, return_counts=True)[1].astype(np.float64)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return (count * (count - 1) * (2 * count + 5) - tied) / 18
