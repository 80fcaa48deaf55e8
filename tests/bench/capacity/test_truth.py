"""What the benches of capacity take for the truth, and the simpler rules that are judged beside it."""

import numpy as np
import pytest

from bench.capacity import truth
from bench.capacity.truth import Watched

ALLOWED = 0.05


def a_step(rate: float, share: float, blocks: int = 30) -> Watched:
    """Sixty seconds of it."""
    requests = np.full(blocks, 2 * rate)
    return Watched(rate, requests, share * requests)


def steep(rate: float, limit: float = 84.0) -> Watched:
    """Late shares as near a limit: one in twenty there, three times as many 5 % beyond."""
    logit = np.log(ALLOWED / (1 - ALLOWED)) + 22 * np.log(rate / limit)
    return a_step(rate, 1 / (1 + np.exp(-logit)))


def test_the_truth_is_where_late_shares_meet_what_is_allowed() -> None:
    steps = [steep(rate) for rate in (78.0, 82.0, 86.0, 88.0)]

    assert truth.limit(steps, ALLOWED, guess=80.0) == pytest.approx(84.0, rel=0.005)


def test_its_interval_is_as_wide_as_steps_differ() -> None:
    shaky = [steep(rate, limit) for rate, limit in ((78.0, 83.0), (82.0, 85.0), (86.0, 83.0), (88.0, 85.0), (84.0, 84.0))]

    low, high = truth.interval(shaky, ALLOWED, 84.0)

    assert low < 84.0 < high
    assert 0.005 < (high - low) / 84.0 < 0.1


def test_a_guess_that_was_far_off_is_left_in_the_right_direction() -> None:
    assert truth.limit([a_step(60.0, 0.0)], ALLOWED, guess=60.0) > 60.0
    assert truth.limit([a_step(60.0, 0.9)], ALLOWED, guess=60.0) < 60.0


def test_a_staircase_ends_below_its_first_bad_step() -> None:
    unlucky = [a_step(70.0, 0.0), a_step(76.0, 0.06), a_step(80.0, 0.04), a_step(88.0, 0.2)]

    assert truth.staircase(unlucky, ALLOWED) == 70.0


def test_a_percentile_of_everything_so_far_notices_late() -> None:
    ramp = [steep(rate) for rate in (60.0, 70.0, 80.0, 86.0, 92.0, 98.0)]

    assert truth.cumulative(ramp, ALLOWED) > 86.0
