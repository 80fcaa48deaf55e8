"""How many blocks more an inconclusive answer would take, to say beside it.

An interval shrinks with the square root of the blocks: n (half-width / target)^2 of them bring it down to a target. What the
target is depends on where the true change lies, and an estimate that is inconclusive lies near the border by selection: taken at
its word it would ask for far too many. So it is drawn towards no change as far as it is uncertain, and the answer is the number
at which about half of such runs have been decided, either way. How soon a single run is decided is largely luck.
"""

import math
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from perfkit.stats import signed_rank
from perfkit.stats.interval import Estimate
from perfkit.stats.outcome import Rules

# How far changes of an endpoint's time usually are from none, as a standard deviation of log ratios: a guess, which matters only
# where a run knows less than that by itself.
USUAL: Final = 0.08
# Among the inconclusive are runs whose noise looked larger than it is, so that of those that are given what 0.4 asks for, half
# are decided (bench/verdict_rates.py).
LIKELY: Final = 0.4
# Numbers of blocks that are tried, up to a thousand times those that there are.
_TRIED: Final = np.geomspace(1.02, 1_000, 350)


def blocks_for(blocks: int, half_width: float, target: float) -> float:
    """Blocks at which an interval that is so wide now has the half-width that is needed."""
    if not math.isfinite(half_width) or target <= 0:
        return math.inf
    return blocks * (half_width / target) ** 2


def more_blocks(change: Estimate, bound: float, blocks: int, rules: Rules) -> int | None:
    """Of an interval at 1 - level and a one-sided bound; None when no number of blocks would probably do."""
    level = 1 - change.confidence
    if not math.isfinite(change.half_width) or not math.isfinite(bound):
        return max(1, signed_rank.fewest_for(level) - blocks)
    later = blocks * _TRIED
    shrunk = np.sqrt(blocks / later)
    # Undecided between what the bound still allows and what is large and sure enough for a change.
    low = math.log1p(rules.margin) - (bound - change.value) * shrunk
    high = np.maximum(math.log1p(rules.floor), change.half_width * shrunk)
    error = max(change.half_width / -float(ndtri(level / 2)), 1e-12)
    belief = USUAL**2 / (USUAL**2 + error**2)
    fresh = 1 - blocks / later  # the share of blocks that are still to come
    middle = change.value * (1 - fresh + fresh * belief)
    spread = fresh * np.sqrt(belief * error**2 + error**2 * blocks / (later - blocks))
    decided = 1 - np.maximum(0.0, ndtr((high - middle) / spread) - ndtr((low - middle) / spread))
    enough = np.flatnonzero(decided >= LIKELY)
    return max(1, math.ceil(float(later[enough[0]])) - blocks) if len(enough) else None
