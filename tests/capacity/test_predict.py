"""Predictions of targets whose truth is known, by queues of the same kind that were simulated for long."""

import numpy as np
import pytest

from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Crowd, Demands
from perfkit.capacity.limits import Limit
from perfkit.capacity.predict import predict
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from perfkit.stats.stations import Station, response_times
from tests.capacity.searches import demands

LIMIT = Limit("all", "p95 < 200ms", 0.2, 0.05)
STEP = (2.0, 20.0)


def observed(taken: Demands, workers: int, crowd: Crowd | Missing) -> Observed:
    return Observed(taken, Usage(None, None, None, 8), 20.0, workers, crowd, Missing("it was not calibrated"))


def truth(times: np.ndarray[tuple[int, int], np.dtype[np.float64]], stations: tuple[Station, ...], places: int = 0) -> float:
    """The highest rate at which one in twenty takes longer than 200 ms, of all that ever was measured."""
    low, high = 1.0, 400.0
    for _ in range(9):
        rate = (low + high) / 2
        random = np.random.default_rng(11)
        arrivals = np.cumsum(random.exponential(1 / rate, 30_000))
        took = response_times(arrivals, times[random.integers(0, len(times), 30_000)], stations, places)[3000:]
        low, high = (low, rate) if (took > 0.2).mean() > 0.05 else (rate, high)
    return low


def test_workers_on_their_processors_are_a_queue_of_so_many_servers() -> None:
    everything = demands(20_000, seed=5)

    found = predict(observed(demands(), 2, Missing("it was not tried")), (LIMIT,), (None,), STEP, 0)

    expected = truth(everything.cpu[:, None], (Station(2),))
    assert found.model.limit == pytest.approx(expected, rel=0.1)
    assert found.limit.low < expected < found.limit.high or found.limit.value == pytest.approx(expected, rel=0.05)


def test_workers_that_wait_are_held_while_they_do() -> None:
    def waiting(count: int, seed: int) -> Demands:
        wall = demands(count, mean=0.05, seed=seed).wall
        return demands(count, mean=0.05, seed=seed, cpu=0.02 * wall)

    found = predict(observed(waiting(2000, 1), 4, Crowd(64, 79.0, 4, 400)), (LIMIT,), (None,), STEP, 0)

    expected = truth(waiting(20_000, 5).wall[:, None], (Station(4),))
    assert found.model.limit == pytest.approx(expected, rel=0.1)


def test_what_requests_share_and_nobody_knows_is_queued_for_too() -> None:
    """A pool of three connections, each held for 40 of 50 ms."""
    wall = demands(mean=0.05).wall
    taken = demands(mean=0.05, cpu=0.02 * wall)

    found = predict(observed(taken, 16, Crowd(64, 75.0, 0, 400)), (LIMIT,), (None,), STEP, 0)

    held = demands(20_000, mean=0.05, seed=5).wall
    expected = truth(np.stack([0.8 * held, 0.2 * held], axis=1), (Station(3), Station(0)))
    assert found.model.limit == pytest.approx(expected, rel=0.12)


def test_an_objective_that_even_one_request_alone_misses_has_no_rate() -> None:
    found = predict(observed(demands(mean=0.5), 2, Missing("it was not tried")), (LIMIT,), (None,), STEP, 0)

    assert found.limit.value == 0.0


def test_the_same_seed_predicts_the_same() -> None:
    given = observed(demands(300), 2, Missing("it was not tried"))

    first, second = (predict(given, (LIMIT,), (None,), STEP, 3).limit for _ in range(2))

    assert first == second


def test_fewer_requests_cost_precision() -> None:
    found = predict(observed(demands(2000), 2, Missing("it was not tried")), (LIMIT,), (None,), STEP, 0)

    assert found.cost_of(500) == pytest.approx(2 * found.cost_of(2000))
