"""Percentiles that were observed, and what can be said of the true ones."""

import math

import numpy as np
import pytest

from perfkit.stats import quantiles


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 10.0), (0.95, 19.0), (0.951, 20.0), (0.99, 20.0), (1.0, 20.0), (0.01, 1.0)]
)
def test_nearest_rank_is_the_smallest_value_that_enough_values_do_not_exceed(share: float, expected: float) -> None:
    values = np.arange(1.0, 21.0)

    assert quantiles.nearest_rank(values, share) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(quantiles.nearest_rank(np.zeros(0), 0.5))
    assert all(math.isnan(value) for value in quantiles.of_unordered(np.zeros(0), [0.5, 0.9]))


def test_unordered_values_give_the_same_percentiles() -> None:
    values = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0))

    assert quantiles.of_unordered(values, [0.99, 0.5, 1.0]) == [990.0, 500.0, 1000.0]


def test_the_interval_of_a_median_of_a_hundred_is_the_one_in_the_textbooks() -> None:
    assert quantiles.bounding_ranks(100, 0.5) == (39, 60)  # 40th and 61st value


@pytest.mark.parametrize(("count", "share"), [(100, 0.5), (200, 0.95), (1000, 0.99), (73, 0.95)])
def test_the_interval_holds_the_true_percentile_at_least_as_often_as_it_says(count: int, share: float) -> None:
    random = np.random.default_rng(7)
    bounds = quantiles.bounding_ranks(count, share)
    assert bounds is not None

    ordered = np.sort(random.random((4000, count)), axis=1)
    held = (ordered[:, bounds[0]] <= share) & (share <= ordered[:, bounds[1]])

    assert held.mean() > 0.94


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_too_few_values_have_no_interval(share: float) -> None:
    needed = quantiles.needed_for_interval(share)

    assert quantiles.bounding_ranks(needed - 1, share) is None
    assert quantiles.bounding_ranks(needed, share) is not None


def test_an_interval_consists_of_observed_values() -> None:
    values = np.sort(np.random.default_rng(3).random(500))

    found = quantiles.interval(values, 0.95)

    assert found is not None
    assert found[0] in values
    assert found[1] in values
    assert found[0] < quantiles.nearest_rank(values, 0.95) < found[1]
