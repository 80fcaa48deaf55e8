"""Real targets beyond their limit: who ran on which cores, and what was the bottleneck."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import command
from bench.capacity.bottlenecks import load_of
from bench.capacity.cases import CASES, scenario
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.lazy import Measures
from perfkit.run.read import read

# Calls that are alone come first, then more than the target can do.
FACTS = {"quiet_share": 0.3, "quiet_seconds": 3.0, "overload": 1.4, "seconds": 6.0}


def overloaded(name: str, folder: Path, pinned: Mapping[str, list[int]]) -> command.Ran:
    """The target, and with it the generator, on these cores; nobody on any of their own when there are none."""
    with scenario(CASES[name], load_of(CASES[name], FACTS)) as content:
        target: dict[str, Any] = content["target"]
        if pinned:
            content |= {"target": target | {"cores": pinned["target"]}, "generator": {"cores": pinned["generator"]}}
        return command.run(folder, content, "--no-calibrate")


@pytest.fixture(scope="module")
def pinned() -> dict[str, list[int]]:
    available = sorted(os.sched_getaffinity(0))
    return {"target": available[:1], "generator": available[-1:]}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, pinned: dict[str, list[int]]) -> Iterator[command.Ran]:
    """A lock beyond its limit, kept to one core."""
    before = os.sched_getaffinity(0)
    yield overloaded("lock", tmp_path_factory.mktemp("lock"), pinned)
    assert os.sched_getaffinity(0) == before


def bottlenecks(ran: command.Ran) -> Bottlenecks:
    return Measures(read(ran.directory)).limits.bottlenecks


def test_a_lock_that_is_always_held_is_the_bottleneck_and_the_full_slots_are_not(ran: command.Ran) -> None:
    found = bottlenecks(ran)

    assert found.is_full
    assert "lock" in found.resources, found
    assert "worker slots" not in found.resources
    assert any(one.startswith("worker slots") for one in found.besides)


def test_a_service_that_answers_one_at_a_time_is_the_bottleneck_of_whoever_asks_it(tmp_path: Path) -> None:
    found = bottlenecks(overloaded("dependency", tmp_path, {}))

    assert found.is_full
    assert "outbound dependency" in found.resources, found
    assert "worker slots" not in found.resources


def test_target_and_generator_are_kept_to_their_cores_and_the_run_says_so(ran: command.Ran, pinned: dict[str, list[int]]) -> None:
    available = sorted(os.sched_getaffinity(0))

    placement = ran.run["placement"]

    # The worker is forked after gunicorn was started.
    assert len(ran.run["serving"]) == 1
    for party, cores in pinned.items():
        assert placement[party] == {"cores": cores, "asked": cores}
    assert placement["perfkit"]["cores"] == (available[1:] or available)
    assert f"{available[0]} (pinned by the scenario)" in (ran.directory / "report.html").read_text()
