"""A leak keeps growing with the requests; a warm-up, a full cache and a sawtooth do not."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from perfkit.evidence import Missing
from perfkit.measures.growth import Growth
from perfkit.measures.lazy import Measures
from tests.builders import a_memory, a_request, many, measures

MIB = 1024**2
HEALTHY: dict[str, Callable[[float], float]] = {  # MiB above the start, by progress
    "flat": lambda _: 0.0,
    "warm-up": lambda progress: 20 * (1 - math.exp(-progress / 0.15)),
    "a cache that fills": lambda progress: min(progress / 0.5, 1) * 15,
    "sawtooth": lambda progress: 25 * ((progress * 15) % 1),
    "a warm-up that goes on": lambda progress: 18 * progress,
    "too little": lambda progress: 2 * progress,
    "shrinks": lambda progress: -20 * progress,
}


def the_measures(size: Callable[[float], float], requests: int = 2000, pids: tuple[int, ...] = (100,)) -> Measures:
    """Memory once a second as a function of the run's progress, 0 to 1 over warm-up and measure."""
    random = np.random.default_rng(3)
    served = [request for pid in pids for request in many(requests // 10, phase="warm-up", pid=pid) + many(requests, pid=pid)]
    memory = [
        a_memory(float(at), uss=round(50 * MIB + size(at / 110) * MIB + random.normal(0, 0.1 * MIB)), pid=pid)
        for pid in pids
        for at in range(111)
    ]
    return measures(served, memory=memory)


def the_growth(found: Measures) -> Growth:
    assert not isinstance(found.growth, Missing)
    return found.growth[0]


def test_memory_that_grows_with_every_request_is_a_leak() -> None:
    found = the_measures(lambda progress: 40 * progress)

    growth = the_growth(found)

    assert found.leak
    assert growth.per_request == pytest.approx(40 * MIB / 2200, rel=0.1)
    assert growth.low < growth.per_request < growth.high
    assert growth.grown == pytest.approx(30 * MIB, rel=0.1)
    assert growth.p_value < 0.01


@pytest.mark.parametrize("name", list(HEALTHY))
def test_healthy_memory_is_not_a_leak(name: str) -> None:
    assert not the_measures(HEALTHY[name]).leak


def test_one_worker_of_two_that_grows_is_not_enough() -> None:
    both = the_measures(lambda progress: 80 * progress, pids=(100, 101))
    assert both.leak

    memory = [a_memory(float(at), uss=50 * MIB + pid * at * MIB // 2, pid=pid) for pid in (0, 1) for at in range(111)]
    one = measures([r for pid in (0, 1) for r in many(1000, pid=pid)], memory=memory)

    assert not one.leak


@pytest.mark.parametrize(("kept", "leaks"), [(40_000, True), (0, False)])
def test_a_worker_that_is_given_a_fifth_of_the_requests_has_to_grow_by_a_fifth(kept: int, leaks: bool) -> None:
    # Two workers of one socket, as they were served in a run: five to one.
    random = np.random.default_rng(3)
    kept_by = {0: 40_000, 1: kept}
    given = {0: 2_000, 1: 400}
    memory = [
        a_memory(float(at), uss=round(50 * MIB + kept_by[pid] * given[pid] * at / 110 + random.normal(0, 0.1 * MIB)), pid=pid)
        for pid in (0, 1)
        for at in range(111)
    ]

    served = [a_request(pid=pid, at=110 * i / count) for pid, count in given.items() for i in range(count)]

    found = measures(served, memory=memory)

    assert found.leak is leaks


def test_too_few_requests_or_readings_are_missing() -> None:
    few_requests = measures(many(150), memory=[a_memory(float(at)) for at in range(110)])
    few_readings = measures(many(1000), memory=[a_memory(float(at) * 5) for at in range(22)])

    short = measures(many(1000), memory=[a_memory(at / 4) for at in range(110)])

    for found in (few_requests, few_readings, short):
        assert found.growth == Missing(
            "too short to tell growth from settling: it takes 200 requests, 24 readings and 40 s of a worker"
        )
        assert not found.leak


def test_without_traces_requests_cannot_be_counted() -> None:
    found = measures(many(2), memory=[a_memory(1.0)], traces=Missing("attached")).growth

    assert found == Missing("requests per worker were not counted: attached")


def test_proportional_memory_stands_in_where_private_is_not_told() -> None:
    memory = [a_memory(float(at), uss=-1, pss=60 * MIB + at * MIB // 2) for at in range(111)]

    found = measures(many(1000), memory=memory)

    assert the_growth(found).column == "pss"
    assert found.leak


def test_processes_that_do_not_serve_are_left_out() -> None:
    memory = [a_memory(float(at), uss=50 * MIB + at * MIB, serving=False) for at in range(111)]

    assert isinstance(measures(many(1000), memory=memory).growth, Missing)
