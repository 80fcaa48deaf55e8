"""Intervals for shares: so many of so many."""

import math

from scipy.special import betaincinv, ndtri

# The 97.5 % point of the normal distribution: two-sided 95 %.
NORMAL_95 = 1.959963984540054


def wilson(successes: float, count: float, confidence: float | None = None) -> tuple[float, float]:
    """Wilson's interval, of 95 % unless told: sound also for shares near 0 and 1; the whole range when nothing was counted."""
    if count <= 0:
        return 0.0, 1.0
    share = successes / count
    reach = NORMAL_95 if confidence is None else float(ndtri((1 + confidence) / 2))
    square = reach**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = reach / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    # At the edges rounding would leave 1e-17 where the interval is exact.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == count else min(1.0, middle + half)
    return low, high


def exact(successes: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval (Biometrika 26, 1934): never covers less than it says, at the price of being wide.

    For a handful of runs that are held against a promise; the whole range when nothing was counted.
    """
    if count <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, count - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, count - successes, 1 - tail)) if successes < count else 1.0
    return low, high
