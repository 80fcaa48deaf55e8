import numpy as np
import pytest

from perfkit.capacity.demands import Crowd, crowd, demands, from_outside
from perfkit.capacity.step import Usage
from perfkit.evidence import Interval, Missing
from perfkit.measures.lazy import Measures
from tests.builders import Request, a_request, a_run, evidence

RUN = a_run(intervals=(Interval("measure", 0.0, 10.0),))
UNUSED = Usage(None, None, None, 2)


def in_places(places: int, count: int = 200) -> list[Request]:
    """So many at a time, without a gap; each a tenth of a second."""
    return [a_request(at=i // places * 0.1, wall_time=0.1, pid=100 + i % places) for i in range(count)]


def test_a_crowd_that_is_worked_on_two_at_a_time_met_two_places() -> None:
    found = crowd(Measures(evidence(in_places(2), run=RUN)), users=64)

    assert isinstance(found, Crowd)
    assert found.places == 2


def test_a_crowd_that_is_all_inside_at_once_met_no_limit() -> None:
    found = crowd(Measures(evidence(in_places(64, 640), run=RUN)), users=64)

    assert isinstance(found, Crowd)
    assert found.places == 0


def test_places_that_were_seldom_full_are_no_limit() -> None:
    seldom = [a_request(at=i * 0.04, wall_time=0.1 if i % 10 == 0 else 0.01) for i in range(200)]

    found = crowd(Measures(evidence(seldom, run=RUN)), users=64)

    assert isinstance(found, Crowd)
    assert found.places == 0


def test_a_few_requests_say_nothing_of_places() -> None:
    assert isinstance(crowd(Measures(evidence(in_places(2, 10), run=RUN)), users=64), Missing)


def test_what_a_request_takes_is_read_from_its_trace() -> None:
    made = [a_request(at=i * 0.05, wall_time=0.04, cpu_time=0.01) for i in range(200)]

    found = demands(Measures(evidence(made, run=RUN)), Usage(0.3, 0.1, 0.5, 2))

    assert not isinstance(found, Missing)
    assert found.cpu.mean() == pytest.approx(0.01)
    # 0.3 cores at 20/s are 15 ms of CPU per request: 5 ms more than the requests account for.
    assert found.beside == pytest.approx(0.005, rel=0.05)
    assert found.processor == pytest.approx(0.015, rel=0.05)


def test_without_traces_there_are_no_demands_but_those_seen_from_outside() -> None:
    made = [a_request(at=i * 0.05, wall_time=0.04) for i in range(200)]
    measures = Measures(evidence(made, run=RUN, traces=Missing("the probe is not in the target")))

    found = demands(measures, UNUSED)

    assert found == Missing("the probe is not in the target")
    assert np.median(from_outside(measures).wall) == pytest.approx(0.042)
