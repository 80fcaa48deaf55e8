"""The probe's files read back: every field in its place, hostile and torn files survived."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perfkit.collectors import probe_files
from perfkit.errors import EvidenceError
from perfkit.evidence import Interval, Missing, RunDirectory, Table
from perfkit.probe import records
from perfkit.schemas import BLOCKERS, PLANS, SHAPES, STATEMENTS, TRACES, WAITS

EPOCH = 1000.0
INTERVALS = (Interval("warm-up", 0.0, 5.0), Interval("measure", 5.0, 10.0), Interval("profile", 10.0, 20.0))
NAMES = {1: "GET", 2: "/orders/<int:id>", 3: "browse", 4: "SELECT ? FROM orders", 5: "shop.py:41 in order", 6: "db:5432"}


def at(second: float) -> int:
    return int((EPOCH + second) * 1e9)


def a_request(**fields: int) -> bytes:
    known: dict[str, int] = {
        "sequence": 1, "flags": 0, "status": 200, "id": 7, "thread": 9, "in_flight": 0, "method": 1, "route": 2, "step": 3,
        "statements": 1, "started": at(6), "wall": 20_000_000, "first_byte": 15_000_000, "cpu": 5_000_000, "loop": -1,
        "max_step": -1, "gc": 0, "bytes": 512,
    }  # fmt: skip
    known |= fields
    packed: bytes = records.REQUEST.pack(*(known[name] for name, _ in records.REQUEST_FIELDS))
    return packed


def a_call(**fields: int) -> bytes:
    known: dict[str, int] = {
        "request": 1, "kind": records.STATEMENT, "flags": 0, "rows": 3, "name": 4, "site": 5, "parameters": 99, "result": 0,
        "started": at(6.001), "wall": 2_000_000, "cpu": -1,
    }  # fmt: skip
    known |= fields
    packed: bytes = records.CALL.pack(*(known[name] for name, _ in records.CALL_FIELDS))
    return packed


def events(pid: int = 41, names: Mapping[int, str] = NAMES, *more: Mapping[str, Any]) -> bytes:
    lines: list[Mapping[str, Any]] = [{"kind": "started", "format": 1, "pid": pid, "ppid": 40, "python": "3.11.7"}]
    lines += [{"kind": "name", "id": number, "text": text} for number, text in names.items()]
    return "".join(json.dumps(line) + "\n" for line in [*lines, *more]).encode()


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    (tmp_path / "probe").mkdir()
    return RunDirectory(tmp_path)


def write(directory: RunDirectory, *, stem: str = "41-1", requests: bytes = b"", calls: bytes = b"", said: bytes = b"") -> None:
    for suffix, content in ((".requests", requests), (".calls", calls), (".events", said)):
        (directory.probe / f"{stem}{suffix}").write_bytes(content)


def read(directory: RunDirectory) -> probe_files.ProbeTables:
    return probe_files.read(directory, EPOCH, INTERVALS)


def frame(table: Table) -> pl.DataFrame:
    assert isinstance(table, pl.DataFrame), table
    return table


def why(table: Table) -> str:
    assert isinstance(table, Missing)
    return table.why


def test_a_request_becomes_a_trace_with_every_field_in_its_place(directory: RunDirectory) -> None:
    flags = records.ASYNCHRONOUS | records.RAISED
    write(directory, requests=a_request(flags=flags, cpu=-1, loop=4_000_000), said=events())

    traces = frame(read(directory).traces)

    assert traces.schema == TRACES
    row = traces.row(0, named=True)
    assert math.isnan(row.pop("cpu_time"))
    assert math.isnan(row.pop("max_step"))
    assert row == {
        "trace": (1 << 40) + 1, "id": 7, "pid": 41, "thread": 9, "method": "GET", "route": "/orders/{id}", "step": "browse",
        "status": 200, "phase": "measure", "profiled": False, "asynchronous": True, "raised": True, "in_flight": 0,
        "statements": 1, "started_at": pytest.approx(6.0), "wall_time": pytest.approx(0.02),
        "first_byte_time": pytest.approx(0.015), "loop_time": pytest.approx(0.004), "gc_time": 0.0, "bytes": 512,
    }  # fmt: skip


def test_statements_and_waits_are_told_apart_and_belong_to_their_trace(directory: RunDirectory) -> None:
    wait = a_call(kind=records.OUTBOUND, name=6, flags=records.CALL_FAILED)
    write(directory, requests=a_request(), calls=a_call(flags=records.CALL_IN_TRANSACTION) + wait, said=events())

    tables = read(directory)

    statements, waits, shapes = frame(tables.statements), frame(tables.waits), frame(tables.shapes)
    assert statements.schema == STATEMENTS
    assert waits.schema == WAITS
    assert shapes.schema == SHAPES
    joined = statements.join(shapes, on="shape").row(0, named=True)
    assert joined["trace"] == (1 << 40) + 1
    assert joined["text"] == "SELECT ? FROM orders"
    assert joined["call_site"] == "shop.py:41 in order"
    assert joined["in_transaction"]
    assert not joined["failed"]
    row = waits.row(0, named=True)
    assert (row["kind"], row["name"], row["failed"]) == ("outbound", "db:5432", True)


def test_a_call_counts_in_the_phase_of_its_request(directory: RunDirectory) -> None:
    late = a_call(started=at(10.5))
    orphan = a_call(request=0, started=at(10.5))
    unfinished = a_call(request=77, started=at(2))
    write(directory, requests=a_request(started=at(9.9)), calls=late + orphan + unfinished, said=events())

    statements = frame(read(directory).statements)

    assert statements["phase"].to_list() == ["measure", "profile", "warm-up"]
    assert statements["trace"].to_list() == [(1 << 40) + 1, 0, (1 << 40) + 77]


def test_what_began_in_no_phase_has_none(directory: RunDirectory) -> None:
    write(directory, requests=a_request(started=at(-3)) + a_request(started=at(30)), said=events())

    assert frame(read(directory).traces)["phase"].to_list() == [None, None]


def test_the_same_text_of_two_processes_is_one_shape_and_their_traces_differ(directory: RunDirectory) -> None:
    other = {1: "SELECT ? FROM orders"}
    write(directory, stem="41-1", requests=a_request(), calls=a_call(), said=events())
    write(directory, stem="42-1", requests=a_request(), calls=a_call(name=1, site=0), said=events(42, other))

    tables = read(directory)

    assert frame(tables.statements)["shape"].n_unique() == 1
    assert frame(tables.shapes)["text"].to_list() == ["SELECT ? FROM orders"]
    assert frame(tables.traces)["trace"].n_unique() == 2
    assert frame(tables.traces)["pid"].to_list() == [41, 42]
    assert frame(tables.statements)["call_site"].to_list() == ["shop.py:41 in order", ""]


def test_half_a_record_at_the_end_is_left_out_with_a_caveat(directory: RunDirectory) -> None:
    write(directory, requests=a_request() + a_request(sequence=2)[:40], calls=a_call() + b"\0", said=events())

    tables = read(directory)

    assert frame(tables.traces).height == 1
    assert frame(tables.statements).height == 1
    assert "end in the middle of a record" in tables.caveats[0].text


def test_ids_that_were_never_named_read_as_nothing(directory: RunDirectory) -> None:
    huge = 0xFFFFFFFF
    write(directory, requests=a_request(route=huge, step=huge), calls=a_call(name=huge, site=4000), said=events())

    tables = read(directory)

    assert frame(tables.traces)["route"].to_list() == [""]
    assert frame(tables.statements)["call_site"].to_list() == [""]


def test_hostile_events_cost_a_caveat_and_nothing_else(directory: RunDirectory) -> None:
    hostile = (
        b'\xff\xfe\xfd\n{"kind": "name", "id": 999999999999, "text": "x"}\n{"kind": "name", "id": -4, "text": "x"}\n'
        b'{"kind": "name", "id": "7", "text": "x"}\n{"kind": "label"}\n{"kind": "plan", "shape": [1], "plan": 3}\n'
        b'{"kind": "blocker", "started": "now", "wall": null, "stack": 4}\n' + b"x" * 9_000_000 + b"\n" + b'{"kind": "na'
    )
    write(directory, requests=a_request(), said=events() + hostile)

    tables = read(directory)

    assert frame(tables.traces)["route"].to_list() == ["/orders/{id}"]
    assert [caveat.text for caveat in tables.caveats] == [
        "2 lines of the probe's event files cannot be read; what they named is missing"
    ]


def test_a_kind_of_call_that_is_not_known_is_called_so(directory: RunDirectory) -> None:
    write(directory, requests=a_request(), calls=a_call(kind=200), said=events())

    assert frame(read(directory).waits)["kind"].to_list() == ["unknown"]


def test_plans_blockers_labels_and_faults_are_read_from_events(directory: RunDirectory) -> None:
    said = events(
        41,
        NAMES,
        {"kind": "plan", "shape": 4, "engine": "sqlite", "plan": ["SCAN orders", "USE TEMP B-TREE"], "tables": {"orders": 20000}},
        {"kind": "blocker", "route": 2, "method": 1, "step": 0, "started": at(7), "wall": 80_000_000, "stack": ["main (a.py:1)"]},
        {"kind": "lag", "started": at(8), "wall": 60_000_000},
        {"kind": "label", "id": 17, "route": 2, "method": 1, "step": 3},
        {"kind": "label", "id": 18, "route": 0, "method": 1, "step": 3},
        {"kind": "fault", "where": "hooks.x", "why": "KeyError"},
        {"kind": "hook", "name": "sqlite3", "state": "installed", "version": "3.40"},
        {"kind": "server", "name": "gunicorn", "version": "27.0.1"},
        {"kind": "framework", "name": "Flask", "version": "3.1.3"},
    )
    write(directory, requests=a_request(), calls=a_call(), said=said)

    tables = read(directory)

    plans, blockers = frame(tables.plans), frame(tables.blockers)
    assert plans.schema == PLANS
    assert blockers.schema == BLOCKERS
    assert plans.row(0)[1:] == ("sqlite", "SCAN orders\nUSE TEMP B-TREE", '{"orders": 20000}')
    assert plans["shape"].to_list() == frame(tables.shapes)["shape"].to_list()
    assert blockers["endpoint"].to_list() == ["GET /orders/{id}", ""]
    assert blockers["phase"].to_list() == ["measure", "measure"]
    assert blockers["stack"].to_list() == [["main (a.py:1)"], []]
    assert tables.labels == {(41, 17): "GET /orders/{id}", (41, 18): "browse"}
    assert tables.faults == ("hooks.x: KeyError",)
    assert tables.frameworks == {"gunicorn", "flask", "sqlite3"}
    assert tables.servers == (
        {"pid": 41, "ppid": 40, "server": "gunicorn 27.0.1", "framework": "Flask 3.1.3", "python": "3.11.7"},
    )


def test_no_statements_are_clean_only_when_every_hook_is_in_place(directory: RunDirectory) -> None:
    failed = {"kind": "hook", "name": "sqlalchemy", "state": "failed", "version": "9.0", "why": "no Engine"}
    no_profiler = {"kind": "hook", "name": "pyinstrument", "state": "unsupported", "why": "pip install it"}

    write(directory, requests=a_request(), said=events(41, NAMES, no_profiler))
    seeing = read(directory).statements
    write(directory, requests=a_request(), said=events(41, NAMES, failed))
    blind = read(directory).statements

    assert frame(seeing).height == 0
    assert isinstance(blind, Missing)
    assert "sqlalchemy failed: no Engine" in blind.why


def test_a_directory_without_files_is_missing_and_says_so(directory: RunDirectory) -> None:
    tables = read(directory)

    assert why(tables.traces) == "the probe wrote nothing"
    assert why(tables.blockers) == "the probe wrote nothing"


def test_a_process_that_saw_no_request_is_missing_too(directory: RunDirectory) -> None:
    write(directory, said=events())

    assert why(read(directory).traces) == "the probe was in the target but saw no request"


def test_another_format_is_refused(directory: RunDirectory) -> None:
    write(directory, said=b'{"kind": "started", "format": 99, "pid": 41}\n')

    with pytest.raises(EvidenceError, match="format 99"):
        read(directory)


def test_without_plans_the_reason_depends_on_the_profile_phase(directory: RunDirectory) -> None:
    write(directory, requests=a_request(), calls=a_call(), said=events())
    measured = read(directory).plans
    write(directory, requests=a_request(started=at(12)), calls=a_call(started=at(12)), said=events())
    profiled = read(directory).plans

    assert why(measured) == "plans are taken in the profile phase, and no statement ran in one"
    assert why(profiled) == "the driver of these statements cannot be asked for plans by the probe"
