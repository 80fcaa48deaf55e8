"""Who serves, as the probe's event files say it."""

import json
from pathlib import Path

from perfkit.target import events, identify


def write(path: Path, *lines: object) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


STARTED = {"kind": "started", "format": 1, "pid": 41, "ppid": 40, "python": "3.11.7"}


def test_a_process_that_reported_its_server_serves(tmp_path: Path) -> None:
    write(tmp_path / "41-1.events", STARTED, {"kind": "server", "name": "gunicorn", "version": "27.0.1"})

    assert list(identify.reported(tmp_path)) == [identify.Worker(41, 40, "gunicorn 27.0.1", "3.11.7")]
    assert identify.pythons(tmp_path) == ("3.11.7",)


def test_without_a_known_server_the_framework_names_the_process(tmp_path: Path) -> None:
    write(tmp_path / "41-1.events", STARTED, {"kind": "framework", "name": "flask", "version": "3.1.3"})

    assert [worker.server for worker in identify.reported(tmp_path)] == ["flask 3.1.3"]


def test_a_process_that_has_not_started_does_not_serve(tmp_path: Path) -> None:
    write(tmp_path / "41-1.events", {"kind": "server", "name": "gunicorn"})

    assert list(identify.reported(tmp_path)) == []


def test_damage_is_counted_and_half_a_last_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "41-1.events"
    deep = b"[" * 200_000
    path.write_bytes(json.dumps(STARTED).encode() + b"\n\xff\xfe\n{broken\n[1]\n" + deep + b'\n{"kind": 3}\n{"kind": "serv')

    said = events.read(path)

    assert [line["kind"] for line in said.lines] == ["started"]
    assert said.damaged == 5


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert events.read(tmp_path / "41-1.events") == events.Events((), 0)
