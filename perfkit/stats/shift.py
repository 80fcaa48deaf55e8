"""How each decile of B's times lies to A's: whether all requests became slower, or the slow ones only.

The shift function of Doksum (Annals of Statistics 2, 1974) with Harrell-Davis deciles as Wilcox proposes (Introduction to Robust
Estimation and Hypothesis Testing, section 5.1). Deciles are taken within each block, where both versions ran on the same machine
at the same time, and blocks are what intervals are made of: requests are no independent repetitions.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from perfkit.stats import signed_rank
from perfkit.stats.harrell_davis import weights
from perfkit.stats.interval import Estimate
from perfkit.stats.order import Pairs
from perfkit.stats.quantiles import CONFIDENCE, Numbers

DECILES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Below this a decile of a block is hardly more than an extreme.
FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Shift:
    """log(B/A) and B - A at one share of the requests, by Hodges-Lehmann over blocks."""

    share: float
    ratio: Estimate
    difference: Estimate


def shifts(pairs: Pairs, *, shares: tuple[float, ...] = DECILES, confidence: float = CONFIDENCE) -> tuple[Shift, ...]:
    """Each interval holds for its own decile, not for all at once: a picture, not a test. Empty without a usable block."""
    rows = [
        (_quantiles(pairs.a[block], shares), _quantiles(pairs.b[block], shares))
        for number in np.unique(pairs.block)
        if np.count_nonzero(block := pairs.block == number) >= FEWEST
    ]
    if not rows:
        return ()
    a, b = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    return tuple(
        Shift(
            share=share,
            ratio=signed_rank.estimate(np.log(b[:, place] / a[:, place]), confidence),
            difference=signed_rank.estimate(b[:, place] - a[:, place], confidence),
        )
        for place, share in enumerate(shares)
    )


def _quantiles(values: Numbers, shares: tuple[float, ...]) -> Numbers:
    ordered = np.sort(values)
    return np.array([ordered @ weights(len(ordered), share) for share in shares])
