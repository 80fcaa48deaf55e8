"""Hodges-Lehmann, its exact interval and the signed-rank test."""

import itertools

import numpy as np
import pytest
import scipy.stats

from perfkit.stats import signed_rank
from perfkit.stats.quantiles import Numbers
from perfkit.stats.signed_rank import Side


@pytest.mark.parametrize("count", [1, 2, 5, 8, 13, 40])
@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
def test_without_ties_the_p_value_is_that_of_scipy(count: int, side: Side) -> None:
    values = np.random.default_rng(count).normal(0.3, 1, count)

    theirs = scipy.stats.wilcoxon(values, alternative=side, method="exact")

    assert signed_rank.p_value(values, side) == pytest.approx(float(theirs.pvalue), rel=1e-9)


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
def test_with_ties_and_zeros_the_p_value_is_that_of_all_signs_tried(side: Side) -> None:
    values = np.array([3.0, -1.0, 2.0, 2.0, -2.0, 0.0, 5.0, 3.0, 1.0])

    assert signed_rank.p_value(values, side) == pytest.approx(of_all_signs(values[values != 0], side))


# Wilcoxon's critical values for a two-sided 1 %, as in the tables of Wilcoxon and Wilcox (1964).
@pytest.mark.parametrize(("count", "critical"), [(8, 0), (10, 3), (12, 7), (15, 15), (20, 37), (25, 68), (30, 109), (50, 373)])
def test_critical_values_are_those_of_the_tables(count: int, critical: int) -> None:
    assert signed_rank.cut(count, 0.005) - 1 == critical


def test_beyond_the_exact_sizes_the_normal_one_takes_over_smoothly() -> None:
    values = np.random.default_rng(4).normal(0.1, 1, signed_rank.EXACT_UP_TO + 1)

    theirs = scipy.stats.wilcoxon(values, method="approx", correction=True)
    less = scipy.stats.wilcoxon(-values, method="approx", correction=True, alternative="less")
    exact, normal = signed_rank.cut(signed_rank.EXACT_UP_TO, 0.005), signed_rank.cut(signed_rank.EXACT_UP_TO + 1, 0.005)

    assert signed_rank.p_value(values) == pytest.approx(float(theirs.pvalue), rel=1e-9)
    assert signed_rank.p_value(-values, "less") == pytest.approx(float(less.pvalue), rel=1e-9)
    # One more value adds about a hundred sums to the exact limit.
    assert 60 < normal - exact < 110


def test_many_ties_beyond_the_exact_sizes_are_those_of_scipy() -> None:
    values = np.round(np.random.default_rng(9).normal(0.3, 2, 300))

    theirs = scipy.stats.wilcoxon(values, method="approx", correction=False)

    # Ours has the continuity correction of whole sums; with hundreds of values it is a small matter.
    assert signed_rank.p_value(values) == pytest.approx(float(theirs.pvalue), rel=0.05)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_holds_exactly_the_shifts_that_the_test_accepts(confidence: float) -> None:
    values = np.random.default_rng(2).normal(0, 1, 12)

    found = signed_rank.estimate(values, confidence)

    for shift in np.linspace(-1.5, 1.5, 301):
        accepted = signed_rank.p_value(values, about=float(shift)) > 1 - confidence
        assert accepted == (found.low < shift < found.high)


def test_the_estimate_is_the_median_of_pairwise_means() -> None:
    assert signed_rank.hodges_lehmann(np.array([1.0, 2.0, 9.0])) == 3.5  # of 1, 1.5, 2, 5, 5.5 and 9


def test_one_outlier_moves_the_estimate_little() -> None:
    values = np.linspace(-1, 1, 21)
    values[-1] = 1e6

    assert abs(signed_rank.hodges_lehmann(values)) < 0.1


def test_too_few_pairs_have_no_interval() -> None:
    seven = signed_rank.estimate(np.arange(7.0), 0.99)
    eight = signed_rank.estimate(np.arange(8.0), 0.99)

    assert (seven.low, seven.high) == (-np.inf, np.inf)
    assert (eight.low, eight.high) == (0.0, 7.0)
    assert signed_rank.fewest_for(0.01) == 8


def test_nothing_and_nothing_but_zeros_say_nothing() -> None:
    assert signed_rank.p_value(np.empty(0)) == 1.0
    assert signed_rank.p_value(np.zeros(9)) == 1.0
    assert np.isnan(signed_rank.estimate(np.empty(0)).value)


def test_a_one_sided_bound_is_the_end_of_the_wider_interval() -> None:
    values = np.random.default_rng(6).normal(0, 1, 30)

    assert signed_rank.upper_bound(values, 0.95) == signed_rank.estimate(values, 0.9).high


@pytest.mark.parametrize(("count", "confidence"), [(12, 0.95), (40, 0.99), (60, 0.99)])
def test_the_interval_covers_as_often_as_it_says(count: int, confidence: float) -> None:
    random = np.random.default_rng(8)
    tries = 3_000

    held = sum(not signed_rank.estimate(random.standard_t(4, count), confidence).excludes(0.0) for _ in range(tries))

    # Exact up to the steps of the distribution; the slack is three standard errors.
    assert held / tries == pytest.approx(confidence, abs=3 * np.sqrt(confidence * (1 - confidence) / tries) + 0.003)


def of_all_signs(values: Numbers, side: Side) -> float:
    ranks = scipy.stats.rankdata(np.abs(values))
    every = itertools.product((False, True), repeat=len(values))
    sums = np.array([sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign) for signs in every])
    observed = ranks[values > 0].sum()
    greater, less = float((sums >= observed).mean()), float((sums <= observed).mean())
    return {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}[side]
