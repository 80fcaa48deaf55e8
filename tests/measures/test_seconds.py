"""Whole seconds of the clock within the measure phase."""

import polars as pl

from perfkit.evidence import Interval
from perfkit.measures import seconds


def test_a_second_holds_what_ended_in_it_and_only_whole_ones_count() -> None:
    # Second 0 of the run is 1000.4 of the clock: the phase from 1 to 4 has the whole seconds 1002 and 1003.
    ended = [1.2, 1.7, 1.8, 2.7, 3.7]
    samples = pl.DataFrame(
        {
            "finished_at": ended,
            "endpoint": ["GET /"] * 5,
            "error": [None, None, "timeout", None, None],
            "response_time": [0.1] * 5,
        }
    )

    found = seconds.of(samples, Interval("measure", 1.0, 4.0), 1000.4)

    assert (found.since, found.until) == (1002, 1004)
    assert {second: {key: one.count for key, one in cells.items()} for second, cells in found.cells.items()} == {
        1002: {("GET /", ""): 1, ("GET /", "timeout"): 1},
        1003: {("GET /", ""): 1},
    }
