"""No slowdown larger than a margin: what a run must show before it may say that nothing happened.

Of two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987) a gate needs the one against a
slowdown only. "No difference found" is never evidence of none.
"""

import math
from typing import Final

from perfkit.stats.centre import Centre

# How sure "no slowdown larger than" is.
CONFIDENCE: Final = 0.95


def no_slowdown_beyond(centre: Centre, confidence: float = CONFIDENCE) -> float:
    """The log ratio that the true one lies below with that confidence; infinite with too few blocks."""
    return centre.upper_bound(confidence)


def blocks_for(blocks: int, half_width: float, target: float) -> float:
    """Blocks at which an interval that is so wide now has the half-width that is needed: it shrinks with their square root."""
    if not math.isfinite(half_width) or target <= 0:
        return math.inf
    return blocks * (half_width / target) ** 2
