"""Differences over pairs."""

import numpy as np
import pytest
from scipy import stats

from perfkit.stats.replicated import difference, p_of_counts


def test_it_is_the_paired_t_of_the_textbook() -> None:
    base, head = np.array([10.0, 11.0, 9.0, 12.0, 10.5]), np.array([10.4, 11.9, 9.1, 12.8, 11.0])

    found = difference(base, head)

    known = stats.ttest_rel(head, base)
    assert found.p == pytest.approx(known.pvalue)
    assert (found.change.low, found.change.high) == pytest.approx(tuple(known.confidence_interval(0.95)))
    assert (found.base, found.head) == pytest.approx((10.5, 11.04))


def test_under_no_change_five_percent_of_the_intervals_exclude_zero() -> None:
    random = np.random.default_rng(7)
    draws = [difference(*random.lognormal(0, 0.2, (2, 8))) for _ in range(2000)]

    excluded = sum(one.change.excludes(0.0) for one in draws) / len(draws)

    assert 0.035 < excluded < 0.065


def test_two_pairs_say_nothing() -> None:
    found = difference(np.array([1.0, 1.0]), np.array([2.0, 2.1]))

    assert found.p == 1.0
    assert not found.change.excludes(0.0)
    assert found.change.value == pytest.approx(1.05)


def test_what_is_the_same_in_every_pair_is_exact() -> None:
    one, five = np.ones(6), np.full(6, 5.0)

    assert difference(one, five).p == 0.0
    assert difference(one, one).p == 1.0
    assert difference(one, five).change.low == 4.0


def test_nothing_at_all_is_no_difference() -> None:
    assert difference(np.zeros(0), np.zeros(0)).p == 1.0


def test_counts_are_judged_by_how_much_was_looked_at() -> None:
    assert p_of_counts(10, 20, 0.5) == pytest.approx(stats.binomtest(20, 30, 0.5).pvalue)
    assert p_of_counts(10, 20, 2 / 3) > 0.9
    assert p_of_counts(0, 0, 0.5) == 1.0
