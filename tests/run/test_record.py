"""A run while it is being made: how long it profiles, and what its file says at every step."""

import errno
from pathlib import Path
from typing import Any

import pytest

from perfkit.errors import EvidenceError, PerfkitError, TargetError
from perfkit.evidence import RunDirectory
from perfkit.run import record, runfile
from perfkit.run.options import Options
from perfkit.run.read import read
from perfkit.run.session import Session
from perfkit.scenario.model import Scenario
from tests.builders import a_run
from tests.run.raw import a_raw_run


def a_session(path: Path, *, stages: list[dict[str, Any]] | None = None, profiling: bool = True, **parts: Any) -> Session:
    load = stages or [{"rate": "5/s", "for": "2s", "warmup": True}, {"rate": "5/s", "for": "80s"}]
    content = {
        "perfkit": 1,
        "name": "shop",
        "target": "http://127.0.0.1:9",
        "flows": {"a": [{"get": "/"}]},
        "load": {"open": load},
    }
    scenario = Scenario.model_validate(content | parts)
    return Session(scenario, RunDirectory(path), Options("open", path, profiling), a_run(state="running"))


def seconds(session: Session) -> float:
    return record.profile_for(session.scenario, session.options)


def profiling_of(session: Session) -> float:
    return record.profile_for(session.scenario, session.options)


@pytest.mark.parametrize(("measured", "profiled"), [("80s", 20.0), ("10s", 15.0), ("10m", 60.0)])
def test_a_quarter_of_the_measure_phase_is_profiled_within_bounds(tmp_path: Path, measured: str, profiled: float) -> None:
    stages: list[dict[str, Any]] = [{"rate": "5/s", "for": "9m", "warmup": True}, {"rate": "5/s", "for": measured}]

    assert seconds(a_session(tmp_path, stages=stages)) == profiled


def test_the_scenario_may_say_how_long_to_profile(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    session.scenario = session.scenario.model_copy(
        update={"profiling": session.scenario.profiling.model_copy(update={"duration": 3.0})}
    )

    assert seconds(session) == 3.0


def test_a_run_that_is_not_to_be_profiled_has_no_profile_phase(tmp_path: Path) -> None:
    assert seconds(a_session(tmp_path, profiling=False)) == 0.0


def test_the_file_is_true_as_soon_as_something_has_changed(tmp_path: Path) -> None:
    session = a_session(tmp_path)

    session.end("died", TargetError("the target died"))

    read = runfile.read(session.directory)
    assert (read.state, read.failure) == ("died", "the target died")


def test_what_went_wrong_first_is_what_the_run_ends_with(tmp_path: Path) -> None:
    session = a_session(tmp_path)

    session.end("died", TargetError("the target died"))
    session.end("died", PerfkitError("and then the load could not go on"))

    assert session.error is not None
    assert session.error.message == session.run.failure == "the target died"


def test_a_closed_run_is_finished_and_knows_whether_it_has_samples(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    session = a_session(directory.path)

    session.close()

    assert session.has_samples
    assert runfile.read(directory).state == "finished"
    assert runfile.read(directory).observers["traces"] == "ok"


def test_a_run_without_a_request_is_closed_all_the_same(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    session.end("died", TargetError("it never answered"))

    session.close()

    assert not session.has_samples
    assert runfile.read(session.directory).state == "died"


def test_an_observer_that_is_required_and_missing_ends_the_run_as_an_error_of_the_target(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    session.directory.note("traces", "ok")
    session.directory.note("stacks", "required: py-spy may not trace pid 41")

    record.note_required(session)

    assert isinstance(session.error, TargetError)
    assert session.error.message == "stacks is required by the scenario and is missing: py-spy may not trace pid 41"


def test_an_observer_that_is_only_missing_does_not(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    session.directory.note("stacks", "py-spy may not trace pid 41")

    record.note_required(session)

    assert session.error is None


def test_tables_that_a_full_disk_does_not_take_end_the_run_and_leave_what_was_recorded(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    session = a_session(directory.path)
    directory.keep_reserve()
    directory.table("shapes").symlink_to("/dev/full")

    session.close()

    assert isinstance(session.error, EvidenceError)
    assert "No space left on device" in session.error.message
    assert runfile.read(directory).state == "died"
    assert read(directory.path).samples.height > 0
    assert not directory.spend_reserve()


def test_the_room_that_was_kept_back_is_given_up_for_what_must_not_be_lost(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.keep_reserve()
    attempts: list[str] = []

    def write() -> None:
        attempts.append("full" if (tmp_path / "reserve").exists() else "fits")
        if attempts[-1] == "full":
            raise OSError(errno.ENOSPC, "No space left on device")

    directory.write(write)

    assert attempts == ["full", "fits"]
