"""How busy a service is that nobody can look into: by what its calls take alone and together."""

import numpy as np
import pytest

from perfkit.evidence import Missing
from perfkit.measures import arrivals, services
from perfkit.measures.frames import Numbers
from perfkit.measures.services import Service
from perfkit.stats.stations import Station, response_times
from tests.builders import a_request, a_statement, a_wait, evidence

UNSEEN = Missing("nobody ever waited")


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
    assert Service("pricing", rate, time, time, alone, UNSEEN, most=9).utilisation == pytest.approx(share)


def test_a_service_that_answers_many_as_fast_as_one_has_shown_no_limit() -> None:
    found = Service("pricing", 90.0, 0.021, 0.021, 0.020, UNSEEN, most=9).utilisation

    assert found == Missing("it answers many at once as fast as one: its limit was not met")


def test_a_service_that_was_only_asked_one_at_a_time_says_so_and_how_busy_that_kept_it() -> None:
    found = Service("pricing", 90.0, 0.010, 0.010, 0.010, UNSEEN, most=1).utilisation

    assert isinstance(found, Missing)
    assert "one after another and kept it busy 90 % of the time" in found.why


def test_calls_that_differ_by_nature_do_not_look_like_waiting() -> None:
    """Of statements most take 50 µs and some 10 ms, with nobody else about."""
    found = Service("the database", 40.0, 0.003, 0.00005, 0.00005, UNSEEN, most=9)

    assert found.queueing == 0.0
    assert found.undisturbed == pytest.approx(0.003)


def test_places_that_were_counted_are_the_ones_that_are_busy() -> None:
    assert Service("pricing", 160.0, 0.030, 0.030, 0.010, 2, most=9).utilisation == pytest.approx(0.8)


def asked_at_random(places: int, rate: float, count: int = 4000) -> tuple[Numbers, Numbers]:
    """Starts and times of calls of 10 ms to a service of so many places, or that never lets anybody wait (0)."""
    starts = np.cumsum(np.random.default_rng(3).exponential(1 / rate, count))
    return starts, response_times(starts, np.full((count, 1), 0.010), (Station(places, quantum=1.0),))


def places_of(starts: Numbers, times: Numbers) -> int | Missing:
    return services.places(arrivals.met(starts, times), times, alone=0.010)


@pytest.mark.parametrize("places", [1, 2, 3])
def test_who_has_to_wait_shows_how_many_a_service_works_on_at_a_time(places: int) -> None:
    assert places_of(*asked_at_random(places, rate=40.0 * places)) == places


def test_calls_that_come_as_the_one_before_them_ends_do_not_make_two_places_of_one() -> None:
    # Something else paces them; only a few crowds ever stood in a queue.
    crowd = np.arange(6.0)
    crowds = [(200.0 + second + crowd * 1e-6, 0.010 * (crowd + 1)) for second in range(20)]
    paced = 300.0 + np.arange(500) * 0.0099
    starts = np.concatenate([np.arange(100.0), *(begun for begun, _ in crowds), paced])
    times = np.concatenate([np.full(100, 0.010), *(took for _, took in crowds), np.full(500, 0.010)])

    assert places_of(starts, times) == 1


def test_a_service_that_is_paced_to_its_last_place_is_busy_though_nobody_waits() -> None:
    """As before a lock that gives way a tenth earlier: at first calls stand in a queue, and then none."""
    calm = [a_request(at=i / 50, phase="warm-up", waits=[a_wait(wall_time=0.009)]) for i in range(200)]
    crowds = [a_request(at=10.0 + i / 5, waits=[a_wait(wall_time=0.009 * (1 + j))]) for i in range(20) for j in range(4)]
    paced = [a_request(at=15.0 + i / 100, waits=[a_wait(wall_time=0.009)]) for i in range(9_000)]

    found = services.asked(evidence(calm + crowds + paced))

    assert not isinstance(found, Missing)
    assert found[0].places == 1
    assert found[0].undisturbed == pytest.approx(0.009)
    assert found[0].utilisation == pytest.approx(0.81, abs=0.03)


def test_a_service_that_lets_nobody_wait_shows_no_number_of_places() -> None:
    found = places_of(*asked_at_random(0, rate=200.0))

    assert isinstance(found, Missing)
    assert "too few to make one wait" in found.why


def test_a_service_that_was_crowded_from_the_beginning_shows_none_either() -> None:
    starts, times = np.linspace(0.0, 0.04, 400), np.linspace(0.01, 4.0, 400)

    assert isinstance(places_of(starts, times), Missing)


def test_without_a_time_alone_nothing_is_said() -> None:
    assert Service("pricing", 90.0, 0.1, 0.1, Missing("never alone"), UNSEEN, most=9).utilisation == Missing("never alone")


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
