"""The tables of a run: the same from raw files as from parquet, and an absent one says why."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perfkit.errors import EvidenceError
from perfkit.evidence import Missing, RunDirectory, Table
from perfkit.run import runfile, tables
from perfkit.run.read import read
from perfkit.schemas import MEMORY, SAMPLES, WAITS
from tests.builders import a_run
from tests.run.raw import a_raw_run


def frame(table: Table) -> pl.DataFrame:
    assert isinstance(table, pl.DataFrame), table
    return table


def why(table: Table) -> str:
    assert isinstance(table, Missing)
    return table.why


def test_what_is_gathered_is_what_is_loaded_once_compacted(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    gathered = tables.gather(directory, run).tables

    tables.compact(directory, run)
    loaded = tables.load(directory)

    assert set(loaded) == set(gathered) == set(tables.OBSERVERS)
    for name, table in gathered.items():
        assert_frame_equal(frame(loaded[name]), frame(table), check_row_order=True, categorical_as_str=True)
        assert frame(loaded[name]).schema == frame(table).schema


def test_every_observer_of_the_raw_run_left_rows(tmp_path: Path) -> None:
    gathered = tables.gather(*a_raw_run(tmp_path / "run")).tables

    empty = [name for name, table in gathered.items() if frame(table).is_empty()]

    assert empty == ["waits"]


def test_gauges_are_read_in_places_or_in_seconds_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    gauges = frame(tables.gather(*a_raw_run(tmp_path / "run")).tables["gauges"])

    rows = gauges.select("at", "pid", "phase", "resource", "name", "used", "waiting", "size").rows()
    assert rows == [
        (3.0, 41, "measure", "pool", "orders", 1.0, 0, 2.0),
        (3.0, 41, "measure", "gil", "", 0.05, 0, 0.25),
        (4.0, 41, "measure", "lock", "shop.py:7", 0.25, 0, 1.0),
    ]


def test_a_run_reads_the_same_before_and_after_it_is_compacted(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    before = read(directory.path)

    tables.compact(directory, run)
    after = read(directory.path)

    assert before.run == after.run
    assert_frame_equal(before.samples, after.samples, categorical_as_str=True)
    assert_frame_equal(frame(before.traces), frame(after.traces), categorical_as_str=True)


def test_compacting_keeps_no_raw_file_of_generator_and_probe(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")

    hooks = tables.compact(directory, run).hooks

    assert not directory.samples.exists()
    assert not directory.probe.exists()
    assert [hook["name"] for hook in hooks] == ["sqlite3"]


def test_an_interrupted_compaction_is_read_from_the_raw_files(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    directory.table("samples").write_bytes(b"half a parquet file")

    assert not tables.is_compact(directory)
    assert read(directory.path).samples.height == 20


def test_an_absent_table_is_missing_in_the_words_of_its_observer(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    (directory.stacks / "41.raw").unlink()
    directory.note("stacks", "required: py-spy may not trace pid 41")

    gathered = tables.gather(directory, run).tables
    tables.compact(directory, run)

    assert why(gathered["stacks"]) == "py-spy may not trace pid 41"
    assert why(tables.load(directory)["stacks"]) == "py-spy may not trace pid 41"


def test_a_probe_that_was_never_there_is_missing_in_the_words_of_its_observer(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    for path in directory.probe.iterdir():
        path.unlink()
    directory.note("traces", "perfkit did not start the target")

    gathered = tables.gather(directory, run).tables

    inside = ("traces", "statements", "shapes", "waits", "plans", "blockers")
    assert {name: gathered[name] for name in inside} == dict.fromkeys(inside, Missing("perfkit did not start the target"))


@pytest.mark.parametrize("status", ["ok", "required: off"])
def test_an_empty_table_of_a_sound_observer_stays_a_table(status: str) -> None:
    empty = pl.DataFrame(schema=WAITS)

    explained = tables.explained("waits", empty, {"traces": status})

    assert isinstance(explained, Missing) == (status != "ok")


def test_an_observer_with_rows_is_believed_whatever_it_notes() -> None:
    rows = pl.DataFrame([{"at": 1.0}], schema=MEMORY)

    assert tables.explained("memory", rows, {"memory": "it stopped half way"}) is rows


def test_a_table_that_somebody_removed_is_missing_by_name(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    tables.compact(directory, run)
    directory.table("host").unlink()

    assert why(read(directory.path).host) == "host.parquet is not in the run directory"


def test_a_damaged_table_is_an_error_of_the_evidence(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    tables.compact(directory, run)
    directory.table("traces").write_bytes(b"PAR1 and then nothing")

    with pytest.raises(EvidenceError) as caught:
        read(directory.path)

    assert caught.value.message.startswith(f"{directory.table('traces')} cannot be read: ")
    assert caught.value.hint


def test_a_run_without_samples_cannot_be_judged(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    tables.compact(directory, run)
    directory.table("samples").unlink()

    with pytest.raises(EvidenceError, match="holds no samples"):
        read(directory.path)


def test_a_run_that_was_killed_before_its_load_began_is_read_as_an_empty_one(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    runfile.write(directory, a_run(state="running", intervals=(), generator=None))

    evidence = read(directory.path)

    assert evidence.samples.is_empty()
    assert why(evidence.traces) == "the probe wrote nothing"


def test_a_half_written_note_of_a_killed_run_does_not_hide_the_others(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    with (directory.path / "observers.jsonl").open("a") as file:
        file.write(json.dumps({"observer": "host", "status": "ok"})[:20])

    assert read(directory.path).samples.height == 20


def test_tables_that_cannot_be_written_leave_the_raw_files_to_be_read(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    directory.table("shapes").symlink_to("/dev/full")

    with pytest.raises(EvidenceError, match="No space left on device"):
        tables.compact(directory, run)

    assert list(directory.path.glob("*.parquet")) == []
    assert frame(tables.gather(directory, run).tables["samples"]).height > 0


def test_a_run_of_before_handshakes_had_a_time_is_read_without_one(tmp_path: Path) -> None:
    directory, run = a_raw_run(tmp_path / "run")
    tables.compact(directory, run)
    path = directory.table("samples")
    pl.read_parquet(path).drop("tls_time").write_parquet(path)

    samples = frame(tables.load(directory)["samples"])

    assert samples.schema == SAMPLES
    assert set(samples["tls_time"]) == {None}
