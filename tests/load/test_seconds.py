"""The generator's account of its seconds and its ledger, read back as tables."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perfkit.evidence import Missing, RunDirectory, Table
from perfkit.load.recorder import Recorder, Sample
from perfkit.load.seconds import HEALTH, LEDGER, read, read_counts
from tests.builders import a_second

EPOCH = 1000.0


def an_arrival(number: int, sent_at: float, lag: float) -> Sample:
    return Sample(
        id=number, virtual_user=1, flow="browse", step="browse[1]", endpoint="GET /", named=False, phase="measure",
        intended_at=sent_at - max(lag, 0.0), sent_at=sent_at, first_byte_at=math.nan, finished_at=sent_at + 5.0, connect_time=0.0,
        reconnect=False, status=200, bytes=2, error="", lag=lag,
    )  # fmt: skip


def a_worker(directory: RunDirectory, *samples: Sample, worker: int = 0, seconds: tuple[dict[str, Any], ...] = ()) -> Recorder:
    recorder = Recorder(directory.samples, worker)
    for sample in samples:
        recorder.record(sample)
    recorder.close()
    recorder.beside(HEALTH).write_text("".join(json.dumps(row) + "\n" for row in seconds))
    return recorder


def why(table: Table) -> str:
    return table.why if isinstance(table, Missing) else ""


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def test_lateness_stands_in_the_second_in_which_a_request_left(directory: RunDirectory) -> None:
    left = [an_arrival(number, EPOCH + 0.1 + number / 100, 0.001) for number in range(9)]
    seconds = (a_second(EPOCH + 1.0), a_second(EPOCH + 2.0))

    a_worker(directory, *left, an_arrival(9, EPOCH + 0.9, 0.5), an_arrival(10, EPOCH + 1.5, 0.002), seconds=seconds)

    table = read(directory, EPOCH)
    assert isinstance(table, pl.DataFrame)
    assert table["at"].to_list() == [1.0, 2.0]
    assert table["lag_p50"].to_list() == pytest.approx([0.001, 0.002])
    assert table["lag_p90"].to_list() == pytest.approx([0.001, 0.002])
    assert table["lag_max"].to_list() == pytest.approx([0.5, 0.002])


def test_closed_load_has_no_lateness_and_an_early_send_is_none(directory: RunDirectory) -> None:
    sent = [an_arrival(1, EPOCH + 0.5, math.nan), an_arrival(2, EPOCH + 1.5, -0.001)]

    a_worker(directory, *sent, seconds=(a_second(EPOCH + 1.0), a_second(EPOCH + 2.0)))

    table = read(directory, EPOCH)
    assert isinstance(table, pl.DataFrame)
    assert table["lag_max"].to_list() == [None, 0.0]


def test_every_worker_has_its_own_rows(directory: RunDirectory) -> None:
    for worker in (0, 1):
        a_worker(directory, an_arrival(1, EPOCH + 0.5, 0.01 * worker), worker=worker, seconds=(a_second(EPOCH + 1.0),))

    table = read(directory, EPOCH)

    assert isinstance(table, pl.DataFrame)
    assert table.select("worker", "lag_max").rows() == [(0, 0.0), (1, pytest.approx(0.01))]


def test_a_row_that_was_cut_off_is_left_out(directory: RunDirectory) -> None:
    recorder = a_worker(directory, seconds=(a_second(EPOCH + 1.0),))
    with recorder.beside(HEALTH).open("a") as file:
        file.write('{"at": 1002.0, "wor')

    table = read(directory, EPOCH)

    assert isinstance(table, pl.DataFrame)
    assert table.height == 1


def test_without_a_row_it_is_missing(directory: RunDirectory) -> None:
    assert why(read(directory, EPOCH)) == "the generator wrote nothing about itself"
    assert why(read_counts(directory)) == "no generator ran"


def test_the_ledgers_of_all_workers_are_read(directory: RunDirectory) -> None:
    for worker in (0, 1):
        recorder = a_worker(directory, worker=worker)
        recorder.beside(LEDGER).write_text('{"phase": "measure", "sent": 7, "unsent": 1, "dropped": 2}\n')

    counts = read_counts(directory)

    assert isinstance(counts, pl.DataFrame)
    assert counts.rows() == [(0, "measure", 7, 1, 2), (1, "measure", 7, 1, 2)]


def test_a_worker_that_was_killed_has_no_ledger_and_is_named(directory: RunDirectory) -> None:
    a_worker(directory, worker=0).beside(LEDGER).write_text('{"phase": "measure", "sent": 7, "unsent": 1, "dropped": 2}\n')
    a_worker(directory, worker=1)

    assert why(read_counts(directory)) == "generator process 1 ended before it had counted up"
