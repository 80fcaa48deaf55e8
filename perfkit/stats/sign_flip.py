"""Whether the mean of paired differences could be chance: flip the sign of each and count how often the sum is as large.

The order of the two versions is drawn by lot per pair, so under "no difference" each sign is a fair coin: the test needs no
other assumption (Fisher, The Design of Experiments, section 21). Drawn flips count the observed one among them, without which a
p value of 0 could come out (Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).
"""

from typing import Final

import numpy as np

from perfkit.stats.quantiles import Numbers
from perfkit.stats.signed_rank import Side

# 2^18 sums are a quarter of a million doubles; above that they are drawn.
EXACT_UP_TO: Final = 18
FLIPS: Final = 5_000
_CHUNK: Final = 2_000


def p_value(values: Numbers, side: Side = "two-sided", *, seed: int = 0, flips: int = FLIPS) -> float:
    """Exact up to 18 differences, else of drawn flips: the same seed gives the same answer."""
    if len(values) == 0:
        return 1.0
    observed = float(values.sum())
    # Sums of the same numbers in another order differ by rounding only.
    slack = 1e-9 * float(np.abs(values).sum())
    if len(values) <= EXACT_UP_TO:
        sums = _all_sums(values)
        return _as_extreme(sums, observed, side, slack) / len(sums)
    return (1 + _drawn(values, observed, side, slack, np.random.default_rng(seed), flips)) / (1 + flips)


def _all_sums(values: Numbers) -> Numbers:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _drawn(values: Numbers, observed: float, side: Side, slack: float, random: np.random.Generator, flips: int) -> int:
    extreme, width = 0, (len(values) + 7) // 8
    for begun in range(0, flips, _CHUNK):
        coins = np.frombuffer(random.bytes(min(_CHUNK, flips - begun) * width), np.uint8).reshape(-1, width)
        negative = np.unpackbits(coins, axis=1, count=len(values)).astype(np.float64)
        extreme += _as_extreme(observed - 2 * (negative @ values), observed, side, slack)
    return extreme


def _as_extreme(sums: Numbers, observed: float, side: Side, slack: float) -> int:
    if side == "greater":
        return int(np.count_nonzero(sums >= observed - slack))
    if side == "less":
        return int(np.count_nonzero(sums <= observed + slack))
    return int(np.count_nonzero(np.abs(sums) >= abs(observed) - slack))
