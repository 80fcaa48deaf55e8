"""What ends a load, second by second, at instants that are given."""

from typing import Any

import numpy as np

from perfkit.evidence import Phase
from perfkit.load.breaker import Breaker, Trip
from perfkit.load.exchange import ERRORS
from perfkit.load.progress import Recent
from perfkit.scenario.model import Scenario
from perfkit.stats.histogram import Histogram

NAMES = ["", "browse", "GET /orders", "GET /slow"]
FAILED = ERRORS.index("status")


def a_breaker(**sections: Any) -> Breaker:
    parts = {"perfkit": 1, "target": "http://127.0.0.1:1", "get": ["/orders", "/slow"], "load": [{"rate": "10/s", "for": "60s"}]}
    return Breaker(Scenario.model_validate(parts | sections))


def filled(*seconds: tuple[int, float, int], endpoint: int = 2) -> Recent:
    """(second, response time, error) of twenty requests each."""
    recent = Recent()
    for second, time, error in seconds:
        recent.take(second, endpoint, error, Histogram.of(np.full(20, time)))
    return recent


def look(breaker: Breaker, recent: Recent, now: float, phase: Phase = "measure", began_at: float = 99.5) -> Trip | None:
    return breaker.look(recent, NAMES, phase, began_at, now)


def test_a_condition_that_holds_for_its_window_ends_the_load() -> None:
    breaker = a_breaker(guard={"stop_if": ["errors > 50% for 2s"]})
    recent = filled((100, 0.1, 0), (101, 0.1, FAILED), (102, 0.1, FAILED), (103, 0.1, FAILED))

    assert breaker.is_needed
    assert look(breaker, recent, 102.5) is None  # half of each window at most
    assert look(breaker, recent, 103.2) == Trip("breaker", "all", "errors > 50% for 2s", 1.0, 103.0)


def test_a_second_that_is_not_over_is_not_looked_at() -> None:
    breaker = a_breaker(guard={"stop_if": ["errors > 50% for 1s"]})
    recent = filled((100, 0.1, FAILED))

    assert look(breaker, recent, 100.9) is None
    assert look(breaker, recent, 101.1) is not None


def test_seconds_are_not_skipped_when_nobody_looked_for_a_while() -> None:
    breaker = a_breaker(guard={"stop_if": ["errors > 50% for 1s"]})
    recent = filled((100, 0.1, 0), (101, 0.1, FAILED), (102, 0.1, 0), (103, 0.1, 0))

    trip = look(breaker, recent, 105.0)

    assert trip is not None
    assert trip.at == 102


def test_only_an_objective_that_says_so_ends_the_load_and_only_of_its_endpoint() -> None:
    sentences = {"GET /orders": ["p90 < 200ms for 1s"], "GET /slow": ["p90 < 200ms for 1s abort"]}

    assert look(a_breaker(slo=sentences), filled((100, 0.5, 0)), 101.5) is None
    trip = look(a_breaker(slo=sentences), filled((100, 0.5, 0), endpoint=3), 101.5)
    assert trip is not None
    assert (trip.by, trip.endpoint) == ("objective", "GET /slow")
    assert not a_breaker(slo={"all": ["p90 < 1s for 5s"]}).is_needed


def test_the_warm_up_is_the_breakers_business_and_not_the_objectives() -> None:
    slow = filled(*((second, 0.5, FAILED if second == 103 else 0) for second in range(100, 106)))
    objective = a_breaker(slo={"all": ["p90 < 200ms for 2s abort"]})

    assert look(objective, slow, 102.5, "warm-up") is None
    # The measure phase begins at 102.3: its first whole second is the next one.
    assert look(objective, slow, 104.9, "measure", 102.3) is None
    assert look(objective, slow, 106.0, "measure", 102.3) is not None

    condition = a_breaker(guard={"stop_if": ["errors > 50% for 1s"]})
    assert look(condition, slow, 104.5, "warm-up") is not None
