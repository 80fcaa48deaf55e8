import math

import numpy as np
import pytest

from perfkit.stats.miss_curve import MissCurve, curves


def a_curve() -> MissCurve:
    return MissCurve.through([10, 20, 40], [0.01, 0.05, 0.5], 10_000)


def test_a_curve_goes_through_its_points() -> None:
    assert a_curve().share(np.array([10.0, 20.0, 40.0])) == pytest.approx([0.01, 0.05, 0.5])


def test_the_rate_for_a_share_is_where_the_curve_reaches_it() -> None:
    curve = a_curve()

    rate = curve.rate_for(0.2)

    assert 20 < rate < 40
    assert curve.share(np.array([rate])) == pytest.approx([0.2])


def test_below_what_even_the_lowest_rate_misses_there_is_no_rate() -> None:
    assert a_curve().rate_for(0.001) == 0.0


def test_nothing_is_too_fast_for_a_curve_that_never_gets_there() -> None:
    assert a_curve().rate_for(0.9) == math.inf


def test_a_share_that_falls_with_the_load_was_luck() -> None:
    curve = MissCurve.through([10, 20, 30], [0.02, 0.01, 0.1], 1000)

    first, second = curve.share(np.array([10.0, 20.0]))
    assert first == second == pytest.approx(np.sqrt(0.02 * 0.01), rel=0.02)


def test_none_of_a_thousand_is_not_never() -> None:
    curve = MissCurve.through([10, 20], [0.0, 0.5], 1000)

    assert curve.share(np.array([10.0])) == pytest.approx([0.0005])


def test_there_is_a_curve_for_each_objective() -> None:
    def shares(rate: float, _: int) -> tuple[float, float]:
        return min(1.0, rate / 200), min(1.0, rate / 400)

    first, second = curves(shares, saturation=100, requests=1000)

    assert first.rate_for(0.3) == pytest.approx(60, rel=0.05)
    assert second.rate_for(0.15) == pytest.approx(60, rel=0.05)
