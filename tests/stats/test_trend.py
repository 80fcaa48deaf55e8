"""Rank test and robust slope on short series."""

import numpy as np
import pytest
import scipy.stats

from perfkit.stats.trend import rises, theil_sen


def test_the_slope_of_a_line_is_its_slope() -> None:
    xs = np.arange(12.0)

    found = theil_sen(xs, 3 * xs + 5)

    assert (found.slope, found.low, found.high) == pytest.approx((3.0, 3.0, 3.0))


def test_one_outlier_does_not_bend_the_slope() -> None:
    xs = np.arange(12.0)
    ys = 3 * xs
    ys[7] = 1e6

    assert theil_sen(xs, ys).slope == pytest.approx(3.0)


def test_the_slope_and_its_interval_agree_with_scipy() -> None:
    random = np.random.default_rng(5)
    xs = np.sort(random.random(30))
    ys = xs + random.normal(0, 0.2, 30)

    found = theil_sen(xs, ys)
    theirs = scipy.stats.theilslopes(ys, xs)

    assert found.slope == pytest.approx(theirs[0])
    assert (found.low, found.high) == pytest.approx((theirs[2], theirs[3]), rel=0.05)


def test_equal_xs_have_no_slope() -> None:
    assert np.isnan(theil_sen(np.ones(5), np.arange(5.0)).slope)


def test_a_steady_rise_is_no_accident() -> None:
    assert rises(np.arange(12.0)) < 1e-5


def test_a_fall_and_a_flat_line_do_not_rise() -> None:
    assert rises(-np.arange(12.0)) > 0.999
    assert rises(np.ones(12)) == 1.0


def test_noise_rises_no_more_often_than_alpha_says() -> None:
    random = np.random.default_rng(11)

    alarms = np.mean([rises(random.random(12)) < 0.01 for _ in range(3000)])

    assert alarms <= 0.013
