"""Change of response times at a rate, from service times."""

import numpy as np
import pytest

from perfkit.stats.order import Pairs
from perfkit.stats.queueing import Discipline
from perfkit.stats.resampled_queue import ROUTE, Parts, QueueChange, Served, Traffic, change


def measured(
    effect: float, *, seed: int = 1, noise: float = 0.015, blocks: int = 30, each: int = 40, waiting: float = 0.0
) -> Served:
    """Exponential service times of 10 ms, so much of them waiting; every block's ratio is off by its own noise."""
    random = np.random.default_rng(seed)
    count = blocks * each
    a = random.exponential(0.01, count)
    off = np.repeat(np.exp(random.normal(0, noise, blocks)), each)
    pairs = Pairs(a, a * (1 + effect) * off, random.random(count) < 0.5, np.repeat(np.arange(blocks), each))
    nothing = np.zeros(count)
    return Served(
        pairs,
        (Parts(nothing, (1 - waiting) * pairs.a, waiting * pairs.a), Parts(nothing, (1 - waiting) * pairs.b, waiting * pairs.b)),
    )


def at(
    rate: float,
    discipline: Discipline = Discipline.FIRST_COME,
    *,
    weights: tuple[float, ...] = (1.0,),
    dearer: tuple[float, ...] = (1.0,),
) -> Traffic:
    return Traffic(rate, 1, discipline, weights, dearer=dearer)


def small(endpoints: list[Served], traffic: Traffic, seed: int = 1) -> QueueChange:
    return change(endpoints, traffic, seed=seed, resamples=40, arrivals=20_000)


def test_a_queue_amplifies_a_slowdown_as_the_formula_says() -> None:
    found = small([measured(0.05)], at(60))

    # M/M/1: all quantiles go as S / (1 - rho), with rho of 0.6 and 0.63.
    amplified = np.log(1.05 * (1 - found.utilisation_a) / (1 - found.utilisation_b))
    (median, p95, p99) = found.endpoints[0]
    assert p95.share == 0.95
    assert median.ratio.value == pytest.approx(amplified, rel=0.25)
    assert p95.ratio.value == pytest.approx(amplified, rel=0.25)
    assert p95.ratio.low < amplified < p95.ratio.high
    assert p99.b > p99.a > p95.a


def test_who_waits_lets_others_compute_where_a_process_serves_several() -> None:
    """Nine tenths of 10 ms are waiting: at 300/s three tenths of the processor are in use, and hardly anybody queues."""
    found = small([measured(0.05, waiting=0.9)], at(300, Discipline.SHARING))

    assert found.utilisation_a == pytest.approx(0.3, rel=0.1)
    (median, p95, _) = found.endpoints[0]
    assert p95.a < 1.1 * float(np.quantile(measured(0.0).pairs.a, 0.95))
    assert median.ratio.value == pytest.approx(np.log(1.05), rel=0.25)


def test_who_waits_keeps_the_server_where_it_has_one_request_each() -> None:
    found = small([measured(0.05, waiting=0.9)], at(60))

    assert found.utilisation_a == pytest.approx(0.6, rel=0.1)
    assert found.endpoints[0][1].a == small([measured(0.05)], at(60)).endpoints[0][1].a


def test_whatever_is_dearer_at_the_rate_a_request_takes_as_long_at_least_and_computes_so_much_longer() -> None:
    parts = Parts(np.array([0.002, 0.004]), np.array([0.006, 0.006]), np.array([0.010, 0.0]))
    at_processor = np.array(ROUTE) == 0

    for dearer in (1.0, 1.2):
        stages = parts.stages(np.array([0, 1]), dearer)
        assert stages[:, at_processor].sum(axis=1) == pytest.approx(dearer * np.array([0.008, 0.010]))
        assert stages[:, ~at_processor].sum(axis=1) == pytest.approx([0.010, 0.0])
    # What is not computing after all is waiting: nothing gets lost.
    less = parts.stages(np.array([0, 1]), 0.7)
    assert less.sum(axis=1) == pytest.approx([0.018, 0.010])
    assert less[:, at_processor].sum(axis=1) == pytest.approx(0.7 * np.array([0.008, 0.010]))


def test_who_does_not_wait_computes_in_one_turn_and_who_waits_in_two() -> None:
    stages = Parts(np.zeros(2), np.array([0.006, 0.006]), np.array([0.010, 0.0])).stages(np.array([0, 1]), 1.0)

    assert stages.tolist() == [[0.0, 0.003, 0.010, 0.003, 0.0], [0.0, 0.006, 0.0, 0.0, 0.0]]


def test_computing_that_takes_longer_at_the_rate_fills_the_server_and_its_spread_widens_the_interval() -> None:
    served = [measured(0.05)]

    plain, longer, unsure = (small(served, at(60, dearer=dearer)) for dearer in ((1.0,), (1.2, 1.2), (1.0, 1.44)))

    assert longer.utilisation_a == pytest.approx(1.2 * plain.utilisation_a)
    assert unsure.utilisation_a == pytest.approx(1.2 * plain.utilisation_a)
    assert longer.endpoints[0][1].a > 1.3 * plain.endpoints[0][1].a
    assert unsure.endpoints[0][1].ratio.half_width > longer.endpoints[0][1].ratio.half_width


def test_no_change_has_an_interval_about_zero() -> None:
    found = small([measured(0.0)], at(60, Discipline.SHARING))

    assert all(not one.ratio.excludes(0.0) for one in found.endpoints[0])


def test_what_saturates_at_the_rate_has_no_response_time() -> None:
    found = small([measured(0.2)], at(85))

    assert found.is_saturated
    assert found.endpoints == ()
    assert found.utilisation_b > 0.98 > found.utilisation_a


def test_an_endpoint_that_did_not_change_waits_for_one_that_did() -> None:
    slower, same = measured(0.15, seed=2), measured(0.0, seed=3)

    found = small([slower, same], at(65, weights=(3.0, 1.0)))

    assert found.endpoints[1][1].ratio.low > 0
    assert found.endpoints[1][1].ratio.value < found.endpoints[0][1].ratio.value + 0.05


def test_the_estimate_lies_within_its_interval_however_few_the_resamples() -> None:
    pairs = measured(0.05, blocks=6)

    for seed in range(6):
        for one in change([pairs], at(50), seed=seed, resamples=3, arrivals=2_000).endpoints[0]:
            assert one.ratio.low <= one.ratio.value <= one.ratio.high


def test_the_same_seed_gives_the_same_answer() -> None:
    pairs = measured(0.05, blocks=6)

    assert change([pairs], at(50), seed=4, resamples=3, arrivals=2_000) == change(
        [pairs], at(50), seed=4, resamples=3, arrivals=2_000
    )
    assert change([pairs], at(50), seed=4, resamples=3, arrivals=2_000) != change(
        [pairs], at(50), seed=5, resamples=3, arrivals=2_000
    )
