"""Whose processor time it was."""

from pathlib import Path

import pytest

from perfkit.collectors import host, rows
from perfkit.collectors.host import Ticks, Usage
from perfkit.evidence import Missing
from perfkit.schemas import HOST

PERFKIT, SUPERVISOR, MASTER, WORKER, GENERATOR, RECORDER, SPY = range(10, 17)


def test_every_process_counts_for_its_role_and_ended_children_for_their_parent() -> None:
    usage = {
        1: Usage(0, "init", 100.0, 200.0),
        PERFKIT: Usage(1, "perfkit", 1.0, 50.0),
        SUPERVISOR: Usage(PERFKIT, "python", 0.1, 0.1),
        MASTER: Usage(SUPERVISOR, "gunicorn", 0.5, 4.5),
        WORKER: Usage(MASTER, "gunicorn", 3.0, 3.0),
        GENERATOR: Usage(PERFKIT, "python", 2.0, 2.0),
        RECORDER: Usage(PERFKIT, "python", 0.1, 0.1),
        SPY: Usage(RECORDER, "py-spy", 0.7, 0.7),
    }

    cpu = host.by_role(usage, SUPERVISOR, GENERATOR, own=PERFKIT)

    assert cpu == {"target_cpu": pytest.approx(7.6), "generator_cpu": 2.0, "profiler_cpu": 0.7, "perfkit_cpu": 1.0}


def test_the_cpu_of_a_target_that_perfkit_did_not_start_is_unknown() -> None:
    assert host.by_role({}, None, None, own=PERFKIT)["target_cpu"] is None


def test_a_process_name_with_spaces_and_brackets_is_read() -> None:
    usage = host.parse("41 (a) b (c) S 7 1 1 0 -1 0 0 0 0 0 100 50 20 30 20 0 1 0 5 0 0")

    assert usage.parent == 7
    assert usage.own == pytest.approx(150 * host.TICK)
    assert usage.with_ended == pytest.approx(200 * host.TICK)


def test_shares_are_of_the_time_since_the_last_look() -> None:
    machine = host.Machine(Ticks(idle=100, steal=10, total=200))

    assert machine.shares(Ticks(idle=150, steal=20, total=300)) == {"busy": pytest.approx(0.5), "steal": pytest.approx(0.1)}


def test_the_processes_of_this_machine_can_be_read() -> None:
    assert host.processes(Path("/proc"))[1].parent == 0


def test_rows_survive_a_cut_off_last_line(tmp_path: Path) -> None:
    path = tmp_path / "host.jsonl"
    row = dict.fromkeys(HOST.names(), 1.0)
    rows.append(path, [row, row | {"target_cpu": None}])
    with path.open("a") as file:
        file.write('{"at": 3.0, "target')

    table = rows.read(path, HOST, "no reason")

    assert not isinstance(table, Missing)
    assert table.schema == HOST
    assert table["target_cpu"].to_list() == [1.0, None]


def test_a_file_that_was_never_written_is_missing(tmp_path: Path) -> None:
    table = rows.read(tmp_path / "host.jsonl", HOST, "the machine was not sampled")

    assert isinstance(table, Missing)
    assert table.why == "the machine was not sampled"
