"""How much of each resource was in use: from what it is computed, and why something cannot be said."""

from collections.abc import Sequence

import pytest

from perfkit.evidence import Evidence, Missing
from perfkit.measures import utilisation
from perfkit.measures.utilisation import Resource, Utilisation
from tests.builders import (
    Request,
    Row,
    a_gauge,
    a_generator,
    a_process,
    a_queue,
    a_request,
    a_run,
    a_wait,
    evidence,
)

ALL = {
    *("worker CPU", "GIL", "worker slots", "thread pool", "event loop", "database pool"),
    *("database", "lock", "outbound dependency", "accept queue", "generator"),
}


def of(found: Evidence, resource: Resource) -> Utilisation:
    return next(one for one in utilisation.of(found) if one.resource == resource)


def looks(resource: str, used: float, size: float = 1.0, **fields: object) -> list[Row]:
    """Four a second, all through the measure phase."""
    return [a_gauge(10.0 + i / 4, resource, used, size, **fields) for i in range(400)]


def busy(share: float, requests: Sequence[Request] = (), **tables: object) -> Evidence:
    rows = [a_process(float(at), share * at, **tables) for at in range(10, 111)]
    return evidence(requests, processes=rows)


def test_every_resource_is_told_even_of_a_run_in_which_nothing_was_seen() -> None:
    found = utilisation.of(evidence())

    assert {one.resource for one in found} == ALL
    assert all(isinstance(one.share, Missing) for one in found if one.resource != "generator")


def test_known_shares_come_first_and_the_fullest_of_them_before_the_others() -> None:
    found = utilisation.of(evidence(gauges=[*looks("pool", 1, 2), *looks("lock", 1)]))

    assert [one.resource for one in found[:3]] == ["lock", "database pool", "generator"]


def test_a_process_that_fills_a_core_is_full() -> None:
    found = of(busy(0.97), "worker CPU")

    assert found.share == pytest.approx(0.97)
    assert (found.where, found.pid) == ("process 100", 100)
    assert found.basis == "had 0.97 of a core"


def test_a_process_that_wants_a_core_and_does_not_get_it_is_full_too() -> None:
    rows = [a_process(float(at), 0.3 * at, delay=0.6 * at) for at in range(10, 111)]

    found = of(evidence(processes=rows), "worker CPU")

    assert found.share == pytest.approx(0.9)
    assert found.basis == "had 0.30 of a core, and was ready to run without one for 60 % of the time"


def test_a_process_of_two_cores_is_not_more_than_full() -> None:
    assert of(busy(1.7), "worker CPU").share == 1.0


def test_looks_outside_of_the_measure_phase_do_not_count() -> None:
    found = of(
        evidence(gauges=[*looks("pool", 1, 2), *(a_gauge(1.0 + i / 10, "pool", 2, 2) for i in range(50))]), "database pool"
    )

    assert found.share == pytest.approx(0.5)


def test_what_somebody_waited_for_was_full_for_as_long() -> None:
    waits = [a_wait("lock", "shop.py:7", wall_time=0.9)]
    requests = [a_request(at=10.0 + i, wall_time=0.95, waits=waits) for i in range(100)]

    found = of(evidence(requests, gauges=looks("lock", 0, name="shop.py:7", waiting=3)), "lock")

    assert found.share == pytest.approx(0.9, abs=0.01)
    assert found.basis == "0 of 1 holder in 400 looks, 3 waiting; full 90 % of the time"


def test_waits_that_overlap_are_the_time_of_one() -> None:
    waits = [a_wait("pool_wait", "orders", wall_time=0.5)]
    requests = [a_request(at=10.0 + i, wall_time=0.6, waits=waits) for i in range(100) for _ in range(5)]

    found = of(evidence(requests, gauges=looks("pool", 1, 4, name="orders")), "database pool")

    assert found.share == pytest.approx(0.5, abs=0.01)


def test_requests_and_what_the_server_computes_around_them_fill_a_sync_worker() -> None:
    requests = [a_request(at=10.0 + i, wall_time=0.8, cpu_time=0.1) for i in range(100)]
    found = evidence(
        requests, gauges=looks("slots", 0, name="sync"), processes=[a_process(float(at), 0.2 * at) for at in range(10, 111)]
    )

    slots = of(found, "worker slots")

    assert slots.share == pytest.approx(0.9, abs=0.01)
    assert slots.basis == "0.9 of 1 in use in the mean"


def test_the_slots_of_all_workers_are_one_resource() -> None:
    gauges = [*looks("slots", 4, 4, name="threads"), *looks("slots", 1, 4, name="threads", pid=101, waiting=2)]

    slots = of(evidence(gauges=gauges), "worker slots")

    assert slots.share == pytest.approx(5 / 8)
    assert slots.basis == "5 of 8 in use in the mean, 1 waiting for one"


def test_naps_say_how_busy_the_interpreters_lock_is() -> None:
    found = of(evidence(gauges=looks("gil", 0.2, 0.25)), "GIL")

    assert found.share == pytest.approx(0.8)
    assert found.basis == "busy 80 % of the time, as seen by a thread that naps"


def test_requests_that_hold_the_event_loop_fill_it_whatever_its_timer_saw() -> None:
    requests = [a_request(at=10.0 + i, wall_time=0.9, asynchronous=True, loop_time=0.7) for i in range(100)]

    found = of(evidence(requests, gauges=looks("event_loop", 0.1, 0.25)), "event loop")

    assert found.share == pytest.approx(0.7, abs=0.01)


def test_an_accept_queue_is_as_full_as_it_is_in_the_mean() -> None:
    found = of(evidence(accept_queue=[a_queue(10.0 + i / 4, 25) for i in range(400)]), "accept queue")

    assert found.share == pytest.approx(0.25)
    assert found.basis == "25 of 100 connections wait in the mean, 25 at most; 0 turned away on this machine"


def test_a_queue_that_turned_somebody_away_was_full() -> None:
    rows = [a_queue(10.0 + i / 4, 60, overflows=7 + i) for i in range(400)]

    assert of(evidence(accept_queue=rows), "accept queue").share == 1.0


def test_another_sockets_overflow_is_not_blamed_on_a_queue_that_is_nearly_empty() -> None:
    rows = [a_queue(10.0 + i / 4, 3, overflows=7 + i) for i in range(400)]

    assert of(evidence(accept_queue=rows), "accept queue").share == pytest.approx(0.03)


def test_a_target_without_the_probe_says_why() -> None:
    found = of(evidence(gauges=Missing("perfkit did not start the target")), "lock")

    assert found.share == Missing("perfkit did not start the target")


def test_the_generator_is_a_resource_as_well() -> None:
    assert of(evidence(run=a_run(generator=a_generator(cpu_share=0.6))), "generator").share == 0.6
    assert isinstance(of(evidence(run=a_run(generator=None)), "generator").share, Missing)


def test_a_run_that_measured_nothing_used_nothing() -> None:
    assert utilisation.of(evidence(run=a_run(intervals=()))) == ()
