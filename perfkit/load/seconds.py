"""The generator second by second: what it says of itself while it runs, and its ledger at the end.

    <worker>.health   one JSON object per line and second
    <worker>.counts   one JSON object per phase, when everything has come to its outcome

How late requests left is not in the first: it is read from the samples, so that it stands in the second in which they left.
"""

import json
import time
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from perfkit.evidence import Missing, RunDirectory, Table
from perfkit.load import clockfile, sockets
from perfkit.load.pauses import Pauses
from perfkit.load.plane.ledger import Ledger
from perfkit.load.plane.plane import Plane
from perfkit.load.recorder import Recorder, read_lines, records_of, unwritten
from perfkit.schemas import COUNTS, GENERATOR

HEALTH: Final = ".health"
LEDGER: Final = ".counts"
BEATS: Final = 5  # to a second
_TOTALS: Final = ("sent", "finished", "dropped", "reconnects")


class Seconds:
    """Looks at the plane at each beat of the control side and writes a row each second; reads only what is there anyway.

    Raises LoadError when the disk takes no more, and writes nothing from then on: after half a row nothing could be read.
    """

    def __init__(self, recorder: Recorder, plane: Plane, ledger: Ledger, port: int) -> None:
        # Open from the beginning: one of the things to be written down is that no more files can be opened.
        self._file = recorder.beside(HEALTH).open("ab", buffering=0)
        self._counts = recorder.beside(LEDGER)
        self._plane = plane
        self._ledger = ledger
        self._beats = 0
        self._finished = 0
        self._reconnects = 0
        self._is_full = False
        self._port = port
        self._ports_limit = sockets.port_range()
        self._pauses = Pauses()
        self._last_at = time.monotonic()
        self._last_cpu = time.process_time()
        self._last = dict.fromkeys(_TOTALS, 0)
        self._in_flight = 0
        self._backlog = 0

    def begin(self) -> None:
        self._pauses.begin()

    def took(self, rows: "np.ndarray[Any, Any]") -> None:
        """Records that have come in."""
        self._finished += len(rows)
        self._reconnects += int(np.count_nonzero(rows["reconnect"]))

    def beat(self) -> None:
        self._in_flight = max(self._in_flight, self._plane.users)
        self._backlog = max(self._backlog, self._plane.backlog)
        self._beats += 1
        if self._beats % BEATS == 0:
            self._write_row()

    def close(self) -> None:
        """Everything has come to its outcome."""
        self._pauses.end()
        self._write_row()
        lines = [
            {"phase": phase, "sent": count.sent, "unsent": count.unsent, "dropped": count.dropped}
            for phase, count in self._ledger.counts.items()
        ]
        self._file.close()
        if not self._is_full:
            with self._counts.open("ab", buffering=0) as file:
                self._write(file, "".join(json.dumps(line) + "\n" for line in lines))

    def _write_row(self) -> None:
        self._write(self._file, json.dumps(self._row()) + "\n")
        self._in_flight = self._backlog = 0

    def _write(self, file: FileIO, text: str) -> None:
        if self._is_full:
            return
        left = memoryview(text.encode())
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            self._is_full = True
            raise unwritten(Path(file.name), error) from error

    def _row(self) -> dict[str, Any]:
        # First, because it may wait for the kernel: what follows is then of one moment.
        files = sockets.open_files()
        ports = sockets.ports_taken(self._port, files, self._ports_limit)
        now, cpu = time.monotonic(), time.process_time()
        span, used = now - self._last_at, cpu - self._last_cpu
        middle = now - span / 2
        self._last_at, self._last_cpu = now, cpu
        collections = self._pauses.take()
        return {
            "at": now,
            "phase": self._ledger.phases.at(middle) if self._ledger.phases.current else None,
            "span": span,
            **self._since_last(),
            **_quantiles("loop", self._plane.pulse.take(), (50, 90)),
            "cpu": used / span if span > 0 else 0.0,
            "gc_time": sum(collections),
            "gc_max": max(collections, default=0.0),
            "files": files,
            "files_limit": sockets.files_limit(),
            "ports": ports,
            "ports_limit": self._ports_limit,
            "in_flight": self._in_flight,
            "in_flight_limit": self._plane.limit,
            "backlog": self._backlog,
        }

    def _since_last(self) -> dict[str, int]:
        counts = list(self._ledger.counts.values())
        totals = {
            "sent": sum(count.sent for count in counts),
            "finished": self._finished,
            "dropped": sum(count.dropped for count in counts),
            "reconnects": self._reconnects,
        }
        last, self._last = self._last, totals
        return {name: totals[name] - last[name] for name in _TOTALS}


def read(directory: RunDirectory, epoch: float) -> Table:
    """The seconds of all workers; Missing when none of them wrote one."""
    rows = [
        row | _lags(row, sent_at, lag) | {"worker": int(path.stem), "at": row["at"] - epoch - clockfile.offset(path)}
        for path in sorted(directory.samples.glob(f"*{HEALTH}"))
        for sent_at, lag in [_arrivals(path.with_suffix(".samples"))]
        for row in read_lines(path)
    ]
    return pl.DataFrame(rows, schema=GENERATOR) if rows else Missing("the generator wrote nothing about itself")


def read_counts(directory: RunDirectory) -> Table:
    """The ledgers of all workers; Missing when one was killed before it could write its own."""
    workers = [path.stem for path in sorted(directory.samples.glob("*.samples"))]
    without = [worker for worker in workers if not (directory.samples / f"{worker}{LEDGER}").exists()]
    if not workers:
        return Missing("no generator ran")
    if without:
        return Missing(f"generator process {', '.join(without)} ended before it had counted up")
    rows = [row | {"worker": int(path.stem)} for path in sorted(directory.samples.glob(f"*{LEDGER}")) for row in read_lines(path)]
    return pl.DataFrame(rows, schema=COUNTS)


def _arrivals(path: Path) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """When the open arrivals of a worker left, in order, and how late."""
    records = records_of(path)
    open_ones = records[~np.isnan(records["lag"])]
    order = np.argsort(open_ones["sent_at"], kind="stable")
    return np.ascontiguousarray(open_ones["sent_at"][order]), np.maximum(open_ones["lag"][order], 0.0)


def _lags(row: dict[str, Any], sent_at: "np.ndarray[Any, Any]", lag: "np.ndarray[Any, Any]") -> dict[str, float | None]:
    first, last = np.searchsorted(sent_at, (row["at"] - row["span"], row["at"]))
    return _quantiles("lag", lag[first:last], (50, 90, 99))


def _quantiles(name: str, values: "Sequence[float] | np.ndarray[Any, Any]", of: tuple[int, ...]) -> dict[str, float | None]:
    """By column name; the last column is the largest."""
    columns = [*(f"{name}_p{percent}" for percent in of), f"{name}_max"]
    if not len(values):
        return dict.fromkeys(columns)
    found = np.percentile(values, (*of, 100), method="inverted_cdf")
    return dict(zip(columns, map(float, found), strict=True))
