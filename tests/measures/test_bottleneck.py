"""Which resource is named: the deepest that is full, two that are full together, and none where nothing is."""

import polars as pl
import pytest

from perfkit.evidence import Missing, Placement
from perfkit.measures import bottleneck
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.utilisation import Resource, Utilisation
from tests.builders import a_gauge, a_request, a_run, a_wait, measures


def used(**shares: float) -> list[Utilisation]:
    """worker_CPU=0.9 is the resource `worker CPU`."""
    names: dict[str, Resource] = {
        "cpu": "worker CPU", "gil": "GIL", "slots": "worker slots", "threads": "thread pool", "loop": "event loop",
        "pool": "database pool", "database": "database", "lock": "lock", "outbound": "outbound dependency",
        "accept": "accept queue", "generator": "generator",
    }  # fmt: skip
    return [Utilisation(names[short], "", share, "measured") for short, share in shares.items()]


def named(parts: dict[str, float] | None = None, cores: int = 2, **shares: float) -> Bottlenecks:
    return bottleneck.name(used(**shares), parts or {}, cores)


def test_slots_that_are_full_of_sleep_are_the_bottleneck() -> None:
    found = named({"other": 0.98, "cpu": 0.02}, slots=0.97, cpu=0.05)

    assert found.resources == ("worker slots",)
    assert found.is_full
    assert found.besides == ()


@pytest.mark.parametrize(
    ("deeper", "resource", "part"),
    [
        ("lock", "lock", "lock"),
        ("pool", "database pool", "pool_wait"),
        ("outbound", "outbound dependency", "outbound"),
        ("database", "database", "database"),
        ("cpu", "worker CPU", "cpu"),
    ],
)
def test_slots_that_wait_for_something_deeper_are_not(deeper: str, resource: str, part: str) -> None:
    found = bottleneck.name(used(**{"slots": 1.0, deeper: 0.96}), {part: 0.9, "other": 0.05}, 2)

    assert found.resources == (resource,)
    assert len(found.besides) == 1
    assert found.besides[0].startswith("worker slots (100 %): ")


def test_slots_are_named_beside_a_full_lock_in_which_little_time_is_spent() -> None:
    found = named({"other": 0.0, "lock": 0.1, "outbound": 0.8}, slots=1.0, lock=0.95)

    assert found.resources == ("worker slots", "lock")


def test_two_that_are_full_together_are_both_named_the_fuller_first() -> None:
    found = named({"lock": 0.5, "pool_wait": 0.4}, slots=1.0, pool=0.95, lock=0.99)

    assert found.resources == ("lock", "database pool")


def test_one_that_has_room_left_is_not_named_beside_a_full_one() -> None:
    assert named({"lock": 0.9}, lock=1.0, pool=0.89).resources == ("lock",)


def test_below_the_limit_the_first_to_be_full_is_named_and_not_called_full() -> None:
    found = named(pool=0.7, lock=0.65, cpu=0.4)

    assert found.resources == ("database pool", "lock")
    assert not found.is_full


def test_where_nothing_is_used_much_nothing_is_named() -> None:
    assert named(slots=0.3, cpu=0.4) == Bottlenecks((), is_full=False)


def test_a_generator_at_its_limit_is_the_only_one_that_was_measured() -> None:
    found = named(generator=0.99, cpu=1.0, lock=1.0)

    assert found.resources == ("generator",)
    assert found.is_generator


def test_threads_that_compute_share_the_interpreters_lock() -> None:
    found = named({"cpu": 0.1, "other": 0.9}, gil=0.97, cpu=0.99, slots=1.0)

    assert found.resources == ("GIL",)


def test_the_interpreters_lock_is_full_before_naps_say_so() -> None:
    assert named({"lock": 0.5, "other": 0.5}, gil=0.83, cpu=0.99, slots=1.0, lock=1.0).resources == ("lock", "GIL")
    assert named({"lock": 0.5, "other": 0.5}, gil=0.75, cpu=0.99, slots=1.0, lock=1.0).resources == ("lock", "worker CPU")


def test_with_one_core_more_of_the_interpreters_lock_would_not_help() -> None:
    assert named({"cpu": 0.1, "other": 0.9}, cores=1, gil=0.97, cpu=0.99, slots=1.0).resources == ("worker CPU",)


def test_a_loop_that_computes_is_named_and_not_its_core() -> None:
    assert named({"cpu": 1.0}, loop=0.99, cpu=0.98).resources == ("event loop",)


def test_a_loop_that_waits_for_threads_with_the_lock_is_not_named() -> None:
    assert named({"cpu": 0.9}, loop=0.99, cpu=0.98, gil=0.98, threads=0.9).resources == ("GIL",)


def test_a_blocked_loop_and_a_full_pool_are_both_named() -> None:
    assert named({"cpu": 0.5, "pool_wait": 0.5}, loop=1.0, cpu=0.9, pool=0.97).resources == ("event loop", "database pool")


def test_connections_that_wait_for_slots_are_not_the_reason() -> None:
    assert named({"other": 0.9}, accept=1.0, slots=0.95).resources == ("worker slots",)


def test_a_queue_that_is_too_short_for_its_bursts_is_named() -> None:
    assert named({"other": 0.9}, accept=1.0, slots=0.3).resources == ("accept queue",)


def test_an_unknown_share_is_never_named() -> None:
    unknown = Utilisation("database", "", Missing("nobody knows"), "statements")

    assert bottleneck.name([unknown, *used(lock=0.95)], {}, 2).resources == ("lock",)


def test_of_three_full_workers_one_is_named() -> None:
    workers = [Utilisation("worker CPU", f"process {pid}", share, "") for pid, share in ((1, 0.93), (2, 0.98), (3, 0.95))]

    found = bottleneck.name(workers, {}, 4)

    assert [one.where for one in found.named] == ["process 2"]


def test_endpoints_count_by_all_of_their_time() -> None:
    breakdown = pl.DataFrame(
        {
            "endpoint": ["often", "rare"],
            "server_time": [0.01, 0.1],
            **{part: [0.0, 0.0] for part in ("cpu", "database", "pool_wait", "connect", "outbound", "other")},
            "lock": [0.01, 0.0],
        }
    ).with_columns(outbound=pl.Series([0.0, 0.1]))
    endpoints = pl.DataFrame({"endpoint": ["often", "rare"], "server_total": [3.0, 1.0]})

    found = bottleneck.parts(breakdown, endpoints)

    assert found["lock"] == pytest.approx(0.75)
    assert found["outbound"] == pytest.approx(0.25)


def test_without_requests_no_part_is_known() -> None:
    empty = measures()

    assert bottleneck.parts(empty.breakdown, empty.endpoints) == {}


def test_the_targets_own_cores_count_and_else_the_machines() -> None:
    assert bottleneck.cores(a_run(placement={"target": Placement((3,))})) == 1
    assert bottleneck.cores(a_run(placement={"target": Placement(Missing("attached"))})) == 2
    assert bottleneck.cores(a_run()) == 2


def test_a_run_names_its_bottleneck() -> None:
    waits = [a_wait("lock", "shop.py:7", wall_time=0.9)]
    requests = [a_request(at=10.0 + i, wall_time=0.95, waits=waits) for i in range(100)]
    gauges = [a_gauge(10.0 + i / 4, "lock", 1, name="shop.py:7") for i in range(400)]

    found = measures(requests, gauges=gauges).limits.bottlenecks

    assert found.resources == ("lock",)
