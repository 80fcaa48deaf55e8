"""How much more load than the model thinks a target feels: one factor, fitted to the requests that missed their limits.

A target that fits with factor 1.1 behaves at 90/s as the model does at 99/s, so that its limit is the model's divided by 1.1.
What it takes for low rates, where nobody queues, was measured and is left as it is: that is why the load is scaled and not the
service times.

Binomial likelihood over steps, each request counting for less where misses come in clusters (design effect over blocks of two
seconds: Kish, Survey Sampling, 1965), times a wide prior about the prediction, which only speaks where no step does. The interval
is a bootstrap over steps and over their blocks (Davison and Hinkley, Bootstrap Methods, 1997, 3.8): blocks alone would not know
that a machine is slower in one step than in the next. Percentiles of few steps under-cover; the interval is widened for that.

Which requests come close together is luck, and near the limit most of what a step of half a minute misses: two steps at one rate
differ by a third and more. A step whose arrivals are known is therefore held against what the model misses with these very
arrivals, block by block (control variates: Glasserman, Monte Carlo Methods in Financial Engineering, 2003, 4.1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from perfkit.stats.autocorrelation import lag1
from perfkit.stats.interval import Estimate
from perfkit.stats.miss_curve import MissCurve
from perfkit.stats.quantiles import Numbers

# Predictions are within 10 % most of the time (issue 5); five times that is wide.
PRIOR_SD: Final = 0.5
RESAMPLES: Final = 400
# What a planner asks for (research for capacity, 3.5 point 7): one in twenty on either side.
CONFIDENCE_OF_LIMIT: Final = 0.9
# Fewer steps than this say nothing about how steps differ.
STEPS_FOR_SPREAD: Final = 3
# Of a block that the model lets nobody miss in, and of one in which it lets everybody.
LEAST: Final = 0.001
Places: TypeAlias = npt.NDArray[np.int64]
_FACTORS: Final = np.exp(np.linspace(-2.5, 2.5, 1001))


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the model misses with the arrivals that a step had, compressed by each of some factors."""

    factors: Numbers  # ascending
    missed: Numbers  # factor, block, objective
    runs: int  # simulated ones, of which these are the means

    def log_odds(self, requests: float, missed: Numbers) -> Numbers:
        """Per factor, of so many requests the share that is missed; none of all that were simulated is half a one."""
        least = 0.5 / max(1.0, requests * self.runs)
        shares = np.clip(missed / max(1.0, requests), least, 1 - least)
        # More load never helps: where a share falls it was the simulation's luck.
        odds: Numbers = np.maximum.accumulate(np.log(shares / (1 - shares)))
        return odds


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One step: per block (row) and objective (column) how many requests there were and how many missed."""

    rate: float
    requests: Numbers
    missed: Numbers
    expected: Expected | None = None  # None: only its rate is known

    def missed_share(self, objective: int) -> float:
        return float(self.missed[:, objective].sum() / max(1.0, self.requests[:, objective].sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is known before the steps: per objective the curve of a step, and the rate at which it is just met for good."""

    curves: tuple[MissCurve, ...]
    limits: tuple[float, ...]

    @property
    def limit(self) -> float:
        return min(self.limits)


def limit(model: Model, steps: Sequence[Watched], *, confidence: float = CONFIDENCE_OF_LIMIT, seed: int = 0) -> Estimate:
    """The highest rate that meets every objective; the same seed gives the same answer."""
    likelihoods = [_Likelihood(model.curves[objective], steps, objective) for objective in range(len(model.curves))]

    def at(drawn: Sequence[tuple[int, Places]]) -> float:
        return min(model.limits[objective] / likelihood.factor(drawn) for objective, likelihood in enumerate(likelihoods))

    value = at([(place, np.arange(len(step.requests))) for place, step in enumerate(steps)])
    random = np.random.default_rng(seed)
    found = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        chosen = random.integers(0, len(steps), len(steps)).tolist() if len(steps) >= STEPS_FOR_SPREAD else range(len(steps))
        found[number] = at([(one, random.integers(0, len(steps[one].requests), len(steps[one].requests))) for one in chosen])
    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(found, (tail, 1 - tail)))
    wider = _for_few(len(steps), confidence)
    # Nothing is known more exactly than the factors are apart.
    exact = float(_FACTORS[1] / _FACTORS[0])
    return Estimate(value, value * min(1 / exact, low / value) ** wider, value * max(exact, high / value) ** wider, confidence)


def _for_few(steps: int, confidence: float) -> float:
    """How much wider an interval is whose spread was itself learnt from so few steps: Student's t instead of the normal."""
    if steps < STEPS_FOR_SPREAD:
        return 1.0
    level = (1 + confidence) / 2
    return float(stdtrit(steps - 1, level) / ndtri(level)) * math.sqrt(steps / (steps - 1))


class _Likelihood:
    """Of one objective: log odds of a miss per step and factor, once for all resamples."""

    def __init__(self, curve: MissCurve, steps: Sequence[Watched], objective: int) -> None:
        self._steps = [_Step(curve, step, objective) for step in steps]
        # One for all steps: by its own, the step that misses the most for its rate counts for the least, and the limit comes out
        # too high (decision 0032).
        self._weight = 1 / float(np.mean([step.design_effect for step in self._steps])) if self._steps else 1.0
        self._prior = -0.5 * (np.log(_FACTORS) / PRIOR_SD) ** 2

    def factor(self, drawn: Sequence[tuple[int, Places]]) -> float:
        """The most likely one, by some blocks of each of some steps."""
        steps = sum((self._steps[place].log_likelihood(blocks) for place, blocks in drawn), np.zeros_like(_FACTORS))
        total = self._prior + self._weight * steps
        return float(_FACTORS[int(np.argmax(total))])


class _Step:
    """A step as one objective sees it."""

    def __init__(self, curve: MissCurve, step: Watched, objective: int) -> None:
        self.requests, self.missed = step.requests[:, objective], step.missed[:, objective]
        self.odds = _log_odds(curve.share(step.rate * _FACTORS))
        self.expected = step.expected
        expected: Numbers | None = None
        if self.expected is not None:
            self.expected_missed = self.expected.missed[:, :, objective]
            self.of_curve = _log_odds(curve.share(step.rate * self.expected.factors))
            nearest = int(np.argmin(abs(self.expected_missed.sum(axis=1) - self.missed.sum())))
            expected = self.expected_missed[nearest]
        self.design_effect = design_effect(self.requests, self.missed, expected)

    def log_likelihood(self, blocks: Places) -> Numbers:
        requests, missed = float(self.requests[blocks].sum()), float(self.missed[blocks].sum())
        odds = self.odds
        if self.expected is not None:
            own = self.expected.log_odds(requests, self.expected_missed[:, blocks].sum(axis=1))
            # Beyond the factors that were simulated the curve's shape is all there is to go by.
            odds = odds + np.interp(np.log(_FACTORS), np.log(self.expected.factors), own - self.of_curve)
        found: Numbers = missed * odds - requests * np.logaddexp(0.0, odds)
        return found


def _log_odds(shares: Numbers) -> Numbers:
    found: Numbers = np.log(shares) - np.log1p(-shares)
    return found


def design_effect(requests: Numbers, missed: Numbers, expected: Numbers | None = None) -> float:
    """How many times more the share of misses varies than that of independent requests would; 1 at least.

    About the `expected` misses of each block, of which the sum does not matter; without them about the same share everywhere.
    """
    total = float(requests.sum())
    blocks = len(requests)
    if blocks < 2 or total == 0:  # noqa: PLR2004  a spread takes two
        return 1.0
    share = float(missed.sum()) / total
    if share in (0.0, 1.0):
        return 1.0
    shares = np.full(blocks, share)
    if expected is not None and expected.sum() > 0:
        shares = np.clip(expected * (missed.sum() / expected.sum()) / np.maximum(requests, 1.0), LEAST, 1 - LEAST)
    residuals = missed - shares * requests
    effect = float(residuals @ residuals) * blocks / (blocks - 1) / float(requests @ (shares * (1 - shares)))
    correlation = min(0.8, max(0.0, lag1(residuals)))
    return max(1.0, effect * (1 + correlation) / (1 - correlation))


def half_width(estimate: Estimate) -> float:
    """As a share of the value."""
    return estimate.half_width / estimate.value if estimate.value > 0 else math.inf
