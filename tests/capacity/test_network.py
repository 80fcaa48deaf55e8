"""Steps whose arrivals are known, against a target whose limit is known by a long simulation."""

from dataclasses import replace

import numpy as np
import pytest

from bench.capacity.simulated import BLOCKS, CASES, Case, known, played, searched, truth, unlike
from perfkit.capacity.network import PLAYED, Network
from perfkit.capacity.step import Arrived
from perfkit.measures.frames import Numbers
from tests.capacity.searches import demands

SEEDS = range(8)


def off(case: Case) -> Numbers:
    """Eight searches: a row each, by the rates of its steps and by their arrivals."""
    prediction, target, true = case.prediction(), case.target(), truth(case)
    found = [searched(prediction, target, true, seed) for seed in SEEDS]
    return np.array([(each.by_rates.value, each.by_arrivals.value) for each in found]) / true - 1


def test_where_arrivals_are_all_that_varies_the_limit_is_known_exactly() -> None:
    by_rates, by_arrivals = off(CASES[0]).T

    assert abs(by_arrivals).max() < 0.01
    assert abs(by_rates).max() > 0.02


@pytest.mark.parametrize("case", CASES[1:3], ids=("as predicted", "a tenth slower"))
def test_limits_are_neither_too_high_nor_too_low_also_of_a_target_that_feels_more_load(case: Case) -> None:
    found = off(case)

    assert abs(found.mean(axis=0)).max() < 0.02
    assert abs(found).max() < 0.06


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
