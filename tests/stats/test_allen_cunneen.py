import numpy as np
import pytest

from perfkit.stats.allen_cunneen import erlang_c, miss_share
from perfkit.stats.quantiles import Numbers
from perfkit.stats.stations import Station, response_times


@pytest.mark.parametrize(
    ("servers", "load", "share"),
    # One server: its utilisation. Two at one Erlang: a third. Ten at eight: Erlang's own tables say 0.409.
    [(1, 0.6, 0.6), (2, 1.0, 1 / 3), (10, 8.0, 0.4092)],
)
def test_who_waits_is_what_erlang_says(servers: int, load: float, share: float) -> None:
    assert erlang_c(servers, load) == pytest.approx(share, abs=1e-4)


def test_from_saturation_on_everybody_waits_and_misses() -> None:
    assert erlang_c(2, 2.0) == 1.0
    assert miss_share(110, np.full(10, 0.02), 2, 0.1) == 1.0


def test_exponential_services_of_one_server_have_an_exponential_response() -> None:
    services = np.random.default_rng(1).exponential(0.02, 100_000)

    found = miss_share(25, services, 1, 0.1)

    # M/M/1: exp(-(mu - lambda) t) with mu 50 and lambda 25.
    assert found == pytest.approx(np.exp(-2.5), rel=0.1)


def simulated(rate: float, services: Numbers, limit: float) -> float:
    random = np.random.default_rng(3)
    arrivals = np.cumsum(random.exponential(1 / rate, 100_000))
    drawn = services[random.integers(0, len(services), len(arrivals))]
    return float((response_times(arrivals, drawn[:, None], [Station(1)])[10_000:] > limit).mean())


def mixed(slow: float) -> Numbers:
    """Two requests in a hundred are so many times slower than the others, as where endpoints do unlike work."""
    random = np.random.default_rng(2)
    services = random.lognormal(np.log(0.02) - 0.125, 0.5, 20_000)
    services[random.random(len(services)) < 0.02] *= slow
    return services


def test_of_services_that_are_much_alike_the_formula_is_true() -> None:
    services = mixed(slow=4)

    assert miss_share(36, services, 1, 0.2) == pytest.approx(simulated(36, services, 0.2), rel=0.15)


def test_of_services_that_are_not_the_formula_is_of_no_use_in_the_tail() -> None:
    services = mixed(slow=20)

    # Why capacity/predict.py simulates: of what is late it sees two thirds, and takes a rate for good that is not.
    assert miss_share(4, services, 1, 0.4) < 0.01
    assert simulated(4, services, 0.4) > 0.014
