"""Who may run on which cores, and what is doubtful about it."""

from pathlib import Path
from typing import Any

import pytest

from perfkit.errors import ScenarioError
from perfkit.evidence import Missing, Placement
from perfkit.run import placement
from perfkit.scenario.model import Scenario
from perfkit.target.target import Target

ATTACHED = Target("http://127.0.0.1:9", launched=False, root_pid=None, probe_directory=None, python=None)


def a_scenario(target: list[int] | None = None, generator: list[int] | None = None) -> Scenario:
    content: dict[str, Any] = {
        "perfkit": 1,
        "target": {"base_url": "http://127.0.0.1:9", "cores": target},
        "generator": {"cores": generator},
        "flows": {"a": [{"get": "/"}]},
        "load": [{"rate": "5/s", "for": "2s"}],
    }
    return Scenario.model_validate(content)


def placed(target: Placement, generator: Placement) -> dict[str, Placement]:
    return {placement.TARGET: target, placement.GENERATOR: generator, placement.OBSERVERS: Placement((0, 1))}


def test_cores_that_are_not_there_are_all_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        placement.require(a_scenario([0, 7], [9]), Path("shop.yaml"), (0, 1))

    assert [str(problem) for problem in caught.value.problems] == [
        "target.cores: core 7 is not there for perfkit: it may use 0, 1",
        "generator.cores: core 9 is not there for perfkit: it may use 0, 1",
    ]
    assert caught.value.exit_code == 2


def test_cores_that_are_not_there_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("target:\n  base_url: http://127.0.0.1:9\n  cores: [0, 7]\ngenerator:\n  cores: [9]\n")

    with pytest.raises(ScenarioError) as caught:
        placement.require(a_scenario([0, 7], [9]), file, (0, 1))

    assert [problem.line for problem in caught.value.problems] == [3, 5]


def test_cores_that_are_there_are_no_fault() -> None:
    placement.require(a_scenario([0], [1]), Path("shop.yaml"), (0, 1))
    placement.require(a_scenario(), Path("shop.yaml"), (0,))


def test_perfkit_keeps_off_the_targets_cores_if_any_is_left() -> None:
    assert placement.own(a_scenario([0]), (0, 1, 2)) == {1, 2}
    assert placement.own(a_scenario([0, 1]), (0, 1)) == {0, 1}
    assert placement.own(a_scenario(None, [1]), (0, 1)) == {0, 1}


def test_nobody_knows_the_cores_of_a_target_that_runs_already() -> None:
    found = placement.of(a_scenario([0]), ATTACHED, [], 0)

    assert found[placement.TARGET] == Placement(Missing(placement.NOT_OURS), (0,))
    assert list(placement.doubts(found)) == [f"target.cores was not applied: {placement.NOT_OURS}"]


def test_cores_apart_leave_no_doubt() -> None:
    assert list(placement.doubts(placed(Placement((0,), (0,)), Placement((1,), (1,))))) == []
    assert list(placement.doubts(placed(Placement((0, 1)), Placement((0, 1))))) == []
    assert list(placement.doubts({})) == []


def test_a_core_that_both_may_use_is_a_doubt() -> None:
    found = placement.doubts(placed(Placement((0,), (0,)), Placement((0, 1))))

    assert list(found) == ["target and generator could both use core 0: what one of them takes there the other one lacks"]


def test_a_target_that_moves_itself_is_told() -> None:
    found = placement.doubts(placed(Placement((0, 2), (0,)), Placement((1,))))

    assert list(found) == ["the target was pinned to core 0 and moved itself: it could use 0, 2"]


def test_generator_processes_without_a_core_each_and_those_elsewhere_are_told() -> None:
    found = placement.doubts(placed(Placement((0,)), Placement((1,), (1,))), processes=2, joined=3)

    assert list(found) == [
        "2 generator processes share 1 of generator.cores: each could fill one",
        "generator.cores is of this machine: 3 that joined from elsewhere were not pinned",
    ]
