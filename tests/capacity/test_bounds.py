import dataclasses

import numpy as np
import pytest

from perfkit.capacity.bounds import Observed, bounds
from perfkit.capacity.shared import Slots
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from tests.builders import a_floor
from tests.capacity.searches import demands, shared


def observed(**fields: object) -> Observed:
    given = {
        "demands": demands(mean=0.02),
        "usage": Usage(0.6, 0.03, 0.7, 2),
        "rate": 30.0,
        "workers": 2,
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


def test_slots_bind_before_processors_that_wait() -> None:
    waiting = demands(mean=0.1, computing=0.01, slots=Slots("worker slots", 4, "gunicorn threads, in one process"))

    (first, *_) = bounds(observed(demands=waiting, usage=Usage(0.01, 0.01, 0.1, 2)))

    assert (first.resource, first.servers) == ("worker slots", 4)
    assert first.rate == pytest.approx(40, rel=0.05)


def test_what_is_shared_binds_by_how_many_there_are_of_it() -> None:
    waiting = demands(mean=0.1, computing=0.01)
    pool = shared(0.04 * np.ones(len(waiting)), 2, resource="database pool", where="orders")

    (first, *_) = bounds(observed(demands=dataclasses.replace(waiting, shared=(pool,))))

    assert (first.resource, first.servers) == ("database pool of orders", 2)
    assert first.rate == pytest.approx(50)


def test_the_generator_is_a_resource_too() -> None:
    (*_, last) = bounds(observed(floor=a_floor(cpu_per_request=2e-5)))

    assert last.resource == "generator"
    assert last.rate == pytest.approx(40_000)
