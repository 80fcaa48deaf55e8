"""Where the blocks' values lie, by signed ranks; and by stretches of blocks as well where neighbours depend on each other.

Where the lag-1 autocorrelation is above its limit the wider of both intervals and the larger of both p values count, so that
resampling can only make an answer more careful.
"""

from dataclasses import dataclass

from perfkit.stats import signed_rank
from perfkit.stats.autocorrelation import DEPENDENT_ABOVE, lag1
from perfkit.stats.block_bootstrap import SHORTEST, Wander, wander
from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers

# Three stretches of the shortest length: fewer leave nothing to resample.
FEWEST_RESAMPLED = 3 * SHORTEST


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    values: Numbers
    value: float
    lag1: float
    wander: Wander | None  # where neighbours depend on each other

    @property
    def p(self) -> float:
        """Two-sided, of blocks about 0."""
        ranked = signed_rank.p_value(self.values)
        return ranked if self.wander is None else max(ranked, self.wander.p_value(self.value))

    def interval(self, confidence: float) -> Estimate:
        ranked = signed_rank.estimate(self.values, confidence)
        return ranked if self.wander is None else ranked.joined(self.wander.around(self.value, confidence))

    def upper_bound(self, confidence: float) -> float:
        """One-sided."""
        return self.interval(2 * confidence - 1).high


def of_blocks(values: Numbers, *, seed: int = 0) -> Centre:
    """Of finite values in the order of time."""
    correlation = lag1(values)
    dependent = correlation > DEPENDENT_ABOVE and len(values) >= FEWEST_RESAMPLED
    return Centre(
        values=values,
        value=signed_rank.hodges_lehmann(values),
        lag1=correlation,
        wander=wander(values, correlation, seed=seed) if dependent else None,
    )
