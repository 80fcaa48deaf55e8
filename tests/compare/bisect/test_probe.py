"""A probe as a number with an error: from the pairs of a real alternation to what a search takes."""

import math

import numpy as np
import pytest

from perfkit.compare.bisect import probe
from perfkit.compare.bisect.probe import PROCESS_BIAS, Probe, Timing
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.settings import Settings
from tests.compare.tables import Endpoint, some_pairs


def timings(*endpoints: Endpoint, **machine: float) -> dict[tuple[str, str], Timing]:
    judged = judge(Observed(some_pairs(*endpoints, **machine), pairs_lasted=20.0), Settings(burst_sizes=()))  # type: ignore[arg-type]
    return {(one.endpoint, one.metric): one for one in probe.timings(judged)}


def test_every_endpoint_all_of_them_and_every_figure_have_a_value() -> None:
    found = timings(Endpoint(change=0.05), Endpoint("GET /products"))

    assert {metric for _, metric in found} == {"server_time", "server_time_mean", "server_time_p95"}
    assert {endpoint for endpoint, _ in found} == {"GET /orders", "GET /products", "all endpoints"}
    assert found["GET /orders", "server_time"].value == pytest.approx(math.log1p(0.05), abs=0.01)
    assert abs(found["GET /products", "server_time"].value) < 0.01


def test_the_error_is_that_of_the_blocks_and_never_below_the_bias_of_processes() -> None:
    quiet = timings(noise=0.0005, blocks=80)["GET /orders", "server_time"]
    noisy = timings(noise=0.08, blocks=80)["GET /orders", "server_time"]

    assert PROCESS_BIAS / 2 <= quiet.error < 0.006
    assert noisy.error > 2 * quiet.error


def test_the_standard_error_is_that_of_normal_blocks() -> None:
    found = [probe.standard_error(np.random.default_rng(seed).normal(0.05, 0.02, 100)) for seed in range(40)]

    assert np.median([error for _, error in found]) == pytest.approx(0.002, rel=0.15)
    assert np.std([value for value, _ in found]) == pytest.approx(0.002, rel=0.4)


def test_starts_that_differ_by_more_than_their_bias_count_with_what_they_differ_by() -> None:
    starts = np.repeat(np.arange(4), 10)
    apart = np.repeat([0.0, 0.04, 0.08, 0.04], 10)

    assert probe.with_processes(0.001, apart, starts) == pytest.approx(np.std([0.0, 0.04, 0.08, 0.04], ddof=1) / 2)
    assert probe.with_processes(0.001, np.zeros(40), starts) == pytest.approx(math.hypot(0.001, PROCESS_BIAS / 2))
    assert probe.with_processes(0.001, apart, np.zeros(40, np.int64)) == pytest.approx(math.hypot(0.001, PROCESS_BIAS))


def test_a_single_block_is_no_probe() -> None:
    assert math.isinf(probe.standard_error(np.array([0.05]))[1])


def test_a_probe_that_only_counted_has_no_time() -> None:
    assert Probe("tree", changes=()).timing("GET /a", "server_time") is None
