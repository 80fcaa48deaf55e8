import pytest

from perfkit.capacity.bounds import Observed, bounds
from perfkit.capacity.demands import Crowd
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from tests.builders import a_floor
from tests.capacity.searches import demands


def observed(**fields: object) -> Observed:
    given = {
        "demands": demands(mean=0.02),
        "usage": Usage(0.6, 0.03, 0.7, 2),
        "rate": 30.0,
        "workers": 2,
        "crowd": Missing("it was not tried"),
        "floor": Missing("it was not calibrated"),
    }
    return Observed(**{**given, **fields})  # type: ignore[arg-type]


def test_the_first_bound_is_what_all_servers_can_do() -> None:
    (first, *_) = bounds(observed())

    assert first.resource == "machine"
    # 0.63 cores at 30/s are 21 ms per request; two cores do 95.
    assert first.rate == pytest.approx(2 / 0.021)


def test_one_worker_uses_one_core() -> None:
    (first, *_) = bounds(observed(workers=1))

    assert first.resource == "worker CPU"
    assert first.rate == pytest.approx(50, rel=0.05)


def test_places_bind_before_processors_that_wait() -> None:
    waiting = demands(mean=0.1, cpu=demands().wall * 0.01)

    (first, *_) = bounds(observed(demands=waiting, usage=Usage(0.01, 0.01, 0.1, 2), crowd=Crowd(64, 40.0, 4, 400)))

    assert (first.resource, first.servers) == ("places", 4)
    assert first.rate == pytest.approx(40, rel=0.05)


def test_what_no_known_resource_explains_is_a_bound_all_the_same() -> None:
    (first, *_) = bounds(observed(crowd=Crowd(64, 40.0, 0, 400)))

    assert first.resource == "something that requests share"
    assert first.rate == pytest.approx(40)


def test_a_crowd_that_gets_through_as_expected_shows_nothing_new() -> None:
    found = bounds(observed(crowd=Crowd(64, 93.0, 0, 400)))

    assert "something that requests share" not in {one.resource for one in found}


def test_the_generator_is_a_resource_too() -> None:
    (*_, last) = bounds(observed(floor=a_floor(cpu_per_request=2e-5)))

    assert last.resource == "generator"
    assert last.rate == pytest.approx(40_000)
