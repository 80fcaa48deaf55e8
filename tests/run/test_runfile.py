"""run.json: what is written is read back, and what cannot be read is told."""

import json
from pathlib import Path

import pytest

from perfkit.errors import EvidenceError
from perfkit.evidence import Floor, Missing, Placement, RunDirectory
from perfkit.run import runfile
from perfkit.run.read import read
from tests.builders import a_floor, a_run


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def test_a_run_is_read_back_as_it_was(directory: RunDirectory) -> None:
    run = a_run(caveats=("noisy",), plan={"lines": [1, 2]}, epoch=12.5)

    runfile.write(directory, run)

    assert runfile.read(directory) == run


def test_a_run_that_has_only_begun_is_read_back(directory: RunDirectory) -> None:
    run = a_run(state="running", intervals=(), serving=(), hooks=(), generator=None)

    runfile.write(directory, run)

    assert runfile.read(directory) == run


@pytest.mark.parametrize("floor", [a_floor(), Missing("it was not to be calibrated")])
def test_the_generators_floor_is_read_back_or_why_there_is_none(directory: RunDirectory, floor: Floor | Missing) -> None:
    runfile.write(directory, a_run(floor=floor))

    assert runfile.read(directory).floor == floor


def test_who_had_which_cores_is_read_back(directory: RunDirectory) -> None:
    placement = {"target": Placement(Missing("not ours"), (0,)), "generator": Placement((1, 2))}

    runfile.write(directory, a_run(placement=placement))

    assert runfile.read(directory).placement == placement


def test_a_run_from_before_there_was_a_floor_is_read(directory: RunDirectory) -> None:
    runfile.write(directory, a_run())
    content = json.loads(directory.run_file.read_text())
    del content["floor"]
    directory.run_file.write_text(json.dumps(content))

    assert runfile.read(directory).floor == Missing("the generator was not calibrated")


def test_writing_leaves_nothing_but_the_file(directory: RunDirectory) -> None:
    runfile.write(directory, a_run())
    runfile.write(directory, a_run(state="died"))

    assert [path.name for path in directory.path.iterdir()] == ["run.json"]


def test_a_run_of_another_format_is_refused_with_both_numbers(directory: RunDirectory) -> None:
    runfile.write(directory, a_run())
    content = json.loads(directory.run_file.read_text())
    directory.run_file.write_text(json.dumps(content | {"format": 0}))

    with pytest.raises(EvidenceError) as caught:
        runfile.read(directory)

    assert caught.value.exit_code == 5
    assert caught.value.message == f"{directory.run_file} is of format 0; this perfkit reads format 1"
    assert caught.value.hint == "Analyze it with the perfkit that made it, or run the scenario again."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"shop"',
        "{}",
        '{"format": 1}',
        '{"format": 1, "generator": 3}',
        '{"format": 1, "id": "x"}',
        b"\xff\xfe\x00".decode("latin-1"),
    ],
)
def test_a_damaged_file_is_told_as_that(directory: RunDirectory, text: str) -> None:
    directory.run_file.write_bytes(text.encode("latin-1"))

    with pytest.raises(EvidenceError) as caught:
        runfile.read(directory)

    assert caught.value.message.startswith(f"{directory.run_file} is damaged: ")


def test_a_field_that_this_version_does_not_know_is_damage_not_a_crash(directory: RunDirectory) -> None:
    runfile.write(directory, a_run())
    content = json.loads(directory.run_file.read_text())
    directory.run_file.write_text(json.dumps(content | {"intervals": [{"phase": "measure"}]}))

    with pytest.raises(EvidenceError, match="damaged"):
        runfile.read(directory)


def test_a_folder_without_the_file_is_no_run(directory: RunDirectory) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(directory.path)

    assert caught.value.message == f"{directory.path} is not a run directory: it has no run.json"
    assert caught.value.hint


def test_a_path_that_is_no_folder_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path / "nothing")

    assert caught.value.message == f"{tmp_path / 'nothing'} is not a folder"
