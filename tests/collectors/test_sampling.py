"""The beat beside the run."""

import threading
from pathlib import Path

from perfkit.collectors import sampling
from perfkit.evidence import RunDirectory


def test_a_phase_of_no_length_still_has_its_first_and_its_last_sample(tmp_path: Path) -> None:
    taken: list[str] = []

    with sampling.every(60.0, lambda: taken.append(threading.current_thread().name), RunDirectory(tmp_path), "host"):
        pass

    assert len(taken) == 2
    assert all(name.startswith("perfkit-host") for name in taken)
    assert RunDirectory(tmp_path).notes() == {"host": "ok"}


def test_a_sample_that_fails_becomes_a_note_and_not_an_exception(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("no space left")

    with sampling.every(60.0, fail, RunDirectory(tmp_path), "host"):
        pass

    assert RunDirectory(tmp_path).notes() == {"host": "it broke off: OSError: no space left"}


def test_a_later_phase_does_not_heal_an_earlier_failure(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.note("host", "it broke off: OSError: no space left")

    with sampling.every(60.0, lambda: None, directory, "host"):
        pass

    assert directory.notes()["host"].startswith("it broke off")
