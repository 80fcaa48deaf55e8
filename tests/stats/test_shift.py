"""The shift function over blocks."""

import numpy as np
import pytest

from perfkit.stats.order import Pairs
from perfkit.stats.shift import DECILES, shifts


def pairs(slower: float, tail: float, blocks: int = 30, each: int = 60) -> Pairs:
    random = np.random.default_rng(6)
    count = blocks * each
    speed = np.repeat(np.exp(random.normal(0, 0.1, blocks)), each)
    a, b = (speed * random.lognormal(-6, 0.5, count) for _ in range(2))
    slow = b > np.quantile(b, 0.75)
    return Pairs(
        a, b * (1 + slower) * np.where(slow, 1 + tail, 1.0), np.zeros(count, np.bool_), np.repeat(np.arange(blocks), each)
    )


def test_what_slows_all_requests_shifts_all_deciles_alike() -> None:
    found = shifts(pairs(slower=0.2, tail=0.0))

    assert [one.share for one in found] == list(DECILES)
    assert [one.ratio.value for one in found] == pytest.approx([np.log(1.2)] * 9, abs=0.05)
    assert all(one.ratio.low > 0 for one in found)


def test_what_slows_the_slow_ones_shifts_the_upper_deciles() -> None:
    found = shifts(pairs(slower=0.0, tail=0.5))

    assert found[-1].ratio.low > 0.2
    assert all(not one.ratio.excludes(0.0) for one in found[:5])


def test_differences_are_in_the_unit_of_the_times() -> None:
    found = shifts(pairs(slower=0.2, tail=0.0))

    # The median is e^-6 s; a fifth of it is half a millisecond.
    assert found[4].difference.value == pytest.approx(0.2 * np.exp(-6), rel=0.2)


def test_blocks_that_are_too_small_are_left_out() -> None:
    small = Pairs(np.ones(9), np.ones(9), np.zeros(9, np.bool_), np.zeros(9, np.int64))

    assert shifts(small) == ()


def test_the_interval_of_a_decile_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(120):
        times = random.lognormal(-6, 0.5, (2, 20 * 30))
        one = shifts(Pairs(times[0], times[1], np.zeros(600, np.bool_), np.repeat(np.arange(20), 30)), shares=(0.9,))[0]
        held += not one.ratio.excludes(0.0)

    assert held / 120 >= 0.89
