"""Two series of blocks that were measured one after the other."""

import math

import numpy as np
import pytest

from perfkit.stats.separate import FEWEST, step

BETWEEN = math.log1p(0.26)


def series(random: np.random.Generator, centre: float, count: int = 40, spread: float = 0.1) -> np.ndarray:
    return random.normal(centre, spread, count)


def test_a_step_is_estimated_with_the_errors_of_both() -> None:
    random = np.random.default_rng(1)

    found = step(series(random, 0.0), series(random, 0.5), seed=1)

    assert found.value == pytest.approx(0.5, abs=0.08)
    # sqrt(2) of 0.1 / sqrt(40), and what Hodges and Lehmann lose.
    assert found.standard_error == pytest.approx(0.0229, rel=0.5)


def test_every_interval_holds_the_noise_between_runs() -> None:
    random = np.random.default_rng(1)
    found = step(series(random, 0.0), series(random, 0.15), seed=1)

    alone, widened = found.interval(0.99), found.interval(0.99, BETWEEN)

    assert alone.excludes(0.0)
    assert not widened.excludes(0.0)
    assert (widened.high - widened.low) - (alone.high - alone.low) == pytest.approx(2 * BETWEEN)


def test_a_p_value_agrees_with_its_interval() -> None:
    random = np.random.default_rng(2)
    for change in np.linspace(0.0, 0.6, 13):
        found = step(series(random, 0.0), series(random, float(change)), seed=1)

        assert (found.p_value(BETWEEN) <= 0.01) == found.interval(0.99, BETWEEN).excludes(0.0)
        assert (found.p_value() <= 0.01) == found.interval(0.99).excludes(0.0)


def test_with_too_few_blocks_nothing_is_known() -> None:
    random = np.random.default_rng(1)
    found = step(series(random, 0.0, FEWEST - 1), series(random, 2.0))

    assert found.value == pytest.approx(2.0, abs=0.2)
    assert found.interval(0.99).low == -math.inf
    assert found.p_value() == 1.0
    assert math.isnan(step(np.array([]), np.array([1.0])).value)


def test_series_without_any_spread_are_no_division_by_zero() -> None:
    same = step(np.zeros(20), np.zeros(20))
    other = step(np.zeros(20), np.ones(20))

    assert (same.p_value(), other.p_value(), other.p_value(BETWEEN)) == (1.0, 0.0, 0.0)
    assert other.interval(0.99).excludes(0.0)


def test_runs_whose_machine_moved_by_less_than_the_noise_are_no_alarm() -> None:
    """200 pairs of runs of one version, each on a machine that is up to 26 % faster or slower for all of a run."""
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        moved = random.uniform(-BETWEEN, BETWEEN)
        alarms += step(series(random, 0.0, 30), series(random, moved, 30), seed=3).p_value(BETWEEN) <= 0.01

    assert alarms <= 4
