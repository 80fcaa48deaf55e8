"""The search against queues whose truth is known: long simulations say where the limit is."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest

from perfkit.stats.limit_search import Search, Tried
from perfkit.stats.load_factor import Model, Watched
from perfkit.stats.miss_curve import curves
from perfkit.stats.quantiles import Numbers
from perfkit.stats.stations import Station, response_times

SERVERS, LIMIT, ALLOWED = 2, 0.15, 0.05
LASTING, SETTLING, BLOCK = 32.0, 2.0, 2.0


def services(count: int, seed: int) -> Numbers:
    random = np.random.default_rng(seed)
    found = random.lognormal(np.log(0.02) - 0.125, 0.5, count)
    found[random.random(count) < 0.02] *= 4
    return found


def played(rate: float, count: int, sample: Numbers, slower: float, seed: int) -> tuple[Numbers, Numbers]:
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(1 / rate, count))
    drawn = sample[random.integers(0, len(sample), count)] * slower
    return arrivals, response_times(arrivals, drawn[:, None], [Station(SERVERS)])


@lru_cache
def truth(slower: float) -> float:
    """By bisection over long runs."""
    sample, low, high = services(100_000, 1), 30.0, 110.0
    for _ in range(9):
        rate = (low + high) / 2
        took = played(rate, 60_000, sample, slower, 2)[1][6000:]
        low, high = (low, rate) if (took > LIMIT).mean() > ALLOWED else (rate, high)
    return low


@lru_cache
def a_model(seed: int) -> Model:
    """What capacity/predict.py makes of a low-load run, of one station."""
    sample = services(2000, seed)
    saturation = SERVERS / float(sample.mean())

    def steady(rate: float, luck: int) -> Sequence[float]:
        return [float((played(rate, 40_000, sample, 1.0, luck)[1][4000:] > LIMIT).mean())]

    def of_step(rate: float, luck: int) -> Sequence[float]:
        arrivals, took = zip(*(played(rate, round(rate * LASTING), sample, 1.0, luck + run) for run in range(6)), strict=True)
        judged = np.concatenate([one > SETTLING for one in arrivals])
        return [float((np.concatenate(took)[judged] > LIMIT).mean())]

    (long,), short = curves(steady, saturation, 40_000), curves(of_step, saturation, 10_000)
    return Model(short, (long.rate_for(ALLOWED),))


def a_step(rate: float, slower: float, seed: int) -> Tried:
    arrivals, took = played(rate, round(rate * LASTING), services(20_000, 99), slower, seed)
    judged = arrivals > SETTLING
    block = ((arrivals[judged] - SETTLING) / BLOCK).astype(np.int64).clip(0, 14)
    requests = np.bincount(block, minlength=15).astype(np.float64)
    missed = np.bincount(block, weights=(took[judged] > LIMIT).astype(np.float64), minlength=15).astype(np.float64)
    unfinished = int((arrivals + took > arrivals[-1]).sum())
    counts = Watched(rate, requests[:, None], missed[:, None])
    return Tried(rate, rate * (1 - unfinished / len(arrivals)), counts, saturated=unfinished > 0.1 * len(arrivals))


def a_search(model: Model, highest: float = 10_000.0) -> Search:
    return Search(model, (ALLOWED,), predicted=True, highest=highest, lowest=0.1)


def searched(slower: float, seed: int, most: int = 8) -> tuple[Search, list[Tried]]:
    search, tried = a_search(a_model(seed)), list[Tried]()
    while len(tried) < most and not search.is_done(tried):
        tried.append(a_step(search.next_rate(tried), slower, 1000 * seed + len(tried)))
    return search, tried


def test_a_model_of_two_thousand_requests_predicts_within_ten_percent() -> None:
    predicted = [a_model(seed).limit for seed in (1, 2, 3)]

    assert predicted == pytest.approx([truth(1.0)] * 3, rel=0.1)


@pytest.mark.parametrize("slower", [1.0, 1.15, 0.85])
def test_the_limit_is_found_although_the_target_is_not_as_the_model_thinks(slower: float) -> None:
    errors = []
    for seed in (1, 2, 3):
        search, tried = searched(slower, seed)
        errors.append(search.estimate(tried).value / truth(slower) - 1)

    assert abs(float(np.mean(errors))) < 0.06
    assert max(map(abs, errors)) < 0.12


def test_a_step_that_the_target_cannot_keep_up_with_leads_below_it() -> None:
    search = a_search(a_model(1))

    after = search.next_rate([Tried(120.0, 95.0, None, saturated=True)])

    assert after == pytest.approx(0.9 * 95)


def test_the_estimate_never_exceeds_what_the_target_could_not_keep_up_with() -> None:
    search = a_search(a_model(1))
    held = a_step(40.0, 1.0, 5)

    found = search.estimate([held, Tried(50.0, 45.0, None, saturated=True)])

    assert found.high <= 50.0


def test_while_nothing_misses_the_search_climbs_by_a_quarter() -> None:
    search = a_search(a_model(1))
    silent = Tried(100.0, 100.0, Watched(100.0, np.full((15, 1), 200.0), np.zeros((15, 1))))

    assert search.next_rate([silent]) == pytest.approx(125.0)


def test_a_limit_that_no_step_has_met_is_open_above() -> None:
    search = a_search(a_model(1))
    held = a_step(40.0, 1.0, 5)

    found = search.estimate([held])

    assert found.low == pytest.approx(40.0)
    assert found.value >= 40.0
    assert found.high == float("inf")


def test_a_failure_below_what_was_held_bounds_the_limit_all_the_same() -> None:
    search = a_search(a_model(1))
    failed = Tried(30.0, 30.0, None, failed=True)

    found = search.estimate([a_step(40.0, 1.0, 5), failed])

    assert found.low <= found.value <= found.high <= 30.0


def test_no_rate_is_tried_that_the_generator_cannot_make() -> None:
    search = a_search(a_model(1), highest=50.0)

    assert search.next_rate([]) == 50.0


def test_a_search_whose_highest_rate_is_held_is_done() -> None:
    search = a_search(a_model(1), highest=50.0)
    silent = Tried(50.0, 50.0, Watched(50.0, np.full((15, 1), 100.0), np.zeros((15, 1))))

    assert search.is_done([silent])


def test_a_rate_at_which_requests_fail_is_too_high_whatever_the_queue_says() -> None:
    search = a_search(a_model(1))
    watched = Watched(60.0, np.full((15, 1), 120.0), np.zeros((15, 1)))

    failed = Tried(60.0, 60.0, None, failed=True)

    assert search.next_rate([failed]) < 60.0
    assert search.estimate([Tried(50.0, 50.0, watched), failed]).value <= 60.0
