"""Steps whose arrivals are known, against a target whose limit is known by a long simulation."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Demands
from perfkit.capacity.limits import Limit
from perfkit.capacity.network import PLAYED, Network
from perfkit.capacity.predict import Prediction, predict
from perfkit.capacity.step import BLOCK, Arrived, Usage
from perfkit.evidence import Missing
from perfkit.measures.frames import Numbers
from perfkit.stats.load_factor import Watched, limit
from perfkit.stats.stations import Station, response_times
from tests.capacity.searches import demands

LIMIT = Limit("all", "p95 < 200ms", 0.2, 0.05)
SETTLING, LASTING, BLOCKS = 2.0, 30.0, 15
MEAN = 0.024
SEEDS = range(8)


def alike(count: int, seed: int) -> Demands:
    """Requests that all take the same: what a step misses is its arrivals' doing alone."""
    return replace(demands(count, seed=seed), cpu=np.full(count, MEAN))


def unlike(count: int, seed: int) -> Demands:
    return demands(count, mean=MEAN, seed=seed)


def known(taken: Demands) -> Prediction:
    """Of two workers."""
    usage = Usage(None, None, None, 8)
    return predict(Observed(taken, usage, 20.0, 2, Missing("it was not calibrated")), (LIMIT,), (None,), (SETTLING, LASTING), 0)


def played(rate: float, taken: Demands, seed: int) -> tuple[Watched, Arrived]:
    """A step of the target."""
    random = np.random.default_rng(seed)
    at = np.cumsum(random.exponential(1 / rate, int(2 * rate * (SETTLING + LASTING))))
    at = at[at < SETTLING + LASTING]
    took = response_times(at, taken.cpu[random.integers(0, len(taken), len(at)), None], (Station(2),))
    block = np.where(at < SETTLING, -1, ((at - SETTLING) / BLOCK).astype(np.int64))
    judged = block >= 0
    requests = np.bincount(block[judged], minlength=BLOCKS)[:, None].astype(np.float64)
    late = np.bincount(block[judged & (took >= LIMIT.bound)], minlength=BLOCKS)[:, None].astype(np.float64)
    arrived = Arrived(at - at[0], ("GET /orders",), np.zeros(len(at), dtype=np.int64), block)
    return Watched(float(judged.sum()) / LASTING, requests, late), arrived


@lru_cache
def truth(slower: float) -> float:
    """Of unlike requests, by bisection over long runs."""
    times, low, high = slower * unlike(20_000, 5).cpu[:, None], 30.0, 120.0
    for _ in range(9):
        rate = (low + high) / 2
        random = np.random.default_rng(11)
        at = np.cumsum(random.exponential(1 / rate, 60_000))
        took = response_times(at, times[random.integers(0, len(times), len(at))], (Station(2),))[3000:]
        low, high = (low, rate) if (took >= LIMIT.bound).mean() > LIMIT.allowed else (rate, high)
    return low


def searched(prediction: Prediction, taken: Demands, true: float, seed: int) -> tuple[float, float]:
    """By how much four steps around the truth are off: by their rates alone, and with their arrivals."""
    steps = [played(true * share, taken, 100 * seed + place) for place, share in enumerate((0.9, 1.0, 0.95, 1.05))]
    plain = [watched for watched, _ in steps]
    own = [replace(watched, expected=prediction.network.expected(arrived, BLOCKS, 0)) for watched, arrived in steps]
    off = [limit(prediction.model, one).value / true - 1 for one in (plain, own)]
    return off[0], off[1]


def test_where_arrivals_are_all_that_varies_the_limit_is_known_exactly() -> None:
    taken = alike(200, 1)
    prediction = known(taken)

    off = np.array([searched(prediction, taken, prediction.model.limit, seed) for seed in SEEDS])

    assert abs(off[:, 1]).max() < 0.01
    assert abs(off[:, 0]).max() > 0.02


@pytest.mark.parametrize("slower", [1.0, 1.1])
def test_limits_are_neither_too_high_nor_too_low_also_of_a_target_that_feels_more_load(slower: float) -> None:
    prediction, taken = known(unlike(2000, 3)), unlike(20_000, 5)
    taken = replace(taken, cpu=slower * taken.cpu)

    off = np.array([searched(prediction, taken, truth(slower), seed) for seed in SEEDS])

    assert abs(off.mean(axis=0)).max() < 0.02
    assert abs(off).max() < 0.06


def test_more_load_misses_more_and_no_load_misses_nothing() -> None:
    queued: Network = known(unlike(2000, 3)).network
    _, arrived = played(80.0, unlike(2000, 3), 1)

    expected = queued.expected(arrived, BLOCKS, 0)
    spread = queued.expected(replace(arrived, at=100 * arrived.at), BLOCKS, 0)

    assert expected is not None
    assert spread is not None
    by_factor: Numbers = expected.missed.sum(axis=(1, 2))
    assert (np.diff(by_factor) >= 0).all()
    assert by_factor[-1] > by_factor[0] > 0
    assert spread.missed.sum() == 0


def test_requests_are_queued_as_what_their_endpoint_takes() -> None:
    """Of two endpoints one takes longer than its limit; a name that nobody saw at low load counts as any."""
    both = replace(
        demands(400),
        endpoints=("GET /fast", "GET /slow"),
        endpoint=np.repeat([0, 1], 200),
        cpu=np.repeat([0.001, 0.3], 200),
        outside=np.zeros(2),
    )
    queued = known(both).network
    at = np.linspace(0.0, 30.0, 60)
    names = ("GET /fast", "GET /new", "GET /slow")
    arrived = Arrived(at, names, np.repeat([0, 2, 1], 20), np.repeat([0, 1, 2], 20))

    expected = queued.expected(arrived, 3, 0)

    assert expected is not None
    fast, slow, new = expected.missed[4, :, 0]
    assert (fast, slow) == (0, 20)
    assert new == pytest.approx(10, rel=0.1)


def test_of_very_many_arrivals_the_luck_evens_out() -> None:
    count = PLAYED + 1
    arrived = Arrived(np.arange(count) / 1000, ("GET /orders",), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64))

    assert known(unlike(200, 3)).network.expected(arrived, BLOCKS, 0) is None
