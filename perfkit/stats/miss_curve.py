"""Which share of requests misses its limit at which rate: a curve through simulated points, read in both directions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from perfkit.stats.quantiles import Numbers

# Of the rate at which a resource is busy all the time; dense where a queue changes fastest.
UTILISATIONS: Final = (
    0.05, 0.15, 0.3, 0.45, 0.55, 0.65, 0.72, 0.78, 0.83, 0.87, 0.9, 0.925, 0.945, 0.96, 0.975, 0.99, 1.005, 1.03, 1.08, 1.2, 1.5,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class MissCurve:
    """Rising; between its points log odds are straight over the logarithm of the rate."""

    rates: Numbers
    log_odds: Numbers

    @classmethod
    def through(cls, rates: Sequence[float], shares: Sequence[float], requests: int) -> "MissCurve":
        """Of shares that so many simulated requests have come to: none of so many is half a one."""
        least = 0.5 / requests
        clipped = np.clip(np.array(shares), least, 1 - least)
        # More load never helps: where a share falls it was the simulation's luck, and those that disagree are averaged
        # (isotonic regression; their running maximum would take all luck for load, and limits come out too high).
        odds = isotonic_regression(np.log(clipped / (1 - clipped))).x
        return cls(np.array(rates), np.asarray(odds, dtype=np.float64))

    def share(self, rates: Numbers) -> Numbers:
        """At each rate; beyond the curve's ends as at them."""
        odds: Numbers = np.interp(np.log(rates), np.log(self.rates), self.log_odds)
        return 1 / (1 + np.exp(-odds))

    def rate_for(self, allowed: float) -> float:
        """The highest rate at which no more than an allowed share misses; 0 when the lowest is too high, inf when none is."""
        if allowed <= 0:
            return 0.0
        wanted = math.log(allowed / (1 - allowed))
        if self.log_odds[0] > wanted:
            return 0.0
        beyond = np.flatnonzero(self.log_odds > wanted)
        if not len(beyond):
            return math.inf
        last = int(beyond[0])
        low, high = self.log_odds[last - 1], self.log_odds[last]
        place = float((wanted - low) / (high - low))
        at, after = math.log(self.rates[last - 1]), math.log(self.rates[last])
        return math.exp(at + place * (after - at))


def curves(
    simulate: Callable[[float, int], Sequence[float]], saturation: float, requests: int, seed: int = 0
) -> tuple[MissCurve, ...]:
    """One per objective; `simulate` says, at a rate, which share misses each of them."""
    rates = [saturation * utilisation for utilisation in UTILISATIONS]
    # One seed for all rates: their differences are then the load's and not the luck's.
    shares = np.array([list(simulate(rate, seed)) for rate in rates])
    return tuple(MissCurve.through(rates, column, requests) for column in shares.T.tolist())
