"""Two disciplines against the formulas of textbooks."""

import math

import numpy as np
import pytest

from perfkit.stats.quantiles import Numbers
from perfkit.stats.queueing import Discipline, response_times

COUNT = 150_000


def arrivals(rate: float) -> Numbers:
    return np.cumsum(np.random.default_rng(1).exponential(1 / rate, COUNT))


def exponential() -> Numbers:
    return np.random.default_rng(2).exponential(1.0, COUNT)


def test_one_server_with_exponential_services_has_exponential_response_times() -> None:
    times = response_times(arrivals(0.6), exponential(), 1, Discipline.FIRST_COME)

    # M/M/1: rate 1 - 0.6.
    assert times.mean() == pytest.approx(1 / 0.4, rel=0.06)
    assert np.quantile(times, 0.95) == pytest.approx(-math.log(0.05) / 0.4, rel=0.08)


def test_one_server_with_equal_services_waits_half_as_long() -> None:
    times = response_times(arrivals(0.6), np.ones(COUNT), 1, Discipline.FIRST_COME)

    # Pollaczek and Khinchine: rho / (2 (1 - rho)).
    assert times.mean() - 1 == pytest.approx(0.6 / 0.8, rel=0.06)


def test_several_servers_wait_as_erlang_says() -> None:
    servers, offered = 4, 3.0
    times = response_times(arrivals(offered), exponential(), servers, Discipline.FIRST_COME)

    below = sum(offered**k / math.factorial(k) for k in range(servers))
    full = offered**servers / math.factorial(servers) / (1 - offered / servers)
    waiting = full / (below + full) / (servers - offered)
    assert times.mean() - 1 == pytest.approx(waiting, rel=0.12)


def test_sharing_depends_on_the_mean_of_the_services_only() -> None:
    for services in (exponential(), np.ones(COUNT)):
        times = response_times(arrivals(0.6), services, 1, Discipline.SHARING)

        # M/G/1 processor sharing: S / (1 - rho).
        assert times.mean() == pytest.approx(1 / 0.4, rel=0.06)


def test_alone_in_the_system_a_request_takes_what_it_takes() -> None:
    at, services = np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0])

    for discipline in Discipline:
        assert response_times(at, services, 2, discipline).tolist() == [1.0, 2.0, 3.0]


def test_two_at_once_share_one_server_and_have_one_each_of_two() -> None:
    at, services = np.array([0.0, 1.0]), np.array([2.0, 2.0])

    assert response_times(at, services, 1, Discipline.SHARING).tolist() == [3.0, 3.0]
    assert response_times(at, services, 2, Discipline.SHARING).tolist() == [2.0, 2.0]
    assert response_times(at, services, 1, Discipline.FIRST_COME).tolist() == [2.0, 3.0]


def test_one_server_takes_them_one_after_another() -> None:
    random = np.random.default_rng(2)
    arrivals, services = np.cumsum(random.exponential(0.03, 5000)), random.lognormal(-4, 1, 5000)

    found = response_times(arrivals, services, 1, Discipline.FIRST_COME)

    ends, expected = 0.0, []
    for arrived, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        ends = max(ends, arrived) + service
        expected.append(ends - arrived)
    assert found == pytest.approx(expected)
