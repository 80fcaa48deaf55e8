"""Quantiles as weighted means of all ordered values: steadier than one order statistic in small samples.

Harrell and Davis, Biometrika 69 (1982): value i of n weighs as much as a beta distribution of (n + 1) q and (n + 1)(1 - q) has
between (i - 1)/n and i/n. For comparing; a percentile that is reported was really observed (`quantiles.nearest_rank`).
"""

import math
from functools import lru_cache

import numpy as np
from scipy.special import betainc

from perfkit.stats.quantiles import Numbers


def quantile(values: Numbers, share: float) -> float:
    """NaN of nothing."""
    return float(np.sort(values) @ weights(len(values), share)) if len(values) else math.nan


@lru_cache(maxsize=4096)
def weights(count: int, share: float) -> Numbers:
    """Of the ordered values, from the smallest on; their sum is 1."""
    edges = np.arange(count + 1) / count
    return np.diff(betainc((count + 1) * share, (count + 1) * (1 - share), edges))
