"""Every collector says why it does not look, and none of them raises."""

from pathlib import Path

import pytest

from perfkit.collectors import call_trees, memory, processes, stacks, traces
from perfkit.collectors.base import Collector, Observation
from perfkit.collectors.catalogue import COLLECTORS
from perfkit.evidence import PHASES, Missing, RunDirectory
from perfkit.probe import records
from perfkit.scenario.model import Profiling, Stacks
from perfkit.target import control
from perfkit.target.target import Target

ATTACHED = Target("http://127.0.0.1:1", launched=False, root_pid=None, probe_directory=None, python=None)


def an_observation(path: Path, target: Target = ATTACHED, profiling: Profiling | None = None) -> Observation:
    return Observation(target, RunDirectory(path), "profile", profiling or Profiling(), 0.0, None)


def test_names_are_unique_and_phases_exist() -> None:
    names = [collector.NAME for collector in COLLECTORS]

    assert len(set(names)) == len(names) == 7
    assert all(set(PHASES) >= collector.PHASES for collector in COLLECTORS)


@pytest.mark.parametrize("collector", [call_trees, memory, processes, stacks, traces], ids=lambda collector: collector.NAME)
def test_an_attached_target_cannot_be_seen_into(collector: Collector, tmp_path: Path) -> None:
    observation = an_observation(tmp_path)

    with collector.observe(observation):
        pass

    assert "perfkit did not start the target" in observation.directory.notes()[collector.NAME]


@pytest.mark.parametrize("name", ["stacks", "call_trees", "memory"])
def test_what_the_scenario_switches_off_is_missing_for_that_reason(name: str, tmp_path: Path) -> None:
    collector = next(one for one in COLLECTORS if name == one.NAME)
    observation = an_observation(tmp_path, profiling=Profiling.model_validate({name: False}))

    with collector.observe(observation):
        pass

    assert observation.directory.notes()[name] == f"switched off by profiling.{name}: false"


def test_required_stacks_that_cannot_be_had_are_marked(tmp_path: Path) -> None:
    observation = an_observation(tmp_path, profiling=Profiling(stacks=Stacks(required=True)))

    with stacks.observe(observation):
        pass

    assert observation.directory.notes()["stacks"].startswith("required: perfkit did not start the target")


def test_call_trees_that_are_switched_off_reach_the_probe(tmp_path: Path) -> None:
    control.create(tmp_path, ptracer=1)
    target = Target("http://127.0.0.1:1", launched=True, root_pid=1, probe_directory=tmp_path, python=None)
    observation = an_observation(tmp_path, target, Profiling.model_validate({"call_trees": False}))

    with call_trees.observe(observation):
        pass

    assert (tmp_path / records.CONTROL).read_bytes()[8:16] == b"\x00\x00\x00\x00\x00\x00\xf0\xbf"  # -1.0: no request


def test_a_probe_that_never_reports_names_the_usual_causes(tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    target = Target("http://127.0.0.1:1", launched=True, root_pid=1, probe_directory=tmp_path / "probe", python=None)
    observation = an_observation(tmp_path, target)

    with traces.observe(observation):
        pass

    assert "ignored PYTHONPATH (was it started with -I, -E or -S?)" in observation.directory.notes()["traces"]


def test_a_hook_that_is_not_in_place_has_its_own_note(tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    probe.mkdir()
    (probe / "41-1.events").write_text(
        '{"kind": "started", "format": 1, "pid": 41}\n'
        '{"kind": "hook", "name": "httpx", "state": "failed", "why": "no transport"}\n'
    )
    target = Target("http://127.0.0.1:1", launched=True, root_pid=1, probe_directory=probe, python=None)
    observation = an_observation(tmp_path, target)

    with traces.observe(observation):
        pass

    assert observation.directory.notes() == {"traces": "ok", "hook httpx": "failed: no transport"}


def test_memory_that_was_never_sampled_is_missing(tmp_path: Path) -> None:
    sampled = memory.read(RunDirectory(tmp_path))

    assert isinstance(sampled, Missing)
    assert sampled.why == "no process was sampled"


def test_a_process_that_has_ended_has_no_memory_row() -> None:
    nobody = 2**22 + 1  # above the kernel's highest pid

    assert memory.row(nobody, 0.0, serving=True) is None
