"""Whether there is a step at all, and in which endpoint."""

import math

import pytest

from perfkit.compare.bisect.difference import difference
from perfkit.compare.bisect.probe import Timing

METRIC = "server_time"


def a_timing(value: float, error: float = 0.004, endpoint: str = "GET /a", metric: str = METRIC) -> Timing:
    return Timing(endpoint, metric, value, error, 40)


@pytest.mark.parametrize(
    ("value", "error", "state"),
    [(0.05, 0.004, "differs"), (-0.05, 0.004, "differs"), (0.001, 0.004, "alike"), (0.05, 0.02, "open"), (0.015, 0.001, "alike")],
)
def test_a_difference_is_one_when_it_is_sure_and_as_large_as_the_floor(value: float, error: float, state: str) -> None:
    found = difference([[a_timing(value, error)]], METRIC, 0.02)

    assert found is not None
    assert found.state == state


def test_probes_are_put_together_by_their_precision() -> None:
    found = difference([[a_timing(0.03, 0.01)], [a_timing(0.06, 0.005)]], METRIC, 0.02)

    assert found is not None
    assert found.value == pytest.approx(0.054)
    assert found.error == pytest.approx(0.01 / math.sqrt(5))
    assert found.state == "differs"


def test_the_endpoint_that_is_most_surely_slower_is_gone_by() -> None:
    timings = [a_timing(-0.2, endpoint="GET /a"), a_timing(0.05, endpoint="GET /b"), a_timing(0.04, 0.002, endpoint="GET /c")]

    found = difference([timings], METRIC, 0.02)
    faster = difference([timings[:1]], METRIC, 0.02)

    assert found is not None
    assert found.endpoint == "GET /c"
    assert faster is not None
    assert faster.value < 0


def test_what_is_open_keeps_the_others_from_being_called_alike() -> None:
    found = difference([[a_timing(0.0), a_timing(0.01, 0.03, endpoint="GET /b")]], METRIC, 0.02)

    assert found is not None
    assert (found.endpoint, found.state) == ("GET /b", "open")


def test_only_the_endpoint_and_the_figure_that_were_asked_for_count() -> None:
    timings = [a_timing(0.05), a_timing(0.0, endpoint="GET /b"), a_timing(0.3, endpoint="GET /b", metric="server_time_mean")]

    found = difference([timings], METRIC, 0.02, endpoint="GET /b")

    assert found is not None
    assert (found.endpoint, found.state) == ("GET /b", "alike")
    assert difference([timings], METRIC, 0.02, endpoint="GET /c") is None
