"""Errors of two versions."""

import numpy as np
import pytest
import scipy.stats

from perfkit.stats.paired_binomial import Both, Each


def test_of_the_same_requests_the_p_value_is_that_of_the_sign_test() -> None:
    counts = Both(only_a=2, only_b=9, both=5, requests=500)

    # 2 * P(at most 2 of 11) = 2 * (1 + 11 + 55) / 2^11
    assert counts.p == pytest.approx(2 * 67 / 2048)
    assert counts.shares == (7 / 500, 14 / 500)


def test_no_failures_are_no_difference_and_still_an_interval() -> None:
    both, each = Both(0, 0, 0, 400), Each(0, 400, 0, 400)

    assert both.p == each.p == 1.0
    for found in (both.difference(), each.difference()):
        assert found.low < 0 < found.high
        assert found.high == pytest.approx(1.96**2 / (400 + 1.96**2), rel=0.01)


def test_of_different_requests_the_p_value_is_fishers() -> None:
    counts = Each(failed_a=1, requests_a=300, failed_b=9, requests_b=280)

    assert counts.p == pytest.approx(float(scipy.stats.fisher_exact(np.array([[1, 299], [9, 271]])).pvalue))
    assert counts.difference(0.9).low > 0


# Newcombe (1998), Interval estimation for the difference between independent proportions, table II, method 10: 56/70 and 48/80.
def test_the_interval_of_different_requests_is_the_published_one() -> None:
    found = Each(failed_a=48, requests_a=80, failed_b=56, requests_b=70).difference()

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_the_interval_of_the_same_requests_is_where_the_score_is_the_normal_point() -> None:
    counts = Both(only_a=2, only_b=12, both=0, requests=50)

    found = counts.difference()

    assert counts.score(found.low) == pytest.approx(1.96, abs=1e-3)
    assert counts.score(found.high) == pytest.approx(-1.96, abs=1e-3)
    assert found.low < 0.2 < found.high


def test_the_interval_turns_round_with_the_versions() -> None:
    found, turned = Both(2, 12, 3, 50).difference(), Both(12, 2, 3, 50).difference()

    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=1e-9)


def test_everything_failing_on_one_side_only_is_an_interval_too() -> None:
    assert Both(0, 20, 0, 20).difference().high == 1.0
    assert Both(0, 20, 0, 20).difference().low > 0.6
    assert Both(20, 0, 0, 20).difference().low == -1.0
    assert Both(20, 0, 0, 20).difference().high < -0.6


@pytest.mark.parametrize(("only_a", "only_b", "both"), [(0.01, 0.01, 0.0), (0.02, 0.05, 0.1)])
def test_both_intervals_cover_as_often_as_they_say(only_a: float, only_b: float, both: float) -> None:
    random = np.random.default_rng(4)
    truth, tries, requests = only_b - only_a, 1_000, 400
    counts = random.multinomial(requests, (only_a, only_b, both, 1 - only_a - only_b - both), tries).tolist()
    failed = random.binomial(requests, (only_a + both, only_b + both), (tries, 2)).tolist()

    same = sum(not Both(row[0], row[1], row[2], requests).difference().excludes(truth) for row in counts)
    others = sum(not Each(a, requests, b, requests).difference().excludes(truth) for a, b in failed)

    assert same / tries >= 0.935
    assert others / tries >= 0.935


def test_the_exact_tests_reject_at_most_at_their_level() -> None:
    random = np.random.default_rng(5)
    tries = 1_000
    counts = random.multinomial(300, (0.03, 0.03, 0.02, 0.92), tries).tolist()

    same = sum(Both(row[0], row[1], row[2], 300).p <= 0.05 for row in counts)
    others = sum(Each(row[0] + row[2], 300, row[1] + row[2], 300).p <= 0.05 for row in counts)

    assert same / tries <= 0.055
    assert others / tries <= 0.055
