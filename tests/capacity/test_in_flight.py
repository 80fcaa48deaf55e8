"""Little's law against what arriving flows meet."""

import numpy as np
import pytest

from perfkit.capacity.in_flight import in_flight
from perfkit.evidence import Missing
from perfkit.stats.stations import Station, response_times
from tests.builders import Request, a_request, measures

RATE, COUNT, TOOK = 40.0, 3000, 0.02


def arriving(step: str = "browse[1]", processes: int = 1) -> list[Request]:
    """Poisson arrivals for 75 s at two places that take 20 ms, from the start of the measure phase on."""
    random = np.random.default_rng(5)
    starts = np.cumsum(random.exponential(1 / RATE, COUNT))
    times = response_times(starts, np.full((COUNT, 1), TOOK), (Station(2, quantum=1.0),))
    return [
        a_request(at=10.0 + float(start), wall_time=float(took), sample={"step": step}, pid=100 + number % processes)
        for number, (start, took) in enumerate(zip(starts, times, strict=True))
    ]


@pytest.mark.parametrize("processes", [1, 2])
def test_arriving_flows_meet_what_the_law_says_whatever_process_they_go_to(processes: int) -> None:
    requests = arriving(processes=processes)
    lasted = 100.0

    found = in_flight(measures(requests))

    assert not isinstance(found, Missing)
    assert not isinstance(found.by_arrivals, Missing)
    # The law divides by the whole phase, of which arrivals filled three quarters.
    filled = max(request.sample["at"] for request in requests) - 10.0
    assert found.by_arrivals == pytest.approx(found.by_law * lasted / filled, rel=0.1)


def test_later_steps_of_flows_are_no_arrivals() -> None:
    found = in_flight(measures(arriving(step="browse[2]")))

    assert not isinstance(found, Missing)
    assert isinstance(found.by_arrivals, Missing)
    assert not found.disagree


def test_what_arrives_where_others_have_left_disagrees_with_the_law() -> None:
    """Ten at once every second: the first of them meets nobody, and the last one nine."""
    bursts = [
        a_request(
            at=10.0 + second + (0.0 if number else -0.001),
            wall_time=0.5,
            sample={"step": "browse[1]" if not number else "browse[2]"},
        )
        for second in range(1, 99)
        for number in range(10)
    ]

    found = in_flight(measures(bursts))

    assert not isinstance(found, Missing)
    assert found.disagree
