"""Whether a run is fit to judge two versions: one version against itself must come out equal, and the ratio must have settled.

If odd and even blocks of the same version differ, blocks are no fair repetitions, and no gate may be built on them; likewise if
the ratio of both versions still drifts when the run ends.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from perfkit.stats import signed_rank, trend
from perfkit.stats.centre import of_blocks
from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers

# As the gate itself: one sound run in a hundred is called unstable.
UNSTABLE_BELOW: Final = 0.01
NOT_SETTLED_BELOW: Final = 0.01


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """`difference` of odd to even blocks of one version, as a log ratio."""

    difference: Estimate
    p: float
    pairs: int

    @property
    def is_unstable(self) -> bool:
        return self.p <= UNSTABLE_BELOW

    @property
    def says_something(self) -> bool:
        """With fewer pairs even the most extreme outcome could not fail it."""
        return self.pairs >= signed_rank.fewest_for(UNSTABLE_BELOW)


def odd_even(levels: Numbers) -> SelfCheck:
    """Of one version's block levels (logarithms of times) in the order of time.

    Neighbours make a pair, and every other pair is turned round (ABBA): a machine that becomes steadily slower is no alarm.
    """
    paired = levels[: len(levels) // 2 * 2].reshape(-1, 2)
    differences = (paired[:, 1] - paired[:, 0]) * np.where(np.arange(len(paired)) % 2, -1.0, 1.0)
    centre = of_blocks(differences)
    return SelfCheck(centre.interval(1 - UNSTABLE_BELOW), centre.p, len(paired))


def drift(ratios: Numbers) -> float:
    """Two-sided p value of the ratios rising or falling all along, by Mann-Kendall; below its limit, they did not settle."""
    return min(1.0, 2 * min(trend.rises(ratios), trend.rises(-ratios)))
