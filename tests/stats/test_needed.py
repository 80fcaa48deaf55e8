"""Blocks that an inconclusive answer would still take."""

import math

import numpy as np
import pytest

from perfkit.stats import signed_rank
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import blocks_for, more_blocks, of_all
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


def likely(change: Estimate, bound: float, blocks: int = 40) -> float:
    found = more_blocks(change, bound, blocks, RULES)
    assert found is not None
    assert found.low <= found.likely <= found.high
    return found.likely


def test_an_estimate_of_nothing_takes_about_what_brings_the_bound_to_the_margin() -> None:
    change, bound = seen(0.0, 0.025)

    needed = blocks_for(40, bound, math.log1p(0.03))

    assert needed / 3 <= 40 + likely(change, bound) <= needed


def test_an_estimate_of_a_large_change_takes_about_what_brings_the_interval_off_zero() -> None:
    change, bound = seen(0.10, 0.045)

    needed = blocks_for(40, change.half_width, 0.10)

    assert needed / 2 <= 40 + likely(change, bound) <= 2 * needed


def test_an_estimate_at_the_border_is_not_taken_at_its_word() -> None:
    change, bound = seen(0.028, 0.02)

    # Word for word 0.16 % of slack would take 17,000 blocks for the bound, or 135 for the interval.
    assert 1 <= likely(change, bound) < 200


def test_without_an_interval_it_takes_the_fewest_that_have_one() -> None:
    assert likely(Estimate(0.05, -math.inf, math.inf, 0.99), math.inf, 5) == signed_rank.fewest_for(0.01) - 5


def test_a_margin_below_the_floor_may_never_be_decided() -> None:
    change, bound = seen(0.015, 0.0005)

    assert more_blocks(change, bound, 40, Rules(margin=0.01, floor=0.02)) is None


def test_of_several_figures_the_last_one_is_waited_for() -> None:
    change, bound = seen(0.01, 0.03)
    each = [more_blocks(change, bound, 40, RULES, seed) for seed in range(6)]
    known = [one for one in each if one is not None]

    together = of_all(known)

    assert together is not None
    assert together.likely > 1.5 * max(one.likely for one in known)
    assert of_all([]) is None


def test_scaled_to_seconds_it_says_the_same() -> None:
    change, bound = seen(0.01, 0.03)
    blocks = more_blocks(change, bound, 40, RULES)
    assert blocks is not None

    seconds = of_all([blocks.scaled(0.5)])

    assert seconds is not None
    assert seconds.likely == pytest.approx(blocks.likely / 2, rel=1e-6)
    assert seconds.high == pytest.approx(blocks.high / 2, rel=1e-6)


@pytest.mark.parametrize("effect", [0.0, 0.05])
def test_most_continuations_are_decided_within_a_factor_of_two_in_all_and_within_the_range(effect: float) -> None:
    """Judged anew, in full, at each number of blocks: what `decisions` approximates."""
    random = np.random.default_rng(41)
    asked = in_range = in_all = of_more = 0
    for _ in range(40):
        series = random.normal(math.log1p(effect), 0.09, 400)
        (verdict,) = judge([series[:20]]).times
        if verdict.more is None:
            continue
        asked += 1
        counts = [20 + round(more) for more in np.unique(np.round(np.geomspace(1, 380, 24)))]
        actual = next((n for n in counts if judge([series[:n]]).times[0].outcome is not Outcome.INCONCLUSIVE), 400) - 20
        in_range += verdict.more.low <= actual <= verdict.more.high
        in_all += 0.5 <= (20 + verdict.more.likely) / (20 + actual) <= 2
        of_more += 0.5 <= verdict.more.likely / actual <= 2

    assert asked > 15
    assert in_range / asked >= 0.65
    assert in_all / asked >= 0.6
    assert of_more / asked >= 0.3
