"""A number with its interval."""

import math

from perfkit.stats.interval import Estimate


def test_the_ends_belong_to_the_interval() -> None:
    found = Estimate(0.02, 0.0, 0.05, 0.95)

    assert not found.excludes(0.0)
    assert found.excludes(-0.001)
    assert found.excludes(0.051)
    assert found.half_width == 0.025


def test_joining_keeps_the_value_and_the_wider_end_of_either_side() -> None:
    joined = Estimate(0.02, 0.01, 0.05, 0.95).joined(Estimate(0.03, -0.01, 0.04, 0.95))

    assert joined == Estimate(0.02, -0.01, 0.05, 0.95)


def test_no_interval_is_infinitely_wide() -> None:
    assert Estimate(0.0, -math.inf, math.inf, 0.99).half_width == math.inf
