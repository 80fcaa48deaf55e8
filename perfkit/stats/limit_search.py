"""Which rate to try next in the search for the highest one that meets the objectives: around the best guess, never far beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.stats.interval import Estimate
from perfkit.stats.load_factor import Model, Watched, half_width, limit

# Of the present estimate, in turn (research for capacity, 3.5 point 3).
AROUND: Final = (0.90, 1.00, 0.95, 1.05)
PRECISE: Final = 0.05
FEWEST: Final = 4
# Steps that miss nothing say only that the limit is higher: then the next one is this much higher than any that was held.
UPWARD: Final = 1.25
FAR_UPWARD: Final = 2.0  # without a prediction to go by
# After a step that the target could not keep up with: of what it did keep up with.
BELOW_SATURATION: Final = 0.9
JUST_BELOW: Final = 0.98
# Fewer misses than this share of what the objective allows: the limit is not near.
CLEARLY_HELD: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A step that was driven: `watched` when it counts, else why it does not."""

    rate: float  # offered, as it came out
    achieved: float
    watched: Watched | None  # also of one that the target fell behind in: to leave those out would leave the unlucky ones out
    saturated: bool = False  # the target fell far behind: no queue settles there
    failed: bool = False  # an objective that no queue explains was missed: errors, for one


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What has been tried so far, against a model."""

    model: Model
    allowed: tuple[float, ...]  # share of misses, per objective
    predicted: bool  # False: the model's scale is a guess
    highest: float  # that the generator can honestly make
    lowest: float
    seed: int = 0

    def next_rate(self, tried: Sequence[Tried]) -> float:
        counted = [one for one in tried if one.watched is not None]
        over = [one for one in tried if one.saturated or one.failed]
        around = AROUND[len(tried) % len(AROUND)]
        if not counted:
            at = min((BELOW_SATURATION * min(one.rate, one.achieved) for one in over), default=around * self.model.limit)
        else:
            top = max(counted, key=lambda one: one.rate)
            at = around * self.estimate(tried).value
            if self._clearly_held(top) and not over:
                at = top.rate * (UPWARD if self.predicted else FAR_UPWARD)
        if over:
            at = min(at, JUST_BELOW * min(one.rate for one in over))
        return min(max(at, self.lowest), self.highest)

    def estimate(self, tried: Sequence[Tried]) -> Estimate:
        """By what was watched, and not far beyond it; a rate that the target fell far behind, or failed at, bounds it."""
        watched = [one.watched for one in tried if one.watched is not None]
        found = limit(self.model, watched, seed=self.seed)
        over = min((one.rate for one in tried if one.saturated or one.failed), default=float("inf"))
        top = max((one for one in tried if one.watched is not None), key=lambda one: one.rate)
        ceiling = min(over, UPWARD * top.rate)
        value, low, high = (min(end, ceiling) for end in (found.value, found.low, found.high))
        if top.rate < over and self._clearly_held(top):
            # No step has met the limit: below it is what was held, above whatever could not be done at all.
            return Estimate(max(value, top.rate), min(low, top.rate), over, found.confidence)
        return Estimate(value, low, high, found.confidence)

    def is_done(self, tried: Sequence[Tried]) -> bool:
        """Precise enough, from steps of which some missed their limits."""
        counted = [one for one in tried if one.watched is not None]
        if len(counted) < FEWEST or self._clearly_held(max(counted, key=lambda one: one.rate)):
            return len(tried) > 0 and self._at_the_top(tried)
        return half_width(self.estimate(tried)) <= PRECISE

    def _at_the_top(self, tried: Sequence[Tried]) -> bool:
        """The highest rate that can be made was held."""
        return any(one.rate >= JUST_BELOW * self.highest and self._clearly_held(one) for one in tried if one.watched is not None)

    def _clearly_held(self, one: Tried) -> bool:
        watched = one.watched
        return watched is not None and all(
            watched.missed_share(objective) <= CLEARLY_HELD * allowed for objective, allowed in enumerate(self.allowed)
        )
