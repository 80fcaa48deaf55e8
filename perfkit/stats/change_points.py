"""Where a series of measured values steps to another level, how far, and between which of its places.

The model: values are levels plus normal errors of known variance, and the level changes at a few places. Segments are found by
PELT (Killick, Fearnhead and Eckley, JASA 107, 2012; the library ruptures) on the weighted sum of squares, each value weighing the
inverse of its variance. That sum is twice the log-likelihood, so the penalty is a bound on a squared z value and comes from the
noise alone: it is the one that no place of any series exceeds with probability 1 - alpha when nothing changes (Bonferroni over
the places; of Student's t where variances were estimated, see scatter). Each step is then tested against that level with what
both sides have in common counted in, the weakest that fails taken out first; the interval of a step's place is the
likelihood-ratio set (Hansen, Econometrica 68, 2000, table 1).
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from perfkit.stats import scatter
from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import CONFIDENCE, Numbers

LIBRARY: Final = "ruptures"
# Chance that a series, or a family of them, without any step shows one.
ALPHA: Final = 0.01
# One value apart is what its own error and a bad day make; two in a row are a level.
SHORTEST: Final = 2
# Fewer values do not tell how far they lie apart by themselves, and so not what would be a step.
FEWEST: Final = 8
# Steps that hide each other come out one after the other; more rounds than this change nothing that can be seen.
PASSES: Final = 6
# Twice the log-likelihood that a place of a step may lie below the best: P(LR <= x) = (1 - exp(-x/2))^2, here 95 %.
PLACE: Final = -2 * math.log(1 - math.sqrt(CONFIDENCE))


@dataclass(frozen=True, slots=True)
class Shared:
    """An error that all values before a place have in common: that of the link between two anchors."""

    stop: int
    variance: float


@dataclass(frozen=True, slots=True)
class Step:
    """`place` is the first value of the new level; with 95 % confidence the level begins between `first` and `last`."""

    place: int
    first: int
    last: int
    size: Estimate
    p: float  # of any step as clear at any place of the family, when there is none


@dataclass(frozen=True, slots=True)
class Segment:
    """Values from `start` up to and without `stop`, and their common level."""

    start: int
    stop: int
    level: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A series, judged: `extra` is the variance of each value beyond its own, which `variances` have in them."""

    extra: float
    variances: Numbers
    steps: tuple[Step, ...]
    segments: tuple[Segment, ...]


class Weighted:
    """Weighted squares about the weighted mean, from running sums; twice the negative log-likelihood but for a constant."""

    def __init__(self, values: Numbers, variances: Numbers) -> None:
        weights = 1 / variances
        # About their mean, so that the difference of two large sums keeps its digits.
        centred = values - np.average(values, weights=weights)
        self._sums = [_running(one) for one in (weights, weights * centred, weights * centred**2)]

    def error(self, start: int, end: int) -> float:
        weight, first, second = (sums[end] - sums[start] for sums in self._sums)
        return max(0.0, second - first * first / weight)


def levels(values: Numbers, own: Numbers, least: float, places: int, shared: tuple[Shared, ...] = ()) -> Levels:
    """`own` are the values' variances as they were measured, `least` is what they leave out at any rate.

    What lies between values is estimated anew without the steps that were found: a large one would hide a small one.
    """
    spread, found = scatter.of(values, own, least), list[Step]()
    for _ in range(PASSES):
        before = [step.place for step in found]
        found = list(steps(values, own + spread.extra, spread.freedom, places, shared))
        if [step.place for step in found] == before:
            break
        spread = scatter.of(values, own, least, tuple(step.place for step in found))
    variances = own + spread.extra
    return Levels(spread.extra, variances, tuple(found), segments(values, variances, tuple(found), shared))


def steps(
    values: Numbers, variances: Numbers, freedom: float, places: int, shared: tuple[Shared, ...] = (), alpha: float = ALPHA
) -> tuple[Step, ...]:
    """`places` is how many a family of series has at which a step may begin (`places_of`).

    There are none in fewer than FEWEST values, nor where there is no place.
    """
    if len(values) < FEWEST or not places:
        return ()
    from perfkit.stats import pelt  # noqa: PLC0415  whose library no Python 3.14 has: everything else must go on there

    cost = Weighted(values, variances)
    penalty = float(stdtrit(freedom, alpha / places / 2)) ** 2
    found = pelt.places(cost.error, values, penalty, SHORTEST)
    while found:
        edges = [0, *found, len(values)]
        tested = [_test(values, variances, freedom, edges[at : at + 3], shared) for at in range(len(found))]
        sizes = [min(1.0, p * places) for _, p in tested]
        weakest = int(np.argmax(sizes))
        if sizes[weakest] <= alpha:
            around = [_around(cost, edges[at : at + 3]) for at in range(len(found))]
            return tuple(
                Step(place, *near, size, p) for place, near, (size, _), p in zip(found, around, tested, sizes, strict=True)
            )
        del found[weakest]
    return ()


def places_of(count: int) -> int:
    """How many places a series has at which a step may be found."""
    return max(0, count - 2 * SHORTEST + 1) if count >= FEWEST else 0


def segments(
    values: Numbers, variances: Numbers, found: tuple[Step, ...], shared: tuple[Shared, ...] = ()
) -> tuple[Segment, ...]:
    """The levels between the steps, with intervals at 95 %."""
    edges = [0, *(step.place for step in found), len(values)]
    return tuple(
        Segment(start, stop, _interval(*_mean(values, variances, (start, stop), shared)))
        for start, stop in pairwise(edges)
        if stop > start
    )


def _test(
    values: Numbers, variances: Numbers, freedom: float, edges: list[int], shared: tuple[Shared, ...]
) -> tuple[Estimate, float]:
    """The difference of two neighbouring levels, and the chance of one so large at this very place."""
    left, before = _mean(values, variances, (edges[0], edges[1]), ())
    right, after = _mean(values, variances, (edges[1], edges[2]), ())
    common = sum(
        one.variance * (_part(variances, (edges[0], edges[1]), one.stop) - _part(variances, (edges[1], edges[2]), one.stop)) ** 2
        for one in shared
    )
    size = _interval(right - left, before + after + common)
    return size, 2 * float(stdtr(freedom, -abs(right - left) / math.sqrt(before + after + common)))


def _mean(values: Numbers, variances: Numbers, span: tuple[int, int], shared: tuple[Shared, ...]) -> tuple[float, float]:
    """The weighted mean and its variance."""
    weights = 1 / variances[slice(*span)]
    common = sum(one.variance * _part(variances, span, one.stop) ** 2 for one in shared)
    return float(np.average(values[slice(*span)], weights=weights)), 1 / float(weights.sum()) + common


def _part(variances: Numbers, span: tuple[int, int], stop: int) -> float:
    """The share of the weight of a span that lies before a place."""
    weights = 1 / variances[slice(*span)]
    return float(weights[: max(0, stop - span[0])].sum() / weights.sum())


def _interval(value: float, variance: float) -> Estimate:
    half = -float(ndtri((1 - CONFIDENCE) / 2)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, CONFIDENCE)


def _around(cost: Weighted, edges: list[int]) -> tuple[int, int]:
    """The places at which the step may as well begin."""
    tried = range(edges[0] + 1, edges[2])
    losses = np.array([cost.error(edges[0], place) + cost.error(place, edges[2]) for place in tried])
    likely = np.flatnonzero(losses <= cost.error(edges[0], edges[1]) + cost.error(edges[1], edges[2]) + PLACE)
    return tried[int(likely[0])], tried[int(likely[-1])]


def _running(values: Numbers) -> list[float]:
    return [0.0, *np.cumsum(values).tolist()]
