"""What one generator process says of its load: a few numbers five times a second, and all of them at its end."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from perfkit.evidence import GeneratorHealth
from perfkit.load.exchange import ERRORS
from perfkit.stats.histogram import Histogram

Written: TypeAlias = Mapping[str, Any]  # as it travels: texts, numbers and bytes

_COUNT: Final = np.dtype("<i8")


@dataclass(frozen=True, slots=True)
class Cell:
    """Requests of one endpoint that ended in one second with one outcome: their response times."""

    second: int  # of the monotonic clock
    endpoint: str
    error: int  # index of exchange.ERRORS
    times: Histogram
    bytes: int = 0  # of the answers' bodies


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the measure phase, so far."""

    offered: int = 0
    sent: int = 0
    dropped: int = 0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """What has come since the beat before."""

    cells: tuple[Cell, ...]
    users: int
    counts: Counts
    at: float = 0.0  # what had ended by then is in it: CLOCK_MONOTONIC

    def write(self) -> Written:
        cells = [[cell.second, cell.endpoint, cell.error, write_histogram(cell.times), cell.bytes] for cell in self.cells]
        return {"cells": cells, "users": self.users, "counts": asdict(self.counts), "at": self.at}

    @classmethod
    def read(cls, written: Written, offset: int = 0) -> "Beat":
        """`offset`: whole seconds that the worker's clock is ahead."""
        cells = tuple(
            Cell(int(second) - offset, str(endpoint), _error(error), read_histogram(times), int(size))
            for second, endpoint, error, times, size in written["cells"]
        )
        return cls(cells, int(written["users"]), Counts(**written["counts"]), float(written["at"]) - offset)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The last word of a worker; its samples are on disk, or with the master."""

    health: GeneratorHealth
    lags: Histogram
    rows: int  # requests on record, of all phases
    capped_at: float | None = None  # when guard.max_duration ended it, by the worker's clock

    def write(self) -> Written:
        lags = write_histogram(self.lags)
        return {"health": asdict(self.health), "lags": lags, "rows": self.rows, "capped_at": self.capped_at}

    @classmethod
    def read(cls, written: Written) -> "Conclusion":
        health, lags = GeneratorHealth.read(written["health"]), read_histogram(written["lags"])
        return cls(health, lags, int(written["rows"]), written["capped_at"])


def write_histogram(histogram: Histogram) -> Written:
    buckets, counts = histogram.buckets.astype(_COUNT).tobytes(), histogram.counts.astype(_COUNT).tobytes()
    return {"buckets": buckets, "counts": counts, "maximum": histogram.maximum}


def read_histogram(written: Written) -> Histogram:
    histogram = Histogram()
    histogram.buckets = np.frombuffer(written["buckets"], _COUNT).astype(np.int64)
    histogram.counts = np.frombuffer(written["counts"], _COUNT).astype(np.int64)
    histogram.maximum = float(written["maximum"])
    return histogram


def _error(value: Any) -> int:
    number = int(value)
    if not 0 <= number < len(ERRORS):
        raise ValueError(f"{number} is no error")
    return number
