"""What the generator says of itself, from counts and readings that are given."""

import pytest

from perfkit.load.health import Health, busiest_share


def test_only_the_measure_phase_is_judged() -> None:
    health = Health()

    for phase in ("warm-up", "measure", "profile"):
        health.due(phase)
        health.left(phase)
        health.ended(phase)
        health.drop(phase)
        health.arrival(phase, 0.002)

    account = health.close()
    assert (account.offered, account.sent, account.finished, account.dropped) == (2, 1, 1, 1)
    assert account.open_loop
    assert account.lag_p99 == 0.002


def test_closed_load_has_no_lag() -> None:
    account = Health().close()

    assert not account.open_loop
    assert (account.lag_p50, account.lag_p99) == (0, 0)


def test_the_lag_is_a_lag_that_was_seen() -> None:
    health = Health()
    for number in range(100):
        health.arrival("measure", number / 1000)

    account = health.close()

    assert (account.lag_p50, account.lag_p99) == (0.050, 0.099)


def test_a_full_core_for_a_few_seconds_is_not_averaged_away() -> None:
    busy = [(second, min(max(second - 20, 0), 5) * 1.0 + second * 0.01) for second in range(60)]

    assert busiest_share(busy, 5) == pytest.approx(1.01, abs=0.01)


def test_a_phase_shorter_than_the_stretch_is_judged_as_a_whole() -> None:
    assert busiest_share([(10.0, 1.0), (11.0, 1.5), (12.0, 1.6)], 5) == pytest.approx(0.3)
    assert busiest_share([(10.0, 1.0)], 5) == 0
