"""Where the blocks' values lie, by signed ranks; and by stretches of blocks as well where neighbours depend on each other.

Signed ranks of six blocks cannot reject anything at a thousandth, were the times three times as long in each of them. Where every
block lies on the same side and by a tenth at least, Student's t of the logarithms speaks instead: no noise looks like that, and a
bias of one process does not last over several starts (decision 0031).

Where the lag-1 autocorrelation is above its limit the wider of both intervals and the larger of both p values count, so that
resampling can only make an answer more careful.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from perfkit.stats import signed_rank
from perfkit.stats.autocorrelation import DEPENDENT_ABOVE, lag1
from perfkit.stats.block_bootstrap import SHORTEST, Wander, wander
from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers

# Of every single block, as a log ratio; lasting biases of a process are a tenth of it.
STARK: Final = math.log1p(0.10)
FEWEST_STARK: Final = 3
# Three stretches of the shortest length: fewer leave nothing to resample.
FEWEST_RESAMPLED = 3 * SHORTEST


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    values: Numbers
    value: float
    lag1: float
    wander: Wander | None  # where neighbours depend on each other
    may_be_stark: bool = False  # a few blocks that all say the same may decide
    lasting: float = 0.0  # standard error of what all blocks of a start share (stats/starts.py)

    @property
    def is_stark(self) -> bool:
        """Every block by a tenth and more to the same side."""
        agree = len(self.values) >= FEWEST_STARK and (self.values.min() >= STARK or self.values.max() <= -STARK)
        return self.may_be_stark and self.wander is None and bool(agree)

    @property
    def p(self) -> float:
        """Two-sided, of blocks about 0."""
        blocks = self._p_of_blocks()
        if not self.lasting or not 0 < blocks < 1:
            return blocks
        own = abs(self.value) / -float(ndtri(blocks / 2))
        return 2 * float(ndtr(-abs(self.value) / math.hypot(own, self.lasting)))

    def interval(self, confidence: float) -> Estimate:
        blocks, reach = self._interval_of_blocks(confidence), float(ndtri((1 + confidence) / 2)) * self.lasting
        low, high = math.hypot(blocks.value - blocks.low, reach), math.hypot(blocks.high - blocks.value, reach)
        return Estimate(blocks.value, blocks.value - low, blocks.value + high, confidence)

    def _p_of_blocks(self) -> float:
        ranked = signed_rank.p_value(self.values)
        if self.is_stark:
            return min(ranked, self._stark_p())
        return ranked if self.wander is None else max(ranked, self.wander.p_value(self.value))

    def _interval_of_blocks(self, confidence: float) -> Estimate:
        ranked = signed_rank.estimate(self.values, confidence)
        if self.is_stark and not math.isfinite(ranked.half_width):
            reach = float(stdtrit(len(self.values) - 1, (1 + confidence) / 2)) * self._error()
            middle = float(self.values.mean())
            return Estimate(ranked.value, min(ranked.value, middle - reach), max(ranked.value, middle + reach), confidence)
        return ranked if self.wander is None else ranked.joined(self.wander.around(self.value, confidence))

    def upper_bound(self, confidence: float) -> float:
        """One-sided."""
        return self.interval(2 * confidence - 1).high

    def _error(self) -> float:
        return max(float(self.values.std(ddof=1)) / math.sqrt(len(self.values)), float(np.finfo(np.float64).tiny))

    def _stark_p(self) -> float:
        return 2 * float(stdtr(len(self.values) - 1, -abs(float(self.values.mean())) / self._error()))


def of_blocks(values: Numbers, *, seed: int = 0, may_be_stark: bool = False, lasting: float = 0.0) -> Centre:
    """Of finite values in the order of time; only from several starts may a few blocks decide."""
    correlation = lag1(values)
    dependent = correlation > DEPENDENT_ABOVE and len(values) >= FEWEST_RESAMPLED
    return Centre(
        values=values,
        value=signed_rank.hodges_lehmann(values),
        lag1=correlation,
        wander=wander(values, correlation, seed=seed) if dependent else None,
        may_be_stark=may_be_stark,
        lasting=lasting,
    )
