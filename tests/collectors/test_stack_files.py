"""py-spy's raw lines as stacks per endpoint."""

import json
from pathlib import Path

import pytest

from perfkit.collectors import speedscope, stack_files
from perfkit.evidence import Missing, RunDirectory
from perfkit.schemas import PROFILE

RAW = """\
<module> (/app/run.py:1);GET /a/{i} (<perfkit:ep:17>:3);handler (/app/shop.py:41);dumps (/lib/json.py:9) 30
<module> (/app/run.py:1);GET /a/{i} (<perfkit:ep:17>);call (/stage/perfkit_probe/wsgi.py:7);handler (/app/shop.py:41) 10
<module> (/app/run.py:1);outer (<perfkit:ep:17>:3);GET /b (<perfkit:ep:18>:3);other (/app/shop.py:50) 5
<module> (/app/run.py:1);accept (/lib/socket.py:2) 7
<module> (/app/run.py:1);unknown (<perfkit:ep:99>:3);f (/app/x.py:1) 2
Flusher._run (/stage/perfkit_probe/flusher.py:60);loads (/lib/json.py:4) 11
not a line of ours
;; x
"""


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path)
    directory.stacks.mkdir()
    (directory.stacks / "41.raw").write_text(RAW)
    (directory.stacks / "41.json").write_text(json.dumps({"rate": 50}))
    return directory


def test_stacks_are_cut_below_the_innermost_trampoline_and_rid_of_the_probe(directory: RunDirectory) -> None:
    profile = stack_files.read(directory, {(41, 17): "GET /a/{i}", (41, 18): "GET /b"})

    assert not isinstance(profile, Missing)
    assert profile.schema == PROFILE
    assert profile.rows() == [
        (41, "GET /a/{i}", ["handler (/app/shop.py:41)", "dumps (/lib/json.py:9)"], 30, 0.6),
        (41, "GET /a/{i}", ["handler (/app/shop.py:41)"], 10, 0.2),
        (41, "GET /b", ["other (/app/shop.py:50)"], 5, 0.1),
        (41, "", ["<module> (/app/run.py:1)", "accept (/lib/socket.py:2)"], 7, 0.14),
        (41, "", ["f (/app/x.py:1)"], 2, 0.04),
    ]


def test_without_a_recording_the_note_of_the_collector_is_the_reason(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.note("stacks", "py-spy may not trace pid 41: ...")

    missing = stack_files.read(directory, {})

    assert isinstance(missing, Missing)
    assert missing.why == "py-spy may not trace pid 41: ..."


def test_invalid_bytes_in_a_frame_do_not_lose_the_others(directory: RunDirectory) -> None:
    (directory.stacks / "42.raw").write_bytes(b"f (/app/\xff.py:1) 3\ng (/app/b.py:2) 4\n")

    profile = stack_files.read(directory, {})

    assert not isinstance(profile, Missing)
    assert [row[3] for row in profile.rows() if row[0] == 42] == [3, 4]


def test_each_endpoint_gets_a_file_that_speedscope_opens(directory: RunDirectory, tmp_path: Path) -> None:
    profile = stack_files.read(directory, {(41, 17): "GET /a/{i}", (41, 18): "GET /b"})
    assert not isinstance(profile, Missing)

    stack_files.write_speedscope(profile, tmp_path / "out")

    written = {json.loads(path.read_text())["name"]: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert set(written) == {"GET /a/{i}", "GET /b", "shared"}
    document = written["GET /a/{i}"]
    assert document["shared"]["frames"] == [
        {"name": "handler", "file": "/app/shop.py", "line": 41},
        {"name": "dumps", "file": "/lib/json.py", "line": 9},
    ]
    assert document["profiles"][0]["samples"] == [[0, 1], [0]]
    assert document["profiles"][0]["weights"] == [0.6, 0.2]


def test_file_names_of_endpoints_are_readable_and_never_collide() -> None:
    names = {speedscope.slug(endpoint) for endpoint in ("GET /a/{b}", "GET /a-b", "GET /a/b", "", "../../etc", "/" * 300)}

    assert len(names) == 6
    assert all("/" not in name and not name.startswith(".") and len(name) < 100 for name in names)
