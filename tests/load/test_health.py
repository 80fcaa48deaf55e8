"""What the generator says of itself, from counts and readings that are given."""

import numpy as np
import pytest

from perfkit.load.health import Health, busiest_share


def test_closed_load_has_no_lag() -> None:
    health = Health()

    health.ended(np.full(3, np.nan))
    account = health.close(offered=3, sent=3, dropped=0)

    assert (account.finished, account.open_loop) == (3, False)
    assert (account.lag_p50, account.lag_p99) == (0, 0)


def test_the_lag_is_that_of_the_arrivals_to_a_thousandth() -> None:
    health = Health()
    for number in range(100):
        health.ended(np.array([(number + 1) / 1000, np.nan]))

    account = health.close(offered=200, sent=200, dropped=0)

    assert account.open_loop
    assert account.lag_p50 == pytest.approx(0.050, rel=0.001)
    assert account.lag_p99 == pytest.approx(0.099, rel=0.001)


def test_a_request_that_left_early_was_not_late() -> None:
    health = Health()

    health.ended(np.array([-0.001, -0.002]))

    assert health.close(offered=2, sent=2, dropped=0).lag_p99 == 0


def test_a_full_core_for_a_few_seconds_is_not_averaged_away() -> None:
    busy = [(second, min(max(second - 20, 0), 5) * 1.0 + second * 0.01) for second in range(60)]

    assert busiest_share(busy, 5) == pytest.approx(1.01, abs=0.01)


def test_a_phase_shorter_than_the_stretch_is_judged_as_a_whole() -> None:
    assert busiest_share([(10.0, 1.0), (11.0, 1.5), (12.0, 1.6)], 5) == pytest.approx(0.3)
    assert busiest_share([(10.0, 1.0)], 5) == 0
