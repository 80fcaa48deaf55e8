"""What valgrind is asked, and what its files say."""

from pathlib import Path

import pytest

from perfkit.compare import callgrind

DUMP = b"""# callgrind format
version: 1
desc: Trigger: Program termination
events: Ir
fn=(1) main
16 400
summary: 1523159
totals: 1543023
"""


def test_the_total_of_a_dump_is_what_was_executed() -> None:
    assert callgrind.totals(DUMP) == 1_543_023
    assert callgrind.totals(b"version: 1\n") == 0


def test_without_valgrind_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    absent = callgrind.missing()

    assert absent is not None
    assert "apt-get install valgrind" in absent.why


def test_every_file_of_it_lies_in_the_folder_that_is_given(tmp_path: Path) -> None:
    line = callgrind.prefix(tmp_path)

    assert line[:2] == ("valgrind", "--tool=callgrind")
    assert [word for word in line if str(tmp_path) in word] == [
        f"--callgrind-out-file={tmp_path}/%p",
        f"--vgdb-prefix={tmp_path}/vgdb",
    ]
