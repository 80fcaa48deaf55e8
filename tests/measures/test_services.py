"""How busy a service is that nobody can look into: by what its calls take alone and together."""

import numpy as np
import pytest

from perfkit.evidence import Missing
from perfkit.measures import services
from perfkit.measures.services import Service
from tests.builders import a_request, a_statement, a_wait, evidence


def test_a_call_is_alone_when_no_other_is_under_way() -> None:
    pairs = [start for second in range(20) for start in (second + 0.0, second + 0.05)]
    alone = [second + 0.5 for second in range(20)]
    starts = np.array(sorted(pairs + alone))
    times = np.where(np.isclose(starts % 1, 0.5), 0.01, 0.1)

    assert services.time_alone(starts, times) == pytest.approx(0.01)


def test_a_long_call_spoils_all_that_begin_within_it() -> None:
    starts = np.array([0.0, *(1.0 + 0.1 * i for i in range(20))])
    times = np.array([10.0, *([0.05] * 20)])

    assert isinstance(services.time_alone(starts, times), Missing)


def test_too_few_calls_alone_are_no_measure() -> None:
    found = services.time_alone(np.arange(9.0), np.full(9, 0.01))

    assert found == Missing("only 9 calls were alone, so that nobody knows what one takes that need not wait")


@pytest.mark.parametrize(
    ("rate", "time", "alone", "share"),
    [
        (98.0, 0.120, 0.010, 0.98),  # one place: eleven wait
        (105.0, 0.120, 0.010, 1.0),  # the time alone is measured too, and may be off
        (197.0, 0.060, 0.010, 0.985),  # two places
        (60.0, 0.020, 0.010, 0.6),
    ],
)
def test_places_that_are_busy_are_those_of_the_utilisation_law(rate: float, time: float, alone: float, share: float) -> None:
    assert Service("pricing", rate, time, alone).utilisation == pytest.approx(share)


def test_a_service_that_answers_many_as_fast_as_one_has_shown_no_limit() -> None:
    found = Service("pricing", 90.0, 0.021, 0.020).utilisation

    assert found == Missing("it answers many at once as fast as one: its limit was not met")


def test_without_a_time_alone_nothing_is_said() -> None:
    assert Service("pricing", 90.0, 0.1, Missing("never alone")).utilisation == Missing("never alone")


def test_each_service_of_the_measure_phase_is_told_with_its_own_calls() -> None:
    requests = [
        a_request(at=10.0 + i, wall_time=0.1, statements=[a_statement(wall_time=0.02)], waits=[a_wait(wall_time=0.03)])
        for i in range(60)
    ]

    found = services.asked(evidence(requests))

    assert not isinstance(found, Missing)
    assert [service.name for service in found] == ["pricing:8080", services.DATABASE]
    assert [service.time for service in found] == pytest.approx([0.03, 0.02])
    assert services.times_alone(evidence(requests)) == {
        "pricing:8080": pytest.approx(0.03),
        services.DATABASE: pytest.approx(0.02),
    }


def test_times_of_an_earlier_run_stand_for_those_that_are_missing() -> None:
    crowd = [a_request(at=10.0 + i / 100, wall_time=0.2, waits=[a_wait(wall_time=0.12)]) for i in range(60)]

    without, given = services.asked(evidence(crowd)), services.asked(evidence(crowd), {"pricing:8080": 0.01})

    assert not isinstance(without, Missing)
    assert not isinstance(given, Missing)
    assert isinstance(without[0].alone, Missing)
    assert given[0].alone == 0.01
