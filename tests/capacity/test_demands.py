"""What a request takes when it need not wait, read from runs in which requests did wait."""

from typing import Any

import numpy as np
import pytest

from perfkit.capacity.demands import Alone, Demands, alone, demands, from_outside
from perfkit.capacity.shared import Slots
from perfkit.capacity.step import Usage
from perfkit.evidence import Interval, Missing
from perfkit.measures.lazy import Measures
from perfkit.stats.stations import Station, response_times
from tests.builders import Request, a_gauge, a_request, a_run, a_wait, evidence

RUN = a_run(intervals=(Interval("measure", 0.0, 10.0),))
UNUSED = Usage(None, None, None, 2)


def ran(requests: list[Request], **tables: Any) -> Measures:
    return Measures(evidence(requests, run=RUN, **tables))


def regular(count: int = 200, **fields: Any) -> list[Request]:
    return [a_request(at=10.0 * i / count, **fields) for i in range(count)]


def used(resource: str, name: str, used: float, size: float = 1.0, pid: int = 100) -> list[dict[str, Any]]:
    """Looked at for ten seconds, four times in each."""
    return [a_gauge(i / 4, resource, used, size, name=name, pid=pid) for i in range(40)]


def found(low: Measures, undisturbed: Measures, usage: Usage = UNUSED, processors: int = 1) -> Demands:
    taken = demands(low, usage, undisturbed, processors)
    assert isinstance(taken, Demands)
    return taken


def test_what_a_request_takes_is_read_from_its_trace() -> None:
    low = ran(regular(wall_time=0.04, cpu_time=0.01))

    taken = found(low, low, Usage(0.3, 0.1, 0.5, 2))

    assert taken.cpu.mean() == pytest.approx(0.01)
    assert taken.rest.mean() == pytest.approx(0.03)
    # 0.3 cores at 20/s are 15 ms of CPU per request: 5 ms more than the requests account for.
    assert taken.beside == pytest.approx(0.005, rel=0.05)
    assert taken.processor == pytest.approx(0.015, rel=0.05)


def test_waiting_that_nobody_recorded_is_what_takes_longer_than_alone() -> None:
    low, undisturbed = ran(regular(wall_time=0.06, cpu_time=0.01)), ran(regular(50, wall_time=0.04, cpu_time=0.01))

    taken = found(low, undisturbed)

    assert taken.wall.mean() == pytest.approx(0.04)
    assert taken.rest.mean() == pytest.approx(0.03)


def test_a_lock_is_held_as_long_as_it_was_in_use_divided_by_who_had_it() -> None:
    low = ran(regular(wall_time=0.04, cpu_time=0.01), gauges=used("lock", "shop.py:7", 0.3))

    (lock,) = found(low, low).shared

    assert (lock.name, lock.servers) == ("lock of shop.py:7", 1)
    assert lock.times.mean() == pytest.approx(0.015)
    assert found(low, low).rest.mean() == pytest.approx(0.015)


def test_pools_of_several_processes_are_added_up() -> None:
    pools = [*used("pool", "orders", 0.2, 5, pid=100), *used("pool", "orders", 0.4, 5, pid=101)]
    low = ran(regular(wall_time=0.04, cpu_time=0.0), gauges=pools)

    (pool,) = found(low, low).shared

    assert (pool.resource, pool.servers) == ("database pool", 10)
    assert pool.times.mean() == pytest.approx(0.03)


def test_who_computes_with_a_lock_in_his_hands_is_counted_once() -> None:
    low = ran(regular(wall_time=0.02, cpu_time=0.018), gauges=used("lock", "shop.py:7", 0.4))

    taken = found(low, low, Usage(0.36, 0.1, 0.5, 2))

    (lock,) = taken.shared
    assert lock.times.mean() == pytest.approx(0.02)  # it gives out first, so all of it is there
    assert taken.wall.mean() == pytest.approx(0.02)
    assert taken.processor == pytest.approx(0.018)


def test_a_connection_that_is_held_while_others_compute_gives_out_by_how_many_there_are() -> None:
    """Two connections held for all of 20 ms, of which 15 are computing on two cores: 100/s against 133/s."""
    low = ran(regular(wall_time=0.02, cpu_time=0.015), gauges=used("pool", "orders", 0.4, 2))

    taken = found(low, low, processors=2)

    (pool,) = taken.shared
    assert pool.mean == pytest.approx(0.02)
    assert pool.times.mean() == pytest.approx(0.02)
    assert taken.wall.mean() == pytest.approx(0.02)


def test_what_is_counted_elsewhere_is_a_bound_all_the_same() -> None:
    """Eight connections: computing gives out first, and the time that one is held meanwhile is not counted twice."""
    low = ran(regular(wall_time=0.02, cpu_time=0.019), gauges=used("pool", "orders", 0.4, 8))

    taken = found(low, low)

    (pool,) = taken.shared
    assert pool.mean == pytest.approx(0.02)
    assert pool.times.mean() == pytest.approx(0.001)
    assert taken.wall.mean() == pytest.approx(0.02)


def calling(rate: float, count: int) -> list[Request]:
    """Requests of 5 ms and a call to a service that answers one at a time, after 10 ms."""
    arrivals = np.cumsum(np.random.default_rng(3).exponential(1 / rate, count))
    took = response_times(arrivals, np.full((count, 1), 0.010), (Station(1),))
    return [
        a_request(at=float(at), wall_time=float(wall) + 0.005, cpu_time=0.001, waits=[a_wait(wall_time=float(wall))])
        for at, wall in zip(arrivals, took, strict=True)
    ]


def test_a_service_that_answers_one_at_a_time_is_known_by_who_had_to_wait() -> None:
    undisturbed = ran(
        [a_request(at=0.1 * i, wall_time=0.015, cpu_time=0.001, waits=[a_wait(wall_time=0.010)]) for i in range(90)]
    )

    taken = found(ran(calling(35.0, 340)), undisturbed)

    (service,) = taken.shared
    assert (service.name, service.servers) == ("outbound dependency of pricing:8080", 1)
    assert service.times.mean() == pytest.approx(0.010, rel=0.01)
    assert taken.wall.mean() == pytest.approx(0.015, rel=0.02)


def test_a_service_that_never_let_anybody_wait_is_no_limit() -> None:
    low = ran(regular(wall_time=0.015, cpu_time=0.001, waits=[a_wait(wall_time=0.010)]))

    taken = found(low, low)

    assert taken.shared == ()
    assert taken.rest.mean() == pytest.approx(0.014)


def test_slots_are_those_of_all_processes() -> None:
    slots = [*used("slots", "gunicorn threads", 0.5, 4, pid=100), *used("slots", "gunicorn threads", 0.5, 4, pid=101)]
    low = ran(regular(), gauges=slots)

    assert found(low, low).slots == Slots("worker slots", 8, "gunicorn threads, in 2 processes")


def test_threads_that_requests_are_hardly_ever_in_are_no_slots() -> None:
    helpers = used("thread_pool", "asyncio (8 threads)", 0.01, 8)
    low = ran(regular(wall_time=0.04), gauges=helpers)

    assert isinstance(found(low, low).slots, Missing)


def test_threads_that_requests_are_in_all_the_time_are_slots() -> None:
    threads = used("thread_pool", "anyio limiter (40 tokens)", 0.8, 40)
    low = ran(regular(wall_time=0.04), gauges=threads)

    slots = found(low, low).slots
    assert isinstance(slots, Slots)
    assert (slots.resource, slots.count) == ("thread pool", 40)


def test_one_user_alone_says_what_a_request_takes() -> None:
    found = alone(ran(regular(50, wall_time=0.04)))

    assert isinstance(found, Alone)
    assert found.response_time == pytest.approx(0.042)
    assert found.requests == 50
    assert isinstance(alone(ran(regular(9))), Missing)


def test_without_traces_there_are_no_demands_but_those_seen_from_outside() -> None:
    low = ran(regular(wall_time=0.04), traces=Missing("the probe is not in the target"))

    assert demands(low, UNUSED, low, 1) == Missing("the probe is not in the target")
    assert np.median(from_outside(low).wall) == pytest.approx(0.042)
