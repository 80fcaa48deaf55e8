"""The highest rate that meets the objectives, from service times at low load: every request queued by simulation.

Simulated and not by formula. For service times that are much alike, Allen and Cunneen's tail (stats/allen_cunneen.py) gives the
same rate within 1 % for p95 and 6 % for p99; where two requests in a hundred are twenty times slower, as in a service of
unlike endpoints, it is off by 31 % at p95 and three times too high at p99, with one server (tests/stats/test_allen_cunneen.py).
And it knows one queue only, not a worker that waits for a connection. The interval resamples stretches of the low-load run; what
the model itself leaves out is not in it, which is why the prediction is verified.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from perfkit.capacity import bounds as bounding
from perfkit.capacity.bounds import Bound, Observed
from perfkit.capacity.limits import Limit
from perfkit.capacity.network import Network, network
from perfkit.measures.frames import Numbers
from perfkit.stats.interval import Estimate
from perfkit.stats.load_factor import Model
from perfkit.stats.miss_curve import MissCurve, curves

CONFIDENCE: Final = 0.9
# Arrivals of the long simulation, of the steps (as many short ones as it takes), and of each resample.
STEADY, STEPS, RESAMPLED = 50_000, 40_000, 6_000
FILLING: Final = 0.1  # of a long simulation: the empty system fills first
RESAMPLES: Final = 20
STRETCHES: Final = 20  # of the low-load run: requests of one stretch are drawn together
# Around the prediction: a resample does not have to be simulated at rates that it cannot come out at.
AROUND: Final = (0.6, 0.8, 0.92, 1.0, 1.08, 1.25, 1.6)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """`limit` is infinite when no rate below saturation misses an objective, 0 when even an idle target does."""

    limit: Estimate
    model: Model
    bounds: tuple[Bound, ...]
    saturation: float
    requests: int
    network: Network  # what it was simulated with

    def cost_of(self, requests: int) -> float:
        """Half of the interval, as a share, had the low-load run been of so many requests."""
        return self.limit.half_width / self.limit.value * math.sqrt(self.requests / requests) if self.limit.value else math.inf


def predict(
    observed: Observed, limits: Sequence[Limit], of_limit: Sequence[int | None], step: tuple[float, float], seed: int
) -> Prediction:
    """`step` is how long a step settles and how long it is measured; the same seed gives the same answer."""
    known = bounding.bounds(observed)
    queued = network(observed, known, limits, of_limit)
    saturation = min((bound.rate for bound in known if bound.resource != bounding.GENERATOR), default=math.inf)
    rows = np.arange(len(observed.demands))
    steady = curves(_simulating(queued, rows, lambda rate: (STEADY, FILLING * STEADY / rate)), saturation, STEADY, seed)
    of_steps = curves(
        _simulating(queued, rows, lambda rate: (max(2, round(rate * sum(step))), step[0]), STEPS), saturation, STEPS, seed + 1
    )
    found = tuple(curve.rate_for(limit.allowed) for curve, limit in zip(steady, limits, strict=True))
    value = min(found)
    spread = _resampled(queued, value, limits, seed) if 0 < value < math.inf else np.array([value])
    low, high = np.quantile(spread, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Prediction(
        limit=Estimate(value, min(value, float(low)), max(value, float(high)), CONFIDENCE),
        model=Model(of_steps, tuple(min(one, saturation) if one else saturation for one in found)),
        bounds=known,
        saturation=saturation,
        requests=len(observed.demands),
        network=queued,
    )


def _simulating(
    queued: Network, rows: npt.NDArray[np.intp], lasting: Callable[[float], tuple[int, float]], least: int = 1
) -> Callable[[float, int], Sequence[float]]:
    """The share of each limit's requests that miss it at a rate, over as many runs as make up `least` arrivals."""

    def simulate(rate: float, seed: int) -> Sequence[float]:
        random = np.random.default_rng(seed)
        arrivals, settling = lasting(rate)
        counts = sum(queued.missed(rate, arrivals, settling, random, rows) for _ in range(max(1, least // arrivals)))
        assert isinstance(counts, np.ndarray)
        shares: list[float] = (counts[1] / np.maximum(counts[0], 1)).tolist()
        return shares

    return simulate


def _resampled(queued: Network, value: float, limits: Sequence[Limit], seed: int) -> Numbers:
    """Predictions of stretches of the low-load run, drawn with replacement; their spread about their own middle."""
    random = np.random.default_rng(seed + 2)
    stretches = np.array_split(np.arange(len(queued.times)), min(STRETCHES, len(queued.times)))
    found = np.empty(RESAMPLES)
    rates = [value * share for share in AROUND]
    for number in range(RESAMPLES):
        rows = np.concatenate([stretches[place] for place in random.integers(0, len(stretches), len(stretches))])
        simulate = _simulating(queued, rows, lambda rate: (RESAMPLED, FILLING * RESAMPLED / rate))
        shares = np.array([list(simulate(rate, seed)) for rate in rates])
        each = (
            MissCurve.through(rates, column, RESAMPLED).rate_for(limit.allowed)
            for column, limit in zip(shares.T.tolist(), limits, strict=True)
        )
        found[number] = min(max(rates[0], min(rates[-1], one)) for one in each)
    moved: Numbers = value * found / float(np.median(found))
    return moved
