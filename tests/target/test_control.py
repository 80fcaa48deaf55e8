"""The control file: what stands in which byte."""

import mmap
import struct
from pathlib import Path

import pytest

from perfkit.errors import PerfkitError
from perfkit.probe import records
from perfkit.target import control
from perfkit.target.target import Target


def a_target(directory: Path | None) -> Target:
    return Target("http://127.0.0.1:1", launched=directory is not None, root_pid=1, probe_directory=directory, python=None)


def test_a_new_control_file_measures_with_the_default_share(tmp_path: Path) -> None:
    content = control.create(tmp_path, ptracer=4711).read_bytes()

    assert len(content) == records.CONTROL_SIZE
    assert content[0] == records.MEASURE
    assert struct.unpack_from("<d", content, 8)[0] == pytest.approx(1 / 50)
    assert struct.unpack_from("<q", content, 16)[0] == 4711


def test_a_process_that_has_mapped_the_file_sees_the_change(tmp_path: Path) -> None:
    path = control.create(tmp_path, ptracer=1)
    target = a_target(tmp_path)

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        control.set_mode(target, records.PROFILE)
        control.set_share(target, 0.5)

        assert mapped[0] == records.PROFILE
        assert struct.unpack_from("<d", mapped, 8)[0] == 0.5
    assert control.mode(target) == records.PROFILE


def test_there_is_nothing_to_switch_in_an_attached_target() -> None:
    target = a_target(None)

    control.set_mode(target, records.PROFILE)

    assert control.mode(target) is None


def test_a_mode_that_the_probe_does_not_know_is_refused(tmp_path: Path) -> None:
    control.create(tmp_path, ptracer=1)

    with pytest.raises(PerfkitError, match="7 is not a mode"):
        control.set_mode(a_target(tmp_path), 7)
