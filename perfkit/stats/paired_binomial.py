"""Whether B fails more often than A: exact tests of two shares, and intervals for their difference that stand zero counts.

For the same requests to both: McNemar's test, exact (of the requests that only one version failed, half would be B's), with
Tango's score interval (Statistics in Medicine 17, 1998). For different requests: Fisher's exact conditional test, with the
hybrid score interval of Newcombe (the same volume, method 10). Failures that come in bunches, an outage of a second, are fewer
events than requests: the caller says so beside the number.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import binomtest, fisher_exact

from perfkit.stats.interval import Estimate
from perfkit.stats.proportions import wilson
from perfkit.stats.quantiles import CONFIDENCE


@dataclass(frozen=True, slots=True)
class Both:
    """The same requests to both versions: how many only A failed, only B, both, of how many."""

    only_a: int
    only_b: int
    both: int
    requests: int

    @property
    def shares(self) -> tuple[float, float]:
        return (self.only_a + self.both) / self.requests, (self.only_b + self.both) / self.requests

    @property
    def p(self) -> float:
        """Two-sided, exact."""
        apart = self.only_a + self.only_b
        return float(binomtest(self.only_b, apart).pvalue) if apart else 1.0

    def difference(self, confidence: float = CONFIDENCE) -> Estimate:
        """Share of B less share of A."""
        value = (self.only_b - self.only_a) / self.requests
        reach = float(ndtri((1 + confidence) / 2))
        low = -1.0 if self.only_a == self.requests else self._where(reach, -1.0, value)
        high = 1.0 if self.only_b == self.requests else self._where(-reach, value, 1.0)
        return Estimate(value, low, high, confidence)

    def _where(self, score: float, low: float, high: float) -> float:
        """The difference at which the score statistic, falling as the difference rises, takes a value."""
        margin = 1e-12
        return float(brentq(lambda difference: self.score(difference) - score, low + margin, high - margin, xtol=1e-12))

    def score(self, difference: float) -> float:
        """Tango's statistic: how far the counts are from a difference, in standard errors under it."""
        apart = self.only_a + self.only_b
        linear = -apart + (2 * self.requests - self.only_b + self.only_a) * difference
        constant = -self.only_a * difference * (1 - difference)
        only_a = (math.sqrt(linear**2 - 8 * self.requests * constant) - linear) / (4 * self.requests)
        variance = self.requests * (2 * only_a + difference * (1 - difference))
        return (self.only_b - self.only_a - self.requests * difference) / math.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Each:
    """Different requests to the two versions: failed, of how many."""

    failed_a: int
    requests_a: int
    failed_b: int
    requests_b: int

    @property
    def shares(self) -> tuple[float, float]:
        return self.failed_a / self.requests_a, self.failed_b / self.requests_b

    @property
    def p(self) -> float:
        """Two-sided, exact given how many failed altogether."""
        passed = self.requests_a - self.failed_a, self.requests_b - self.failed_b
        return float(fisher_exact(np.array([[self.failed_a, passed[0]], [self.failed_b, passed[1]]])).pvalue)

    def difference(self, confidence: float = CONFIDENCE) -> Estimate:
        """Share of B less share of A."""
        a, b = self.shares
        (low_a, high_a), (low_b, high_b) = (
            wilson(self.failed_a, self.requests_a, confidence),
            wilson(self.failed_b, self.requests_b, confidence),
        )
        return Estimate(b - a, b - a - math.hypot(b - low_b, high_a - a), b - a + math.hypot(high_b - b, a - low_a), confidence)
