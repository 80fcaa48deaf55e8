"""What stretches and pairs left, as evidence."""

import math
from typing import Any

import polars as pl
import pytest

from perfkit.compare.pairs import PAIRS, frame
from perfkit.compare.seat import Outcome
from perfkit.compare.why import recorded
from perfkit.compare.why.recorded import PROFILES, profiles
from perfkit.compare.why.stretches import Stretch
from perfkit.evidence import Missing
from perfkit.schemas import SAMPLES, TRACES
from tests.compare.why.recordings import ENDPOINT, VIEW, a_version, some_seen, some_trees


def an_outcome(number: int, **fields: Any) -> Outcome:
    own: dict[str, Any] = {
        "flow": "f", "step": "f[1]", "endpoint": ENDPOINT, "id": number, "sent_at": 105.0, "time": 0.02, "status": 200,
        "size": 10, "error": "", "answer": None,
    }  # fmt: skip
    return Outcome(**own | fields)


def test_requests_of_a_stretch_are_samples_of_the_phase_that_it_stood_for() -> None:
    stretch = Stretch("base", 3, 105.0, 106.0, [an_outcome(1), an_outcome(2, status=500, error="status")])

    found = recorded.samples_of(recorded.sent_in([stretch], "profile", epoch=100.0))

    assert found.schema == SAMPLES
    assert found["sent_at"].to_list() == [5.0, 5.0]
    assert found["finished_at"].to_list() == pytest.approx([5.02, 5.02])
    assert found["phase"].cast(pl.String).to_list() == ["profile", "profile"]
    assert found["error"].cast(pl.String).to_list() == [None, "status"]


def test_a_request_that_could_not_be_sent_is_no_sample() -> None:
    stretch = Stretch("base", 0, 0.0, 1.0, [an_outcome(1, time=math.nan)])

    assert recorded.sent_in([stretch], "measure", epoch=0.0).is_empty()


def test_pairs_become_samples_of_either_version_where_it_was_seen_from_inside() -> None:
    row = {
        "block": 4, "flow": "f", "step": "f[1]", "endpoint": ENDPOINT, "base_id": 7, "head_id": 8, "base_time": 0.01,
        "head_time": 0.03, "base_status": 200, "head_status": 200, "base_bytes": 5, "head_bytes": 5,
    }  # fmt: skip
    pairs = frame([row, row | {"block": 5, "base_id": 9, "head_id": 10}], PAIRS)
    traces = pl.DataFrame({"id": [8], "started_at": [2.5]}, schema={"id": TRACES["id"], "started_at": TRACES["started_at"]})

    found = recorded.sent_in_pairs(pairs, "head", traces)

    assert found.select("id", "sent_at", "finished_at").rows() == [(8, 2.5, pytest.approx(2.53))]
    assert recorded.units_of((), pairs, "head").rows() == [(8, 4), (10, 5)]


def test_without_an_alternation_a_stretch_is_the_unit() -> None:
    plain = [Stretch("head", number, 0.0, 1.0, [an_outcome(number)]) for number in (1, 2)]

    assert recorded.units_of(plain, Missing("--tiers left it out"), "head").rows() == [(1, 1), (2, 2)]


def test_all_that_the_profilers_saw_is_kept() -> None:
    times: dict[tuple[str, ...], float] = {(VIEW,): 0.002}
    base = a_version("base", stacks=some_seen(times, 1, pairs=2))
    head = a_version("head", stacks=some_seen(times, 2, pairs=2), trees=some_trees(times, 3))

    table = profiles(base, head)

    assert table.schema == PROFILES
    assert table.select("side", "profiler").unique().sort("side", "profiler").rows() == [
        ("base", "py-spy"), ("head", "py-spy"), ("head", "pyinstrument"),
    ]  # fmt: skip
    assert profiles(a_version(), a_version()).schema == PROFILES
