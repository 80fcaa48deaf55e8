"""The live line and the phases, at instants that are given."""

import numpy as np
import pytest

from perfkit.load.phases import Phases
from perfkit.load.progress import KEPT, Names, Recent, by_second
from perfkit.stats.histogram import Numbers


def add(recent: Recent, finished_at: Numbers, times: Numbers, endpoints: Names, errors: Names) -> None:
    for (second, endpoint, error), (found, _) in by_second(finished_at, times, endpoints, errors, endpoints).items():
        recent.take(second, endpoint, error, found)


def test_the_live_line_looks_back_a_few_seconds_and_counts_everything() -> None:
    recent = Recent()
    for second in range(20):
        times = np.full(10, 0.2 if second < 18 else 0.1)
        add(recent, np.full(10, 100.0 + second), times, np.ones(10, np.uint32), np.full(10, second == 0, np.uint8))

    shown = recent.show(120.0, "measure", 12.0, 60.0, users=3)

    assert (shown.requests, shown.errors, shown.users) == (200, 10, 3)
    assert shown.rate == pytest.approx(10, rel=0.2)
    assert shown.p95 == pytest.approx(0.2, rel=0.001)


def test_the_seconds_and_outcomes_are_kept_apart_and_old_seconds_only_in_the_sum() -> None:
    recent = Recent()
    for second in range(KEPT + 50):
        add(recent, np.array([second + 0.5, second + 0.6]), np.array([0.1, 0.3]), np.array([1, 1]), np.array([0, 5]))

    assert len(recent.seconds) == KEPT
    assert {key: histogram.count for key, histogram in recent.total().items()} == {(1, 0): KEPT + 50, (1, 5): KEPT + 50}


def test_before_anything_has_ended_there_is_no_percentile() -> None:
    shown = Recent().show(100.0, "warm-up", 0.2, None, users=1)

    assert shown.p95 is None
    assert shown.rate == 0


def test_an_instant_belongs_to_the_phase_that_it_falls_into() -> None:
    phases = Phases()
    phases.begin("warm-up", 10.0)
    phases.begin("measure", 20.0)

    assert [phases.at(instant) for instant in (9.0, 10.0, 19.99, 20.0, 99.0)] == [
        "warm-up",
        "warm-up",
        "warm-up",
        "measure",
        "measure",
    ]
