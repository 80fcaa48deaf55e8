"""The universal scalability law, as a diagnosis: how much of the work is had in turns, and how much is spent on each other.

Gunther, Guerrilla Capacity Planning (Springer 2007): n workers do n X1 / (1 + a (n - 1) + b n (n - 1)). a is contention (Amdahl's
serial share), b coherency, which makes more workers do less in the end. Fitted to public measurements it misses by 22 % at twice
what was measured, and delta-method intervals cover 6 of 15 (research for capacity, 3.1). So of more workers than were measured
only this is said: what is lost so far is all contention, or all coherency, or anything between; the interval holds all of them.

Under an objective workers may also gain on each other: those who share a queue can each be busier (square-root staffing: Halfin
and Whitt, Operations Research 29, 1981), and n of them take about n - b sqrt(n) times what keeps one busy. The power of n by
which that grows falls with n, so that the power between the two largest counts is the most that can be expected of more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from perfkit.stats.interval import Estimate
from perfkit.stats.quantiles import Numbers

CONFIDENCE: Final = 0.9
RESAMPLES: Final = 400
# Two points tell one thing: how much is lost, and not to what.
FEWEST: Final = 2
FEWEST_FOR_BOTH: Final = 3


@dataclass(frozen=True, slots=True)
class Point:
    """What so many workers did, with the standard error of that."""

    workers: float
    rate: float
    error: float


@dataclass(frozen=True, slots=True)
class Scalability:
    """`single` is what one worker does alone; `coherency` is None where there are too few points to tell it from contention."""

    single: Estimate
    contention: Estimate
    coherency: Estimate | None


def fit(points: Sequence[Point], seed: int = 0) -> Scalability:
    """Of two points and more, at different numbers of workers; the interval resamples the points' errors."""
    both = len(points) >= FEWEST_FOR_BOTH
    drawn = np.array([_fitted(rates, points, contends=True, coheres=both) for rates in _drawn(points, seed)])
    best = _fitted(np.array([one.rate for one in points]), points, contends=True, coheres=both)
    single, contention, coherency = (_estimate(value, column) for value, column in zip(best, drawn.T, strict=True))
    return Scalability(single, contention, coherency if both else None)


def beyond(points: Sequence[Point], workers: float, seed: int = 0) -> Estimate:
    """What so many more would do, whether what is lost is contention or coherency, or workers go on gaining on each other."""
    lows, highs = [], []
    for rates in _drawn(points, seed):
        each = [_rate(_fitted(rates, points, contends=a, coheres=b), workers) for a, b in ((True, False), (False, True))]
        lows.append(min(each))
        highs.append(max(*each, _gaining(rates, points, workers)))
    measured = np.array([one.rate for one in points])
    value = _rate(_fitted(measured, points, contends=True, coheres=len(points) >= FEWEST_FOR_BOTH), workers)
    outside = (1 - CONFIDENCE) / 2
    low, high = float(np.quantile(lows, outside)), float(np.quantile(highs, 1 - outside))
    return Estimate(value, min(low, value), max(high, value), CONFIDENCE)


def _drawn(points: Sequence[Point], seed: int) -> Numbers:
    rates, errors = (np.array([getattr(one, name) for one in points]) for name in ("rate", "error"))
    drawn: Numbers = np.random.default_rng(seed).normal(rates, errors, (RESAMPLES, len(points)))
    # An error that is as large as the rate itself must not turn it around.
    kept: Numbers = np.maximum(drawn, 0.01 * rates)
    return kept


def _fitted(rates: Numbers, points: Sequence[Point], *, contends: bool, coheres: bool) -> tuple[float, float, float]:
    """N / X is a straight line in its parameters, none of which is negative; each point counts by its relative error."""
    n = np.array([one.workers for one in points])
    columns = [np.ones_like(n), *([n - 1] if contends else []), *([n * (n - 1)] if coheres else [])]
    weights = rates / n / np.maximum([one.error / one.rate for one in points], 1e-3)
    found = nnls(np.stack(columns, axis=1) * weights[:, None], n / rates * weights)[0]
    base, others = max(float(found[0]), 1e-12), found[1:] / max(float(found[0]), 1e-12)
    contention = float(others[0]) if contends else 0.0
    coherency = float(others[-1]) if coheres else 0.0
    return 1 / base, contention, coherency


def _rate(parameters: tuple[float, float, float], n: float) -> float:
    single, contention, coherency = parameters
    return n * single / (1 + contention * (n - 1) + coherency * n * (n - 1))


def _gaining(rates: Numbers, points: Sequence[Point], workers: float) -> float:
    """The last two counts' power of n, gone on with; 0 where that is no gain."""
    (fewer, less), (more, rate) = sorted(zip((one.workers for one in points), rates.tolist(), strict=True))[-2:]
    if fewer == more or rate / less <= more / fewer:
        return 0.0
    power = np.log(rate / less) / np.log(more / fewer)
    return float(rate * (workers / more) ** power)


def _estimate(value: float, drawn: Numbers) -> Estimate:
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (outside, 1 - outside))
    return Estimate(value, min(value, float(low)), max(value, float(high)), CONFIDENCE)
