"""The live line and the phases, at instants that are given."""

import pytest

from perfkit.load.phases import Phases
from perfkit.load.progress import Recent


def test_the_live_line_looks_back_a_few_seconds_and_counts_everything() -> None:
    recent = Recent()
    for second in range(20):
        for _ in range(10):
            recent.add(100.0 + second, 0.2 if second < 18 else 0.1, failed=second == 0)

    shown = recent.show(120.0, "measure", 12.0, 60.0, users=3)

    assert (shown.requests, shown.errors, shown.users) == (200, 10, 3)
    assert shown.rate == pytest.approx(10, rel=0.2)
    assert shown.p95 == 0.2


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
