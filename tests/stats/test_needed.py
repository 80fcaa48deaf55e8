"""Blocks that an inconclusive answer would still take."""

import math

import numpy as np
import pytest

from perfkit.stats import signed_rank
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import blocks_for, more_blocks
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.verdict import judge

RULES = Rules()


def seen(value: float, error: float, level: float = 0.01) -> tuple[Estimate, float]:
    """The interval and the bound of an estimate with that standard error."""
    return Estimate(value, value - 2.576 * error, value + 2.576 * error, 1 - level), value + 1.645 * error


def test_blocks_grow_with_the_square() -> None:
    assert blocks_for(40, 0.06, 0.03) == 160
    assert blocks_for(40, 0.06, 0.0) == math.inf
    assert blocks_for(40, math.inf, 0.03) == math.inf


def test_an_estimate_of_nothing_takes_what_brings_the_bound_to_the_margin() -> None:
    change, bound = seen(0.0, 0.025)

    needed = blocks_for(40, bound, math.log1p(0.03))
    found = more_blocks(change, bound, 40, RULES)

    assert needed / 2 <= 40 + (found or 0) <= needed


def test_an_estimate_of_a_large_change_takes_what_brings_the_interval_off_zero() -> None:
    change, bound = seen(0.10, 0.045)

    needed = blocks_for(40, change.half_width, 0.10)

    # As uncertain as it is, the change is believed to be smaller; and somewhat less than half of such runs shall be decided.
    assert needed / 2 <= 40 + (more_blocks(change, bound, 40, RULES) or 0) <= 2 * needed


def test_an_estimate_at_the_border_is_not_taken_at_its_word() -> None:
    change, bound = seen(0.028, 0.02)

    # Word for word 0.16 % of slack would take 17,000 blocks for the bound, or 135 for the interval.
    assert 1 <= (more_blocks(change, bound, 40, RULES) or 0) < 200


def test_without_an_interval_it_takes_the_fewest_that_have_one() -> None:
    assert more_blocks(Estimate(0.05, -math.inf, math.inf, 0.99), math.inf, 5, RULES) == signed_rank.fewest_for(0.01) - 5


def test_a_margin_below_the_floor_may_never_be_decided() -> None:
    change, bound = seen(0.015, 0.0005)

    assert more_blocks(change, bound, 40, Rules(margin=0.01, floor=0.02)) is None


@pytest.mark.parametrize("effect", [0.0, 0.04, 0.08])
def test_what_it_asks_for_decides_about_half_of_the_runs_or_more(effect: float) -> None:
    random = np.random.default_rng(41)
    asked = decided = 0
    for _ in range(150):
        series = random.normal(math.log1p(effect), 0.09, 1_500)
        (verdict,) = judge([series[:20]]).times
        if verdict.more_blocks is None or verdict.more_blocks > 380:
            continue
        asked += 1
        decided += judge([series[: 20 + verdict.more_blocks]]).times[0].outcome is not Outcome.INCONCLUSIVE

    assert asked > 20
    assert 0.35 <= decided / asked <= 0.95
