"""Where the step lies and how big it is: what probes say about a line of commits, as probabilities.

Two unknowns: the commit that brought the step (all are equally likely beforehand) and its size. A probe is Gaussian about the
level of its commit: that of GOOD, which is 0, before the step, an unknown one from it on. Levels have a wide Gaussian prior, so
they can be integrated away, and what is left is a weight for each place (research for comparisons, 4; the algebra is that of
Bayesian linear regression, Bishop, Pattern Recognition and Machine Learning, 3.3). Where one step cannot explain the probes, two
are tried.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from perfkit.stats.quantiles import Numbers

Places: TypeAlias = npt.NDArray[np.int64]

# Standard deviation of a level before any probe, as a log ratio: wide against every step that somebody has to look for.
WIDE: Final = 1.0
# A probe so many standard errors from its level is a surprise: one probe in a thousand that deserves no such name.
SURPRISING: Final = 3.3


@dataclass(frozen=True, slots=True)
class Observation:
    """What a probe came to: log(commit / GOOD) with its standard error; place 1 is the first commit after GOOD."""

    place: int
    value: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Mean and variance of a level, one for each hypothesis."""

    mean: Numbers
    variance: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """Ways to lay one or two steps into stretches of commits: parallel arrays, `first == second` where there is one step."""

    ends: Places  # the last place of each stretch; commits of one stretch cannot be told apart by probes at these places
    first: Places  # number of the stretch with the first step
    second: Places
    weight: Numbers  # posterior
    middle: Levels  # between the two steps
    last: Levels

    @property
    def culprits(self) -> Numbers:
        """Of each hypothesis (row) how likely each stretch (column) has its larger step in the direction of the whole."""
        first = self._first_is_larger
        found = np.zeros((len(self.weight), len(self.ends)))
        rows = np.arange(len(self.weight))
        found[rows, self.first] += first
        found[rows, self.second] += 1 - first
        return found

    @property
    def is_double(self) -> npt.NDArray[np.bool_]:
        return self.second > self.first

    @property
    def _first_is_larger(self) -> Numbers:
        """The steps are `middle` and `last - middle`: the first one is larger when 2 middle - last has the sign of last."""
        mean = np.sign(self.last.mean) * (2 * self.middle.mean - self.last.mean)
        likely: Numbers = ndtr(mean / np.sqrt(4 * self.middle.variance + self.last.variance))
        return np.where(self.is_double, likely, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """After some probes; arrays have one value per stretch."""

    hypotheses: Hypotheses
    probability: Numbers  # that the step came with a commit of this stretch
    size: Numbers  # log ratio of the step, if it did
    size_error: Numbers
    inflation: float  # factor on all standard errors, where not even two steps explain the probes
    doubles: float  # probability of a second step

    @property
    def ends(self) -> Places:
        return self.hypotheses.ends

    @property
    def starts(self) -> Places:
        return np.concatenate(([1], self.ends[:-1] + 1))

    @property
    def entropy(self) -> float:
        """Of the commit, in bits; commits of one stretch are equally likely."""
        each = self.probability / (self.ends - self.starts + 1)
        seen = self.probability > 0
        return float(-np.sum(self.probability[seen] * np.log2(each[seen])))


def believe(observations: Sequence[Observation], ends: Places, *, widened: bool = False) -> Beliefs:
    """`ends` holds every probed place and, last, that of BAD; widened, two steps are as likely beforehand as one."""
    hypotheses = weigh(observations, ends, widened=widened)
    inflation = 1.0
    if widened and surprises(hypotheses, observations):
        inflation = birge(hypotheses, observations)
        enlarged = [Observation(one.place, one.value, one.error * inflation) for one in observations]
        hypotheses = weigh(enlarged, ends, widened=True)
    probability = hypotheses.weight @ hypotheses.culprits
    size, error = _sizes(hypotheses, probability)
    doubles = float(hypotheses.weight[hypotheses.is_double].sum())
    return Beliefs(hypotheses, probability, size, error, inflation, doubles)


def weigh(observations: Sequence[Observation], ends: Places, *, widened: bool) -> Hypotheses:
    """Every hypothesis with its posterior weight."""
    first, second, prior = _laid(ends, widened=widened)
    precision, summed = np.zeros(len(ends) + 1), np.zeros(len(ends) + 1)
    for one in observations:
        stretch = 1 + int(np.searchsorted(ends, one.place))
        precision[stretch] += 1 / one.error**2
        summed[stretch] += one.value / one.error**2
    precisions, sums = np.cumsum(precision), np.cumsum(summed)
    middle = precisions[second] - precisions[first], sums[second] - sums[first]
    last = precisions[-1] - precisions[second], sums[-1] - sums[second]
    score = np.log(prior) + _evidence(*middle) + _evidence(*last)
    weight = np.exp(score - score.max())
    return Hypotheses(ends, first, second, weight / weight.sum(), _levels(*middle), _levels(*last))


def residuals(hypotheses: Hypotheses, observations: Sequence[Observation]) -> Numbers:
    """By how many standard errors each probe misses its level under the likeliest hypothesis, its own share in it allowed for."""
    best = int(np.argmax(hypotheses.weight))
    found: list[float] = []
    for one in observations:
        stretch = int(np.searchsorted(hypotheses.ends, one.place))
        if stretch < hypotheses.first[best]:
            found.append(one.value / one.error)
            continue
        level = hypotheses.middle if stretch < hypotheses.second[best] else hypotheses.last
        left = max(1e-12, 1 - float(level.variance[best]) / one.error**2)
        # A level with one probe is where that probe is: nothing can be missed.
        found.append((one.value - float(level.mean[best])) / (one.error * math.sqrt(left)) if left > 1e-3 else 0.0)  # noqa: PLR2004
    return np.array(found)


def surprises(hypotheses: Hypotheses, observations: Sequence[Observation]) -> list[int]:
    """Which probes fit no level."""
    return [int(place) for place in np.flatnonzero(np.abs(residuals(hypotheses, observations)) > SURPRISING)]


def birge(hypotheses: Hypotheses, observations: Sequence[Observation]) -> float:
    """The factor on all errors that makes the misses as large as they should be (Birge, Physical Review 40, 1932)."""
    levels = 2 if bool(hypotheses.is_double[int(np.argmax(hypotheses.weight))]) else 1
    free = max(1, len(observations) - levels)
    return max(1.0, math.sqrt(float(np.sum(residuals(hypotheses, observations) ** 2)) / free))


def _laid(ends: Places, *, widened: bool) -> tuple[Places, Places, Numbers]:
    """First and second stretch, and prior; two steps within a stretch look like one at its end."""
    widths = np.diff(ends, prepend=0).astype(np.float64)
    commits = float(ends[-1])
    stretches = np.arange(len(ends), dtype=np.int64)
    single = widths / commits
    if not widened or commits < 2:  # noqa: PLR2004  two steps need two commits
        return stretches, stretches, single
    pairs = commits * (commits - 1) / 2
    first, second = np.triu_indices(len(ends), 1)
    within = widths * (widths - 1) / 2 / pairs
    return (
        np.concatenate((stretches, first)),
        np.concatenate((stretches, second)),
        np.concatenate(((single + within) / 2, widths[first] * widths[second] / pairs / 2)),
    )


def _evidence(precision: Numbers, summed: Numbers) -> Numbers:
    """Logarithm of how much likelier the probes of a stretch are with an unknown level than with level 0."""
    return 0.5 * summed**2 / (precision + WIDE**-2) - 0.5 * np.log1p(WIDE**2 * precision)


def _levels(precision: Numbers, summed: Numbers) -> Levels:
    variance = 1 / (precision + WIDE**-2)
    return Levels(summed * variance, variance)


def _sizes(hypotheses: Hypotheses, probability: Numbers) -> tuple[Numbers, Numbers]:
    """Moments of the step of each stretch over all hypotheses that blame it."""
    first = hypotheses.culprits[np.arange(len(hypotheses.weight)), hypotheses.first]
    middle, last, double = hypotheses.middle, hypotheses.last, hypotheses.is_double
    mean, square = np.zeros(len(probability)), np.zeros(len(probability))
    of_first = Levels(np.where(double, middle.mean, last.mean), np.where(double, middle.variance, last.variance))
    of_second = Levels(last.mean - middle.mean, last.variance + middle.variance)
    for stretch, share, level in ((hypotheses.first, first, of_first), (hypotheses.second, 1 - first, of_second)):
        weight = hypotheses.weight * np.where(double | (share == 1), share, 0.0)
        np.add.at(mean, stretch, weight * level.mean)
        np.add.at(square, stretch, weight * (level.mean**2 + level.variance))
    known = np.maximum(probability, np.finfo(float).tiny)
    return mean / known, np.sqrt(np.maximum(square / known - (mean / known) ** 2, 0.0))
