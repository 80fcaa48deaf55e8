"""comparison.json."""

import json
from typing import Any

from perfkit.compare import contract
from perfkit.compare.change import Change
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.settings import Load, Settings
from perfkit.compare.subject import Subject, Version
from perfkit.stats.queueing import Discipline
from tests.compare.tables import Endpoint, some_bursts, some_pairs

SUBJECT = Subject(
    "20261123-101500-compare-shop-4f2c1e0-worktree", "shop", "2026-11-23T10:15:00+00:00",
    Version("revision", "main", "4f2c1e0" * 5, shown="main (4f2c1e0)"),
    Version("worktree", ".", "4f2c1e0" * 5, True, "the working tree"),
    cores=(0,), client_cores=(1,),
)  # fmt: skip
KEYS = [
    "format", "comparison", "answer", "exit_code", "more_time", "more_time_range", "stopped_early", "rules", "counters", "tests",
    "errors", "endpoints", "at_rate", "why", "noise", "unstable", "missing", "doubts",
]  # fmt: skip


def content(observed: Observed, settings: Settings | None = None) -> Any:
    return json.loads(contract.written(judge(observed, settings or Settings()), SUBJECT, 1))


def test_a_whole_comparison_is_written_down() -> None:
    load = Load(100.0, 1, Discipline.FIRST_COME)
    changes = (Change("GET /orders", "statements", 3, 14, "new: SELECT 1 at shop/orders.py:41"),)

    written = content(Observed(some_pairs(Endpoint(change=0.05)), some_bursts(), changes, 60.0, 60.0), Settings(load=load))

    assert list(written) == KEYS
    assert written["answer"] == "regressed"
    assert written["counters"][0]["head"] == 14
    slower = written["tests"][0]
    assert (slower["metric"], slower["outcome"], slower["gated"], slower["decides"]) == ("server_time", "regressed", True, True)
    assert 0.04 < slower["interval"][0] < slower["change"] < slower["interval"][1] < 0.06
    assert written["at_rate"]["endpoints"][0]["p95"]["change"] > 0
    assert [restart["restart"] for restart in written["endpoints"][0]["restarts"]] == [0, 1, 2, 3]


def test_an_end_that_is_not_known_is_null() -> None:
    written = content(Observed(some_pairs(blocks=4)))

    assert written["tests"][0]["interval"] == [None, None]
    assert written["at_rate"] == {"why": "the scenario's load is closed: it has no rate of its own"}
