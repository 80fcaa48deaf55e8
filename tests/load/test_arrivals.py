"""Schedules without a clock: spacing, ramps, seeds."""

from itertools import pairwise
from random import Random

import pytest

from perfkit.load.arrivals import expected_starts, offsets, population


def even(start: float, end: float, duration: float) -> list[float]:
    return list(offsets(start, end, duration, "even", Random(0)))


def poisson(start: float, end: float, duration: float, seed: str = "seed") -> list[float]:
    return list(offsets(start, end, duration, "poisson", Random(seed)))


def test_even_arrivals_are_exactly_as_far_apart_as_the_rate_says() -> None:
    arrivals = even(10, 10, 1)

    assert arrivals == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@pytest.mark.parametrize("rate", [0.3, 3, 7, 30, 333.3, 1000])
def test_the_last_instant_of_a_segment_belongs_to_the_next_one(rate: float) -> None:
    arrivals = even(rate, rate, 10)

    assert len(arrivals) == int(rate * 10)
    assert arrivals[-1] < 10


@pytest.mark.parametrize(("start", "end"), [(0, 100), (100, 0), (5, 40), (40, 5), (50, 50.0001)])
def test_a_ramp_starts_as_many_flows_as_its_area_says(start: float, end: float) -> None:
    arrivals = even(start, end, 20)

    assert len(arrivals) == pytest.approx(expected_starts(start, end, 20), abs=1)
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= 0
    assert arrivals[-1] < 20


def test_a_ramp_is_sparse_where_its_rate_is_low() -> None:
    arrivals = even(0, 100, 10)

    first_half = [arrival for arrival in arrivals if arrival < 5]

    assert len(first_half) == pytest.approx(len(arrivals) / 4, abs=1)


def test_poisson_arrivals_come_at_the_rate_in_the_mean_and_vary_as_poisson_does() -> None:
    arrivals = poisson(200, 200, 100)

    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)

    # 20,000 arrivals: one standard deviation is 141.
    assert len(arrivals) == pytest.approx(20_000, abs=600)
    assert variance**0.5 == pytest.approx(mean, rel=0.05)


def test_a_poisson_ramp_has_the_area_of_its_line() -> None:
    arrivals = poisson(10, 190, 100)

    assert len(arrivals) == pytest.approx(10_000, abs=400)
    assert len([arrival for arrival in arrivals if arrival < 50]) == pytest.approx(2_750, abs=250)


def test_the_same_seed_gives_the_same_arrivals_and_another_one_others() -> None:
    assert poisson(20, 20, 10, "a") == poisson(20, 20, 10, "a")
    assert poisson(20, 20, 10, "a") != poisson(20, 20, 10, "b")


def test_a_ramp_of_users_passes_every_number_and_ends_at_its_last() -> None:
    assert list(population(0, 4, 8)) == [(0, 0), (2, 1), (4, 2), (6, 3), (8, 4)]
    assert list(population(3, 1, 4)) == [(0, 3), (2, 2), (4, 1)]


def test_constant_users_are_there_at_once() -> None:
    assert list(population(50, 50, 30)) == [(0, 50)]
