"""How much more load than the model thinks a target feels: one factor, fitted to the requests that missed their limits.

A target that fits with factor 1.1 behaves at 90/s as the model does at 99/s, so that its limit is the model's divided by 1.1.
What it takes for low rates, where nobody queues, was measured and is left as it is: that is why the load is scaled and not the
service times.

Binomial likelihood over steps, each request counting for less where misses come in clusters (design effect over blocks of two
seconds: Kish, Survey Sampling, 1965), times a wide prior about the prediction, which only speaks where no step does. The interval
is a bootstrap over steps and over their blocks (Davison and Hinkley, Bootstrap Methods, 1997, 3.8): blocks alone would not know
that a machine is slower in one step than in the next. Percentiles of few steps under-cover; the interval is widened for that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
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
_FACTORS: Final = np.exp(np.linspace(-2.5, 2.5, 1001))


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One step: per block (row) and objective (column) how many requests there were and how many missed."""

    rate: float
    requests: Numbers
    missed: Numbers

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

    def at(requests: list[Numbers], missed: list[Numbers], chosen: Sequence[int]) -> float:
        return min(
            model.limits[objective]
            / likelihood.factor([one[objective] for one in requests], [one[objective] for one in missed], chosen)
            for objective, likelihood in enumerate(likelihoods)
        )

    everything = range(len(steps))
    value = at([step.requests.sum(axis=0) for step in steps], [step.missed.sum(axis=0) for step in steps], everything)
    random = np.random.default_rng(seed)
    found = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        chosen = random.integers(0, len(steps), len(steps)).tolist() if len(steps) >= STEPS_FOR_SPREAD else list(everything)
        drawn = [random.integers(0, len(steps[one].requests), len(steps[one].requests)) for one in chosen]
        pairs = list(zip(chosen, drawn, strict=True))
        found[number] = at(
            [steps[one].requests[blocks].sum(axis=0) for one, blocks in pairs],
            [steps[one].missed[blocks].sum(axis=0) for one, blocks in pairs],
            chosen,
        )
    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(found, (tail, 1 - tail)))
    wider = _for_few(len(steps), confidence)
    return Estimate(value, value * min(1.0, low / value) ** wider, value * max(1.0, high / value) ** wider, confidence)


def _for_few(steps: int, confidence: float) -> float:
    """How much wider an interval is whose spread was itself learnt from so few steps: Student's t instead of the normal."""
    if steps < STEPS_FOR_SPREAD:
        return 1.0
    level = (1 + confidence) / 2
    return float(stdtrit(steps - 1, level) / ndtri(level)) * math.sqrt(steps / (steps - 1))


class _Likelihood:
    """Of one objective: log probabilities of a miss per step and factor, once for all resamples."""

    def __init__(self, curve: MissCurve, steps: Sequence[Watched], objective: int) -> None:
        shares = np.array([curve.share(step.rate * _FACTORS) for step in steps]).reshape(len(steps), len(_FACTORS))
        self._miss, self._hit = np.log(shares), np.log1p(-shares)
        self._weights = np.array([1 / design_effect(step.requests[:, objective], step.missed[:, objective]) for step in steps])
        self._prior = -0.5 * (np.log(_FACTORS) / PRIOR_SD) ** 2

    def factor(self, requests: Sequence[float], missed: Sequence[float], chosen: Sequence[int]) -> float:
        places = np.array(chosen, dtype=np.intp)
        weights = self._weights[places]
        misses, hits = weights * np.array(missed), weights * (np.array(requests) - np.array(missed))
        total = self._prior + misses @ self._miss[places] + hits @ self._hit[places]
        return float(_FACTORS[int(np.argmax(total))])


def design_effect(requests: Numbers, missed: Numbers) -> float:
    """How many times more the share of misses varies than that of independent requests would; 1 at least."""
    total = float(requests.sum())
    blocks = len(requests)
    if blocks < 2 or total == 0:  # noqa: PLR2004  a spread takes two
        return 1.0
    share = float(missed.sum()) / total
    if share in (0.0, 1.0):
        return 1.0
    residuals = missed - share * requests
    effect = float(residuals @ residuals) * blocks / (blocks - 1) / (total * share * (1 - share))
    correlation = min(0.8, max(0.0, lag1(residuals)))
    return max(1.0, effect * (1 + correlation) / (1 - correlation))


def half_width(estimate: Estimate) -> float:
    """As a share of the value."""
    return estimate.half_width / estimate.value if estimate.value > 0 else math.inf
