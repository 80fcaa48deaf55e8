"""Blocks of seconds, of one run."""

import numpy as np

from perfkit.compare.metric import MEAN, P95, SERVER_TIME, SERVICE_TIME
from perfkit.compare.runs import times
from perfkit.compare.runs.times import RESPONSE_P95
from tests.compare.runs.runs import a_record, requests


def middle(values: np.ndarray) -> float:
    return float(np.median(values))


def test_a_block_is_a_second_with_enough_requests() -> None:
    at = np.array([0.1, 0.2, 0.3, 1.1, 1.2, 2.1, 2.9, 5.0, 5.1, 5.2])

    found = times.levels(at, np.exp(np.arange(10.0)), 1.0, middle, 3)

    assert found.at.tolist() == [0.1, 1.1, 5.0]
    assert np.allclose(found.times, [np.e, np.median(np.exp([3.0, 4, 5, 6])), np.exp(8.0)])


def test_what_is_too_little_at_the_end_goes_with_what_was_before() -> None:
    at = np.array([0.1, 0.2, 0.3, 1.1])

    assert times.levels(at, np.ones(4), 1.0, middle, 3).at.tolist() == [0.1]
    assert len(times.levels(at[:2], np.ones(2), 1.0, middle, 3).logs) == 0


def test_every_figure_of_an_endpoint_that_both_runs_met_is_there() -> None:
    found = times.figures(a_record([*requests(), *requests(endpoint="GET /old")]), a_record(), 0)

    assert [(one.endpoint, one.metric) for one in found] == [
        ("GET /orders", metric) for metric in (SERVER_TIME, MEAN, P95, RESPONSE_P95, SERVICE_TIME)
    ]
    assert {one.seen_from for one in found} == {"server"}


def test_without_traces_the_clients_clock_counts() -> None:
    found = times.figures(a_record(requests(traced=False)), a_record(), 0)

    assert {one.seen_from for one in found} == {"client"}
    assert SERVICE_TIME not in {one.metric for one in found}


def test_a_long_run_has_no_more_blocks_than_are_of_use() -> None:
    (figure, *_) = times.figures(a_record(requests(count=2000)), a_record(requests(count=2000, seed=2)), 0)

    assert 40 <= len(figure.base.logs) <= times.MOST_BLOCKS
