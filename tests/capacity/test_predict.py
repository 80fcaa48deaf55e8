"""Predictions of targets whose truth is known, by queues of the same kind that were simulated for long."""

import dataclasses

import numpy as np
import pytest

from perfkit.capacity import predict as predict_
from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Demands
from perfkit.capacity.limits import Limit
from perfkit.capacity.predict import predict
from perfkit.capacity.shared import Slots
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from perfkit.stats.stations import Station, response_times
from tests.capacity.searches import demands, shared

LIMIT = Limit("all", "p95 < 200ms", 0.2, 0.05)
STEP = (2.0, 20.0)


def observed(taken: Demands, workers: int) -> Observed:
    return Observed(taken, Usage(None, None, None, 8), 20.0, workers, Missing("it was not calibrated"))


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

    found = predict(observed(demands(), 2), (LIMIT,), (None,), STEP, 0)

    expected = truth(everything.cpu[:, None], (Station(2),))
    assert found.model.limit == pytest.approx(expected, rel=0.1)
    assert found.limit.low < expected < found.limit.high or found.limit.value == pytest.approx(expected, rel=0.05)


def test_workers_that_wait_are_held_while_they_do() -> None:
    def waiting(count: int, seed: int) -> Demands:
        slots = Slots("worker slots", 4, "gunicorn sync workers")
        return demands(count, mean=0.05, seed=seed, computing=0.02, slots=slots)

    found = predict(observed(waiting(2000, 1), 4), (LIMIT,), (None,), STEP, 0)

    expected = truth(waiting(20_000, 5).wall[:, None], (Station(4),))
    assert found.model.limit == pytest.approx(expected, rel=0.1)


@pytest.fixture
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulations that are good enough for a limit within a tenth, and hardly any resamples, which only its interval needs."""
    monkeypatch.setattr(predict_, "STEADY", 15_000)
    monkeypatch.setattr(predict_, "STEPS", 10_000)
    monkeypatch.setattr(predict_, "RESAMPLES", 2)


@pytest.mark.usefixtures("shorter")
def test_a_pool_of_connections_is_queued_for() -> None:
    """Of three connections, each held for 40 of 50 ms."""
    taken = demands(mean=0.05, computing=0.02)
    pool = shared(0.8 * taken.wall, 3, resource="database pool", where="orders")
    taken = dataclasses.replace(taken, shared=(pool,), rest=taken.rest - pool.times)

    found = predict(observed(taken, 16), (LIMIT,), (None,), STEP, 0)

    held = demands(20_000, mean=0.05, seed=5).wall
    expected = truth(np.stack([0.8 * held, 0.2 * held], axis=1), (Station(3), Station(0)))
    assert found.model.limit == pytest.approx(expected, rel=0.1)


@pytest.mark.usefixtures("shorter")
def test_a_slot_is_held_by_who_waits_for_a_lock() -> None:
    """Both would do 100/s: eight slots for requests of 80 ms, 10 of them with the lock."""
    taken = demands(mean=0.08, computing=0.02, slots=Slots("worker slots", 8, "gunicorn threads"))
    lock = shared(np.full(len(taken), 0.01))
    taken = dataclasses.replace(taken, shared=(lock,), rest=np.maximum(taken.rest - lock.times, 0.0))

    found = predict(observed(taken, 1), (LIMIT,), (None,), STEP, 0)

    wall = demands(20_000, mean=0.08, seed=5).wall
    times = np.stack([np.full(len(wall), 0.01), np.maximum(wall - 0.01, 0.0)], axis=1)
    assert found.model.limit == pytest.approx(truth(times, (Station(1), Station(0)), places=8), rel=0.1)


def test_an_objective_that_even_one_request_alone_misses_has_no_rate() -> None:
    found = predict(observed(demands(mean=0.5), 2), (LIMIT,), (None,), STEP, 0)

    assert found.limit.value == 0.0


def test_the_same_seed_predicts_the_same() -> None:
    given = observed(demands(300), 2)

    first, second = (predict(given, (LIMIT,), (None,), STEP, 3).limit for _ in range(2))

    assert first == second


def test_fewer_requests_cost_precision() -> None:
    found = predict(observed(demands(2000), 2), (LIMIT,), (None,), STEP, 0)

    assert found.cost_of(500) == pytest.approx(2 * found.cost_of(2000))
