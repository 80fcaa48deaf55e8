"""Likeness of neighbours."""

import numpy as np
import pytest

from perfkit.stats.autocorrelation import lag1


def test_alternating_values_are_opposed_and_slow_ones_alike() -> None:
    assert lag1(np.array([1.0, -1.0] * 50)) == pytest.approx(-1.0)
    assert lag1(np.sin(np.arange(100) / 10)) > 0.9


def test_independent_values_are_not_alike() -> None:
    assert abs(lag1(np.random.default_rng(1).normal(0, 1, 2_000))) < 0.07


def test_short_series_look_no_less_alike_than_they_are() -> None:
    random = np.random.default_rng(2)

    found = [lag1(random.normal(0, 1, 20)) for _ in range(2_000)]

    # Without the correction it would be -0.05.
    assert np.mean(found) == pytest.approx(0.0, abs=0.015)


def test_constant_and_hardly_any_values_have_none() -> None:
    assert lag1(np.ones(9)) == 0.0
    assert lag1(np.array([1.0, 2.0])) == 0.0
