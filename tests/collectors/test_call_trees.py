"""pyinstrument's trees from the probe, merged per endpoint."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from perfkit.collectors import call_trees, probe_processes
from perfkit.evidence import Missing, RunDirectory
from perfkit.schemas import PROFILE

STARTED: dict[str, Any] = {"kind": "started", "format": 1, "pid": 41, "ppid": 40, "python": "3.11.7"}
NAMES: list[dict[str, Any]] = [{"kind": "name", "id": 1, "text": "GET"}, {"kind": "name", "id": 2, "text": "/orders"}]


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    (tmp_path / "probe").mkdir()
    return RunDirectory(tmp_path)


def write(directory: RunDirectory, *lines: dict[str, Any]) -> None:
    (directory.probe / "41-1.events").write_text("".join(json.dumps(line) + "\n" for line in [STARTED, *NAMES, *lines]))


def a_tree(*stacks: Any) -> dict[str, Any]:
    return {"kind": "call_tree", "route": 2, "method": 1, "step": 0, "wall": 10_000_000, "stacks": list(stacks)}


def test_trees_of_one_endpoint_are_added_up(directory: RunDirectory) -> None:
    handler, query = "handler (shop.py:3)", "execute (db.py:9)"
    write(directory, a_tree([[handler, query], 0.02], [[handler], 0.01]), a_tree([[handler, query], 0.03]))

    profile = call_trees.read(directory)

    assert not isinstance(profile, Missing)
    assert profile.schema == PROFILE
    assert profile.rows() == [
        (41, "GET /orders", [handler, query], 2, pytest.approx(0.05)),
        (41, "GET /orders", [handler], 1, pytest.approx(0.01)),
    ]


def test_a_malformed_tree_is_left_out(directory: RunDirectory) -> None:
    write(directory, a_tree("x", [1], [["f"], "long"], [["f (a.py:1)"], 1]), {"kind": "call_tree", "stacks": None})

    profile = call_trees.read(directory)

    assert not isinstance(profile, Missing)
    assert profile["stack"].to_list() == [["f (a.py:1)"]]


def test_a_target_without_pyinstrument_says_what_to_install(directory: RunDirectory) -> None:
    why = "pip install pyinstrument in the target's environment"
    write(directory, {"kind": "hook", "name": "pyinstrument", "state": "unsupported", "why": why})

    profile = call_trees.read(directory)

    assert isinstance(profile, Missing)
    assert profile.why == f"pyinstrument is unsupported in the target: {why}"


def test_too_few_requests_are_the_last_reason(directory: RunDirectory) -> None:
    write(directory)

    profile = call_trees.read(directory)

    assert isinstance(profile, Missing)
    assert "followed no request" in profile.why


def test_each_followed_request_is_known_by_itself_with_the_time_at_which_it_began(directory: RunDirectory) -> None:
    early = a_tree([["handler (shop.py:3)"], 0.01]) | {"started": 5_000_000_000}
    write(directory, early, a_tree([["handler (shop.py:3)"], 0.03]))

    found = list(call_trees.followed(probe_processes.read(directory.probe)))

    assert [(one.endpoint, sum(one.stacks.values())) for one in found] == [("GET /orders", 0.01), ("GET /orders", 0.03)]
    assert found[0].started_at == pytest.approx(5.0)
    assert math.isnan(found[1].started_at)  # of a probe that did not say
