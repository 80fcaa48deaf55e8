"""Raw samples on disk: one fixed record per request, appended while the load runs, read back into a table.

The generator writes three files that share the worker's number as their stem:

    <worker>.samples     records of LAYOUT, one per request, in the order in which they ended
    <worker>.names       one JSON object per line: {"id": 7, "text": "GET /orders"}; 0 is "none"
    <worker>.responses   one JSON object per line: a row of evidence.RESPONSES

A name is on disk before the first record that refers to it, and a reader ignores a cut-off last record,
so that a killed run can be read up to its last flush.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from perfkit.errors import EvidenceError
from perfkit.evidence import RunDirectory
from perfkit.schemas import RESPONSES, SAMPLES

# (field, struct code, numpy type); times are seconds of CLOCK_MONOTONIC, NaN when they never came.
LAYOUT: Final = (
    ("id", "Q", "<u8"),
    ("virtual_user", "I", "<u4"),
    ("flow", "I", "<u4"),
    ("step", "I", "<u4"),
    ("endpoint", "I", "<u4"),
    ("phase", "I", "<u4"),
    ("error", "I", "<u4"),
    ("status", "H", "<u2"),
    ("named", "B", "<u1"),
    ("reconnect", "B", "<u1"),
    ("bytes", "q", "<i8"),
    ("intended_at", "d", "<f8"),
    ("sent_at", "d", "<f8"),
    ("first_byte_at", "d", "<f8"),
    ("finished_at", "d", "<f8"),
    ("connect_time", "d", "<f8"),
)
RECORD: Final = struct.Struct("<" + "".join(code for _, code, _ in LAYOUT))
_DTYPE: Final = np.dtype([(name, kind) for name, _, kind in LAYOUT])
_NAMED_FIELDS: Final = ("flow", "step", "endpoint", "phase", "error")
_TIMES: Final = ("intended_at", "sent_at", "first_byte_at", "finished_at")


@dataclass(frozen=True, slots=True)
class Sample:
    """One request as the client saw it."""

    id: int
    virtual_user: int
    flow: str
    step: str
    endpoint: str
    named: bool
    phase: str
    intended_at: float
    sent_at: float
    first_byte_at: float
    finished_at: float
    connect_time: float
    reconnect: bool
    status: int
    bytes: int
    error: str  # "" when there is none


class Recorder:
    """Appends samples; holds them until flush(), which the generator calls several times a second."""

    def __init__(self, directory: Path, worker: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._samples = (directory / f"{worker}.samples").open("ab")
        self._names = (directory / f"{worker}.names").open("ab")
        self._responses = directory / f"{worker}.responses"
        self._ids: dict[str, int] = {"": 0}
        self._pending = bytearray()
        self._pending_names: list[str] = []

    def record(self, sample: Sample) -> None:
        name = self._name
        self._pending += RECORD.pack(
            sample.id,
            sample.virtual_user,
            name(sample.flow),
            name(sample.step),
            name(sample.endpoint),
            name(sample.phase),
            name(sample.error),
            sample.status,
            sample.named,
            sample.reconnect,
            sample.bytes,
            sample.intended_at,
            sample.sent_at,
            sample.first_byte_at,
            sample.finished_at,
            sample.connect_time,
        )

    def response(self, row: Mapping[str, object]) -> None:
        with self._responses.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def flush(self) -> None:
        if self._pending_names:
            self._names.write("".join(self._pending_names).encode())
            self._names.flush()
            self._pending_names.clear()
        if self._pending:
            self._samples.write(self._pending)
            self._samples.flush()
            self._pending.clear()

    def close(self) -> None:
        self.flush()
        self._names.close()
        self._samples.close()

    def _name(self, text: str) -> int:
        known = self._ids.get(text)
        if known is not None:
            return known
        number = self._ids[text] = len(self._ids)
        self._pending_names.append(json.dumps({"id": number, "text": text}) + "\n")
        return number


def read(directory: RunDirectory, epoch: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Samples and responses of all workers; times become seconds since `epoch`."""
    samples = [_read_samples(path, epoch) for path in sorted(directory.samples.glob("*.samples"))]
    responses = [_read_lines(path) for path in sorted(directory.samples.glob("*.responses"))]
    rows = [row for lines in responses for row in lines]
    return (
        pl.concat([SAMPLES.to_frame(), *samples]).sort("finished_at", maintain_order=True),
        pl.DataFrame(rows, schema=RESPONSES),
    )


def _read_samples(path: Path, epoch: float) -> pl.DataFrame:
    content = path.read_bytes()
    whole = len(content) // RECORD.size
    records: np.ndarray[Any, Any] = np.frombuffer(content[: whole * RECORD.size], dtype=_DTYPE)
    names = _read_names(path.with_suffix(".names"))
    columns: dict[str, pl.Series] = {name: pl.Series(name, np.ascontiguousarray(records[name])) for name in _DTYPE.names or ()}
    for field in _NAMED_FIELDS:
        if whole and int(records[field].max()) >= len(names):
            raise EvidenceError(f"{path} refers to names that {path.stem}.names does not hold", hint="Run the scenario again.")
        columns[field] = names.gather(columns[field]).alias(field)
    for field in _TIMES:
        columns[field] = columns[field] - epoch
    columns["worker"] = pl.repeat(int(path.stem), whole, dtype=pl.UInt16, eager=True)
    return pl.DataFrame([columns[name].cast(kind).alias(name) for name, kind in SAMPLES.items()])


def _read_names(path: Path) -> pl.Series:
    texts: list[str | None] = [None, *(entry["text"] for entry in _read_lines(path))]
    return pl.Series("names", texts, dtype=pl.String)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines; a line without its end was cut off when the generator was killed."""
    if not path.exists():
        return []
    *lines, _cut_off = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]
