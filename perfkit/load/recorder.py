"""Raw samples on disk: one fixed record per request, appended while the load runs, read back into a table.

A generator process writes three files that share the worker's number as their stem:

    <worker>.samples     records of LAYOUT, one per request, in the order in which they ended
    <worker>.names       one JSON object per line: {"id": 7, "text": "GET /orders"}; 0 is "none"
    <worker>.responses   one JSON object per line: a row of evidence.RESPONSES

(seconds.py writes <worker>.health and <worker>.counts beside them, clockfile.py <worker>.clock.)

A name is on disk before the first record that refers to it, and a reader ignores a cut-off last record,
so that a killed run can be read up to its last flush.

Two threads share a recorder without a lock: one only appends to pages, the other only empties them.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from perfkit.errors import EvidenceError, LoadError
from perfkit.evidence import RunDirectory
from perfkit.load import clockfile
from perfkit.load.exchange import ERRORS, Exchange, Origin
from perfkit.schemas import RESPONSES, SAMPLES

# (field, struct code, numpy type); times are seconds of CLOCK_MONOTONIC, NaN when they never came.
ORIGIN: Final = (
    ("flow", "I", "<u4"),
    ("step", "I", "<u4"),
    ("endpoint", "I", "<u4"),
    ("phase", "I", "<u4"),
    ("named", "B", "<u1"),
)
LAYOUT: Final = (
    ("id", "Q", "<u8"),
    ("virtual_user", "I", "<u4"),
    *ORIGIN,
    ("error", "B", "<u1"),  # index of exchange.ERRORS
    ("reconnect", "B", "<u1"),
    ("status", "H", "<u2"),
    ("bytes", "q", "<i8"),
    ("intended_at", "d", "<f8"),
    ("sent_at", "d", "<f8"),
    ("first_byte_at", "d", "<f8"),
    ("finished_at", "d", "<f8"),
    ("connect_time", "d", "<f8"),
    ("tls_time", "d", "<f8"),
    ("lag", "d", "<f8"),  # of an open arrival: from when it could have left until it did; else NaN
)
RECORD: Final = struct.Struct("<" + "".join(code for _, code, _ in LAYOUT))
DTYPE: Final = np.dtype([(name, kind) for name, _, kind in LAYOUT])
_ORIGIN: Final = struct.Struct("<" + "".join(code for _, code, _ in ORIGIN))
# The same record, its origin put together once per step and phase.
_pack_into: Final = struct.Struct(f"<QI{_ORIGIN.size}sBBHqddddddd").pack_into
_PAGE: Final = 4096  # records
_PAGE_SIZE: Final = _PAGE * RECORD.size
_SIZE: Final = RECORD.size
_NAMED_FIELDS: Final = ("flow", "step", "endpoint", "phase")
_TIMES: Final = ("intended_at", "sent_at", "first_byte_at", "finished_at")
_ERROR: Final[Mapping[str, int]] = {error: index for index, error in enumerate(ERRORS)}
_ERROR_NAMES: Final = pl.Series("errors", [None, *ERRORS[1:]], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request as the client saw it, written out in full."""

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
    tls_time: float = 0.0
    lag: float = math.nan


class _Page:
    """Room for records, filled from its beginning; `next` is set when it is full for good."""

    __slots__ = ("buffer", "filled", "next")

    def __init__(self) -> None:
        self.buffer = bytearray(_PAGE_SIZE)
        self.filled = 0
        self.next: _Page | None = None


class Recorder:
    """Takes samples at any rate; they are in memory until the next flush()."""

    def __init__(self, directory: Path, worker: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{worker}.samples"
        self._samples = self._path.open("ab", buffering=0)
        self._names = (directory / f"{worker}.names").open("ab", buffering=0)
        self._responses = directory / f"{worker}.responses"
        self.names: list[str] = [""]  # by id
        self._ids: dict[str, int] = {"": 0}
        self._named = 1  # of the names, how many are on disk
        self._page = _Page()  # being filled
        self._emptied = self._page  # being emptied
        self._taken = 0  # bytes of it
        self._failure: LoadError | None = None
        self.rows = 0  # on disk

    def beside(self, suffix: str) -> Path:
        """Another file of this worker."""
        return self._responses.with_suffix(suffix)

    # For the one who appends

    def origin(self, request: Origin, phase: str) -> bytes:
        """The part of a record that is the same for every request of a step in a phase."""
        name = self._name
        return _ORIGIN.pack(name(request.flow), name(request.step), name(request.endpoint), name(phase), request.named)

    def enter(self, exchange: Exchange, origin: bytes) -> None:
        """One request, as fast as it can be written down."""
        page = self._page
        filled = page.filled
        if filled == _PAGE_SIZE:
            page = self._turn()
            filled = 0
        sent_at = exchange.sent_at
        _pack_into(
            page.buffer,
            filled,
            exchange.id,
            exchange.user,
            origin,
            _ERROR[exchange.error],
            exchange.reconnect,
            exchange.status,
            exchange.size,
            exchange.intended_at,
            sent_at,
            exchange.first_byte_at,
            exchange.finished_at,
            exchange.connect_time,
            exchange.tls_time,
            sent_at - exchange.ready_at if exchange.is_opening else math.nan,
        )
        page.filled = filled + _SIZE

    def record(self, sample: Sample) -> None:
        """A sample that did not come from an exchange."""
        name = self._name
        if self._page.filled == _PAGE_SIZE:
            self._turn()
        fields = {
            field: name(getattr(sample, field)) if field in _NAMED_FIELDS else getattr(sample, field) for field, *_ in LAYOUT
        }
        fields["error"] = _ERROR[sample.error]
        RECORD.pack_into(self._page.buffer, self._page.filled, *fields.values())
        self._page.filled += _SIZE

    # For the one who empties

    def flush(self) -> list[bytes]:
        """Puts on disk what has come since the last time; returns it, in whole records of DTYPE.

        Raises LoadError when the disk takes no more, and from then on: after half a record nothing could be read.
        """
        if self._failure is not None:
            raise self._failure
        pieces: list[bytes] = []
        while True:
            page = self._emptied
            follower = page.next  # looked at before `filled`: with a next page, this one is filled for good
            filled = page.filled
            if filled > self._taken:
                pieces.append(bytes(memoryview(page.buffer)[self._taken : filled]))
            self._taken = filled
            if follower is None:
                break
            self._emptied = follower
            self._taken = 0
        try:
            self._write_names()
            for piece in pieces:
                _write(self._samples, piece)
        except OSError as error:
            self._failure = unwritten(self._path, error)
            raise self._failure from error
        self.rows += sum(map(len, pieces)) // _SIZE
        return pieces

    def response(self, row: Mapping[str, object]) -> None:
        try:
            with self._responses.open("a") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise unwritten(self._responses, error) from error

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._names.close()
            self._samples.close()

    def _turn(self) -> _Page:
        page = _Page()
        self._page.next = page  # only now: what it follows is full
        self._page = page
        return page

    def _write_names(self) -> None:
        known = len(self.names)
        new = [json.dumps({"id": number, "text": self.names[number]}) + "\n" for number in range(self._named, known)]
        if new:
            _write(self._names, "".join(new).encode())
        self._named = known

    def _name(self, text: str) -> int:
        known = self._ids.get(text)
        if known is not None:
            return known
        number = self._ids[text] = len(self.names)
        self.names.append(text)
        return number


def _write(file: FileIO, content: bytes) -> None:
    """Without a buffer: what a failed write would leave in one would be written later, after what must not be there."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def unwritten(path: Path, error: OSError) -> LoadError:
    return LoadError(
        f"samples cannot be written to {path}: {error.strerror}", hint="Make room there, or give another folder with --out."
    )


def read(directory: RunDirectory, epoch: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Samples and responses of all workers; times become seconds since `epoch`."""
    samples = [_read_samples(path, epoch + clockfile.offset(path)) for path in sorted(directory.samples.glob("*.samples"))]
    responses = [read_lines(path) for path in sorted(directory.samples.glob("*.responses"))]
    rows = [row for lines in responses for row in lines]
    return (
        pl.concat([SAMPLES.to_frame(), *samples]).sort("finished_at", maintain_order=True),
        pl.DataFrame(rows, schema=RESPONSES),
    )


def records_of(path: Path) -> "np.ndarray[Any, Any]":
    """The whole records of a file; none without one."""
    content = path.read_bytes() if path.exists() else b""
    return np.frombuffer(content[: len(content) // RECORD.size * RECORD.size], dtype=DTYPE)


def _read_samples(path: Path, epoch: float) -> pl.DataFrame:
    records = records_of(path)
    whole = len(records)
    names = _read_names(path.with_suffix(".names"))
    columns: dict[str, pl.Series] = {name: pl.Series(name, np.ascontiguousarray(records[name])) for name in DTYPE.names or ()}
    for field in _NAMED_FIELDS:
        if whole and int(records[field].max()) >= len(names):
            raise EvidenceError(f"{path} refers to names that {path.stem}.names does not hold", hint="Run the scenario again.")
        columns[field] = names.gather(columns[field]).alias(field)
    columns["error"] = _ERROR_NAMES.gather(columns["error"]).alias("error")
    for field in _TIMES:
        columns[field] = columns[field] - epoch
    columns["worker"] = pl.repeat(int(path.stem), whole, dtype=pl.UInt16, eager=True)
    return pl.DataFrame([columns[name].cast(kind).alias(name) for name, kind in SAMPLES.items()])


def _read_names(path: Path) -> pl.Series:
    texts: list[str | None] = [None, *(entry["text"] for entry in read_lines(path))]
    return pl.Series("names", texts, dtype=pl.String)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines; a line without its end was cut off when the generator was killed."""
    if not path.exists():
        return []
    *lines, _cut_off = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]
