"""Where blocks lie, also when neighbours depend on each other."""

import numpy as np
import pytest

from perfkit.stats import signed_rank
from perfkit.stats.autocorrelation import DEPENDENT_ABOVE
from perfkit.stats.block_bootstrap import Wander
from perfkit.stats.centre import Centre, of_blocks


def test_independent_blocks_have_the_interval_of_signed_ranks() -> None:
    values = np.random.default_rng(1).normal(0.01, 0.015, 40)

    found = of_blocks(values)

    assert found.wander is None
    assert found.interval(0.99) == signed_rank.estimate(values, 0.99)
    assert found.p == signed_rank.p_value(values)
    assert found.upper_bound(0.95) == signed_rank.upper_bound(values, 0.95)


def test_dependent_blocks_have_a_wider_one_and_a_larger_p_value() -> None:
    values = 0.01 + np.sin(np.arange(40) / 3) / 50

    found = of_blocks(values)

    assert found.lag1 > DEPENDENT_ABOVE
    assert found.interval(0.95).half_width > 1.3 * signed_rank.estimate(values, 0.95).half_width
    assert found.p > signed_rank.p_value(values)


def test_resampling_never_makes_an_answer_bolder() -> None:
    values = np.random.default_rng(1).normal(0.01, 0.015, 40)
    bold = Centre(values, signed_rank.hodges_lehmann(values), 0.3, Wander(standard_error=1e-6, freedom=12))

    assert bold.interval(0.99) == signed_rank.estimate(values, 0.99)
    assert bold.p == signed_rank.p_value(values)


def test_a_handful_of_dependent_blocks_is_not_resampled() -> None:
    assert of_blocks(np.arange(8.0)).wander is None


# The reference's own rule (signed ranks alone) rejects 11 and 14 % of such series at 5 %.
@pytest.mark.parametrize(("correlation", "most"), [(0.2, 0.095), (0.3, 0.105)])
def test_somewhat_dependent_blocks_are_rejected_about_as_often_as_stated(correlation: float, most: float) -> None:
    random = np.random.default_rng(19)
    rejected, tries = 0, 250
    for _ in range(tries):
        values = random.normal(0, 1, 40)
        for place in range(1, 40):
            values[place] = correlation * values[place - 1] + np.sqrt(1 - correlation**2) * values[place]
        rejected += of_blocks(values).p <= 0.05

    assert rejected / tries <= most


def test_a_few_blocks_that_all_say_the_same_by_far_decide() -> None:
    """A lock that was held longer: six bursts, each three times as long."""
    values = np.log(np.array([3.1, 3.3, 3.2, 3.4, 3.2, 3.3]))

    found = of_blocks(values, may_be_stark=True)

    assert of_blocks(values).p == pytest.approx(1 / 32)
    assert found.p < 1e-6
    interval = found.interval(0.999)
    assert np.log(2.9) < interval.low < found.value < interval.high < np.log(3.6)


def test_a_few_blocks_of_which_one_says_little_decide_nothing() -> None:
    values = np.log(np.array([3.1, 3.3, 3.2, 3.4, 3.2, 1.05]))

    assert of_blocks(values, may_be_stark=True).p == pytest.approx(1 / 32)


def test_nothing_but_noise_is_hardly_ever_stark() -> None:
    """Bursts that vary by a tenth from block to block, judged at a thousandth."""
    random = np.random.default_rng(23)
    tries = 20_000

    rejected = sum(of_blocks(random.normal(0, 0.1, 6), may_be_stark=True).p <= 0.001 for _ in range(tries))

    assert rejected <= 3
