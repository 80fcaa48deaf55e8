"""The true limit of a target, from long steps at fixed multiples of what is known so far; and what simpler rules make of steps.

Nothing here knows perfkit's model: the truth is where a line through the logits of the late shares, over the logarithm of the
rate, meets what the objective allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

# Around what is known so far, in turn: on both sides of it, so that the line is held at both ends.
AROUND: Final = (1.0, 0.93, 1.05, 0.97, 1.02, 0.9)
# Steps outside say how the curve bends and not where it meets the objective.
NEAR: Final = 0.2
FEWEST: Final = 3
RESAMPLES: Final = 400

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A step: requests and late ones, in blocks of two seconds."""

    rate: float
    requests: Numbers
    late: Numbers

    @property
    def share(self) -> float:
        return float(self.late.sum() / max(self.requests.sum(), 1.0))


def limit(steps: Sequence[Watched], allowed: float, guess: float) -> float:
    """Where the line crosses; the middle of the bracket when there are too few steps near it."""
    near = [step for step in steps if abs(step.rate / guess - 1) <= NEAR]
    held = [step.rate for step in steps if step.share <= allowed]
    missed = [step.rate for step in steps if step.share > allowed]
    if len(near) >= FEWEST:
        x = np.log([step.rate for step in near])
        late, requests = (np.array([getattr(step, name).sum() for step in near]) for name in ("late", "requests"))
        share = (late + 0.5) / (requests + 1)
        weights = np.sqrt(requests * share * (1 - share))
        slope, height = np.polyfit(x, np.log(share / (1 - share)), 1, w=weights)
        if slope > 0:
            crossing = float(np.exp((np.log(allowed / (1 - allowed)) - height) / slope))
            if min(step.rate for step in near) * (1 - NEAR) <= crossing <= max(step.rate for step in near) * (1 + NEAR):
                return crossing
    if held and missed and max(held) < min(missed):
        return (max(held) + min(missed)) / 2
    return guess * (1.1 if not missed else 0.9 if not held else 1.0)


def interval(steps: Sequence[Watched], allowed: float, value: float) -> tuple[float, float]:
    """90 %, by drawing steps and their blocks again."""
    random = np.random.default_rng(1)
    found = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        drawn = [_redrawn(steps[place], random) for place in random.integers(0, len(steps), len(steps))]
        found[number] = limit(drawn, allowed, value)
    low, high = np.quantile(found, (0.05, 0.95))
    return float(low), float(high)


def next_rate(steps: Sequence[Watched], allowed: float, guess: float) -> float:
    return AROUND[len(steps) % len(AROUND)] * (limit(steps, allowed, guess) if steps else guess)


def staircase(steps: Sequence[Watched], allowed: float) -> float:
    """Upwards, until a step misses its objective: the last one that met it."""
    found = 0.0
    for step in sorted(steps, key=lambda one: one.rate):
        if step.share > allowed:
            break
        found = step.rate
    return found


def cumulative(steps: Sequence[Watched], allowed: float) -> float:
    """k6's abortOnFail on a ramp: the percentile of all requests since the beginning; the rate at which it fails."""
    requests = late = 0.0
    for step in sorted(steps, key=lambda one: one.rate):
        for asked, missed in zip(step.requests, step.late, strict=True):
            requests, late = requests + asked, late + missed
            if late > allowed * requests:
                return step.rate
    return max(step.rate for step in steps)


def _redrawn(step: Watched, random: np.random.Generator) -> Watched:
    blocks = random.integers(0, len(step.requests), len(step.requests))
    return Watched(step.rate, step.requests[blocks], step.late[blocks])
