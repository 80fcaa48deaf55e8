"""Standard error of the Hodges-Lehmann estimate from stretches of dependent blocks."""

import numpy as np
import pytest

from perfkit.stats import signed_rank
from perfkit.stats.autocorrelation import lag1
from perfkit.stats.block_bootstrap import SHORTEST, Wander, estimate, stretch, wander
from perfkit.stats.quantiles import Numbers


def dependent(random: np.random.Generator, count: int, correlation: float) -> Numbers:
    values = random.normal(0, 1, count + 50)
    for place in range(1, len(values)):
        values[place] += correlation * values[place - 1]
    return values[50:]


def test_of_independent_blocks_it_is_the_usual_standard_error() -> None:
    values = np.random.default_rng(3).normal(0, 1, 200)

    found = wander(values, lag1(values), seed=1)

    assert found.standard_error == pytest.approx(1 / np.sqrt(200 * 3 / np.pi), rel=0.2)


def test_dependent_blocks_wander_farther() -> None:
    values = dependent(np.random.default_rng(3), 200, 0.5)
    alone = np.random.default_rng(1).permutation(values)

    together = wander(values, 0.5, seed=1).standard_error

    # sqrt((1 + 0.5) / (1 - 0.5)) = 1.73 for endless series
    assert 1.3 < together / wander(alone, 0.0, seed=1).standard_error < 2.2


def test_stretches_grow_with_likeness_and_stay_within_bounds() -> None:
    assert stretch(60, 0.0) == SHORTEST
    assert stretch(60, 0.4) == 5
    assert stretch(60, 0.99) == 20
    assert stretch(9, 0.99) == 3


def test_the_same_seed_gives_the_same_interval() -> None:
    values = dependent(np.random.default_rng(3), 40, 0.5)

    assert estimate(values, 0.5, 0.95, seed=4) == estimate(values, 0.5, 0.95, seed=4)
    assert estimate(values, 0.5, 0.95, seed=4) != estimate(values, 0.5, 0.95, seed=5)


def test_its_p_value_agrees_with_its_interval() -> None:
    found = Wander(standard_error=0.01, freedom=9)

    p = found.p_value(0.03)

    assert found.around(0.03, 1 - p).low == pytest.approx(0.0, abs=1e-9)
    assert found.p_value(0.0) == 1.0
    assert Wander(0.0, 5).p_value(0.1) == 0.0
    assert Wander(0.0, 5).p_value(0.0) == 1.0


def test_its_interval_covers_where_that_of_independent_blocks_does_not() -> None:
    random = np.random.default_rng(12)
    series = [dependent(random, 60, 0.4) for _ in range(200)]

    around = [wander(values, lag1(values), resamples=150).around(signed_rank.hodges_lehmann(values), 0.95) for values in series]
    stretches = sum(not found.excludes(0.0) for found in around) / len(series)
    ranks = sum(not signed_rank.estimate(values, 0.95).excludes(0.0) for values in series) / len(series)

    assert stretches >= 0.92
    assert ranks < 0.87
